// Tokens as their tokenizers store them, made readable: white space and control characters are shown by a sign.

const signs = {" ": "\u2423", "\n": "\u21b5", "\r": "\u240d", "\t": "\u21e5", "\u00a0": "\u237d"};

/** What byte-level vocabularies (GPT-2 and after) write for each byte. */
const byteOf = (() => {
  const table = new Map();
  let extra = 0;
  for (let byte = 0; byte < 256; byte += 1) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    table.set(String.fromCharCode(printable ? byte : 256 + extra++), byte);
  }
  return table;
})();

/** Does a vocabulary write bytes as characters? Its leading space is then a G with a dot. */
export const isByteLevel = (tokens) => tokens.some((token) => token.includes("\u0120") || token.includes("\u010a"));

/**
 * @param {string} token as stored
 * @param {boolean} byteLevel
 */
export function visible(token, byteLevel) {
  return sign((byteLevel ? fromBytes(token) : null) ?? token.replaceAll("\u2581", " ").replace(/^<0x0A>$/, "\n"));
}

// Part of a character's bytes stays as it is: there is nothing better to show.
function fromBytes(token) {
  const bytes = [];
  for (const character of token) {
    if (!byteOf.has(character)) return null;
    bytes.push(byteOf.get(character));
  }
  try {
    return new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(Uint8Array.from(bytes));
  } catch {
    return null;
  }
}

function sign(text) {
  if (text === "") return "\u2205";
  return text
    .replace(/[ \n\r\t\u00a0]/g, (character) => signs[character])
    .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\ufeff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What a role is called in the page; null for text of the prompt. */
export const roleNames = {bos: "start of sequence", template: "chat template", special: "special token"};
