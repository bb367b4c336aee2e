// Codes of the program in plain words.

export const conclusions = {
  HERITAGE_CONFIRMED: "Heritage hypothesis confirmed",
  SIZE_CONFOUND_DETECTED: "Size confound detected",
  INCONCLUSIVE: "Inconclusive"
};

export const pairVerdicts = {
  A_CONFIRMED: "A: collapse confirmed",
  B_PARTIAL: "B: partial",
  C_REFUTED: "C: collapse refuted"
};

/** "torch.bfloat16" -> "bfloat16" */
export const plainType = (name) => (name ?? "").replace(/^torch\./, "") || null;

/** "20260113_181926" -> "2026-01-13 18:19:26" */
export function readableTime(stamp) {
  const parts = /^(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)$/.exec(stamp ?? "");
  return parts ? `${parts[1]}-${parts[2]}-${parts[3]} ${parts[4]}:${parts[5]}:${parts[6]}` : stamp ?? "";
}

/** A sentence of the program with a capital, a full stop and the signs of print. */
export function sentence(text) {
  const trimmed = text.trim().replace(/\+\/?-/g, "±").replace(/(^|[\s(])-(?=\d)/g, "$1−");
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? "" : ".");
}

export const listOf = (words) => words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
