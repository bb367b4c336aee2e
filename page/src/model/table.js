// The rows behind each chart, for "copy as CSV": tidy, one value a line, full precision, empty where not defined.

const number = (value) => (Number.isNaN(value) ? "" : String(value));
const text = (value) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** @param {string[]} header @param {(string | number)[][]} rows */
export function csv(header, rows) {
  const line = (cells) => cells.map((cell) => (typeof cell === "number" ? number(cell) : text(cell))).join(",");
  return [header, ...rows].map(line).join("\n") + "\n";
}

/** layer, head, value of a [layers][heads] table. */
export function cellRows(values, heads) {
  return Array.from(values, (value, i) => [Math.floor(i / heads), i % heads, value]);
}
