// Made-up sweeps as the program puts them into the page: plain formulas, nothing measured.

const around = (value, reach) => [value, value - reach, value + reach];

/** @param {{models: {name: string, parameters: number}[], steps: (number | null)[]}} plan without steps: `[null]` */
export function syntheticSweep({models, steps, dtypes = ["float32"]}) {
  const cells = Object.fromEntries(["model", "size", "revision", "step", "dtype", "prompts", "variant", "status", "error", "id", "folder",
    "repeat", "parameters", "layers", "heads"].map((name) => [name, []]));
  const values = Object.fromEntries(["si", "depth_share", "entropy", "sink_mass", "induction"].map((name) => [name, [[], [], []]]));
  const null_ = [[], [], []];
  const curves = [];
  for (const {name, parameters} of models) for (const dtype of dtypes) {
    const curve = {name: `${name} ${dtype}`, model: name, dtype, prompts: "Standard-10 v3", variant: null, parameters, rows: []};
    for (const step of steps) {
      const i = cells.id.length;
      const learnt = step === null ? 0.5 : Math.log10(1 + step) / 6;
      curve.rows.push(i);
      const row = {model: name, size: `${parameters / 1e6}M`, revision: step === null ? "main" : `step${step}`, step, dtype, prompts: "Standard-10 v3",
        variant: null, status: "measured", error: null, id: String(i).padStart(16, "0"), folder: `models/${name.replace("/", "--")}@${step}-${i}`,
        repeat: false, parameters, layers: 6, heads: 8};
      for (const [key, value] of Object.entries(row)) cells[key].push(value);
      const numbers = {si: around(0.95 - 0.4 * learnt, 0.03), depth_share: around(0.9 - learnt / 2, 0.02), entropy: around(0.9 - learnt / 3, 0.01),
        sink_mass: around(learnt, 0.01), induction: [learnt / 10, null, null]};
      for (const [key, [value, low, high]] of Object.entries(numbers)) [value, low, high].forEach((number, k) => values[key][k].push(number));
      [0.93, 1.02, learnt > 0.1 ? 0.001 : 0.5].forEach((number, k) => null_[k].push(number));
    }
    curves.push(curve);
  }
  return {format: 1, kind: "sweep", sweep: {experiment: "Made up over training", purpose: "To see what curves look like", timestamp: "20260101_120000",
    headspec_version: "0.1.0", readings: ["SI falls from 0.95 to 0.55"], notes: ["step512 and main are one commit"], curves, cells, values, null: null_}};
}

/** A cell without a result. */
export function lose(report, i, error = null) {
  const {cells, values, null: null_, curves} = report.sweep;
  cells.folder[i] = null;
  cells.status[i] = error === null ? "missing" : "failed";
  cells.error[i] = error;
  for (const name of ["parameters", "layers", "heads", "size"]) cells[name][i] = null;
  for (const lists of [...Object.values(values), null_]) for (const list of lists) list[i] = null;
  for (const curve of curves) curve.rows = curve.rows.filter((row) => row !== i);
}
