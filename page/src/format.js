// Numbers as the reader sees them. A value that is not there is a dash, never a zero.

export const missing = "–";

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** With a true minus sign: 0.329, −0.05 */
export function fixed(value, digits) {
  if (!isNumber(value)) return missing;
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** Three significant digits where fixed ones would show nothing: 0.00438, 1.2e−7 */
export function significant(value, digits = 3) {
  if (!isNumber(value)) return missing;
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size < 1e-4 || size >= 1e7 ? value.toExponential(digits - 1) : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

/** The same with its last zeros, for columns: 0.00300 */
export function digits(value, n = 3) {
  if (!isNumber(value) || value === 0) return significant(value, n);
  const size = Math.abs(value);
  return (size < 1e-4 || size >= 1e7 ? value.toExponential(n - 1) : value.toPrecision(n)).replaceAll("-", "−");
}

/** An index: four digits, as in the console. */
export const index = (value) => fixed(value, 4);

export const interval = (bounds, format = index) => bounds ? `${format(bounds[0])} to ${format(bounds[1])}` : missing;

/** p of `shuffles`: never below what so many can give. */
export function probability(null_) {
  if (!null_ || !isNumber(null_.p)) return missing;
  const isLeast = isNumber(null_.least_p) && null_.p <= null_.least_p;
  return (isLeast ? "≤ " : "") + digits(null_.p, 2);
}

export const signed = (value, format) => isNumber(value) && value > 0 ? `+${format(value)}` : format(value);

export function bytes(value) {
  if (!isNumber(value)) return missing;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}

/** 545600 -> "545,600" */
export const count = (value) => isNumber(value) ? value.toLocaleString("en-US") : missing;

export const seconds = (value) => isNumber(value) ? `${significant(value, 3)} s` : missing;
