// Small numerics for the views: NaN stands for "not defined" and is left out everywhere.

/** @returns {[number, number] | null} least and largest number of `values`; null if there is none */
export function extent(values) {
  let least = Infinity;
  let largest = -Infinity;
  for (const value of values) {
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  return least <= largest ? [least, largest] : null;
}

export function mean(values) {
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return count ? sum / count : NaN;
}

/** Quantile `q` (0..1) by linear interpolation, as numpy's default, over the numbers of `values`. */
export function quantile(values, q) {
  const sorted = Float64Array.from(values)
    .filter((value) => !Number.isNaN(value))
    .sort();
  if (!sorted.length) return NaN;
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

/** A [layers][heads] table in row-major order: one head's values over depth. */
export function headProfile(values, heads, head) {
  const profile = new Float64Array(values.length / heads);
  for (let layer = 0; layer < profile.length; layer += 1) profile[layer] = values[layer * heads + head];
  return profile;
}

export function layerRow(values, heads, layer) {
  return values.subarray(layer * heads, (layer + 1) * heads);
}

/** The width of an axis: never less than rounding, below which no tick tells two values apart. */
export function breadth(from, to) {
  const size = Math.max(Math.abs(from), Math.abs(to));
  return to - from > 1e-9 * size ? to - from : size || 1;
}

/** Round steps (1, 2 or 5 times a power of ten) that cover [from, to] in about `count` ticks, all inside. */
export function ticks(from, to, count) {
  if (!(to - from > 1e-12 * Math.max(Math.abs(from), Math.abs(to)))) return [from];
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * Math.SQRT2 * power >= rough);
  const found = [];
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i += 1) found.push(Number((i * step).toPrecision(12)));
  return found;
}

/** How to write all of `values` with as few decimals as tell them apart. */
export function tickFormat(values) {
  const decimals = [0, 1, 2, 3, 4, 5, 6].find((d) => values.every((value) => Math.abs(Number(value.toFixed(d)) - value) < 1e-9 * Math.max(1, Math.abs(value))));
  if (decimals === undefined) return short;
  return (value) => value.toFixed(decimals).replace("-", "\u2212");
}

/** Three significant digits, without the trailing zeros of large numbers. */
export function short(value) {
  if (value === null || Number.isNaN(value)) return "not defined";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100) return value.toFixed(0).replace("-", "\u2212");
  if (size >= 10) return value.toFixed(1).replace("-", "\u2212");
  if (size >= 0.001) return value.toFixed(3).replace("-", "\u2212");
  return value.toExponential(1).replace("-", "\u2212");
}
