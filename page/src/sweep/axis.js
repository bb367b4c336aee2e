// The horizontal axis of a sweep's curves: places on the paper, and the numbers below them.

const decade = Math.log10;

export function stepText(step) {
  const [value, unit] = step >= 1e9 ? [step / 1e9, "B"] : step >= 1e6 ? [step / 1e6, "M"] : step >= 1e4 ? [step / 1e3, "k"] : [step, ""];
  return `${Number(value.toPrecision(4))}${unit}`;
}

/** Steps over more than two decades are read on a logarithmic axis. */
export function wantsLog(steps) {
  const positive = steps.filter((step) => step > 0);
  return positive.length > 1 && positive.reduce((a, b) => Math.max(a, b)) > 100 * positive.reduce((a, b) => Math.min(a, b));
}

/**
 * Zero has no place on a logarithmic axis: it stands apart, and no line joins it.
 * @returns {{place(step: number): number, isApart(step: number): boolean, breakAt: number | null, domain: [number, number],
 *   ticks: number[], tickText(place: number): string}}
 */
export function stepAxis(steps, isLog, most) {
  const positive = steps.filter((step) => step > 0);
  const low = positive.reduce((a, b) => Math.min(a, b), Infinity);
  const high = steps.reduce((a, b) => Math.max(a, b), 0);
  if (!isLog || positive.length === 0) {
    const room = 0.03 * (high || 1);
    const first = steps.reduce((a, b) => Math.min(a, b), Infinity);
    return {place: (step) => step, isApart: () => false, breakAt: null, domain: [first - room, high + room], ticks: null, tickText: stepText};
  }
  const span = Math.max(decade(high / low), 0.3);
  const zero = decade(low) - 0.13 * span;
  const hasZero = positive.length < steps.length;
  const powers = [];
  for (let power = Math.ceil(decade(low) - 1e-9); power <= decade(high) + 1e-9; power += 1) powers.push(power);
  const every = Math.max(1, Math.ceil(powers.length / most));
  const ticks = powers.filter((_, i) => i % every === 0);
  return {
    place: (step) => step > 0 ? decade(step) : zero, isApart: (step) => step <= 0, breakAt: hasZero ? decade(low) - 0.065 * span : null,
    domain: [(hasZero ? zero : decade(low)) - 0.04 * span, decade(high) + 0.04 * span],
    ticks: [...hasZero ? [zero] : [], ...ticks], tickText: (place) => place === zero && hasZero ? "0" : stepText(10 ** place)
  };
}
