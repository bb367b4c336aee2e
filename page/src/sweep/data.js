// The cells of a sweep, as the program put them into the page: one list for each column.
import {metricInfo} from "../data.js";

const info = {
  si: {title: "Specialization Index", description: "1 − the mean correlation of the heads' entropy profiles over depth."},
  depth_share: {title: "Depth share", description: "1 − between layers / total variance of the entropies: the twin of SI that sees no head's index."},
  entropy: {...metricInfo.received_entropy, title: "Received entropy, mean"}
};

export const shortName = (name) => name.replace(/\/+$/, "").split("/").pop();

/** "70426624" -> "70.4M" */
export function parametersText(parameters) {
  const [value, unit] = parameters >= 1e9 ? [parameters / 1e9, "B"] : parameters >= 1e6 ? [parameters / 1e6, "M"] : [parameters / 1e3, "K"];
  return `${Number(value.toPrecision(3))}${unit}`;
}

const ends = (lists, i) => lists[1][i] === null || lists[2][i] === null ? null : [lists[1][i], lists[2][i]];

function rowsOf({cells, values, null: null_}) {
  return cells.id.map((id, i) => {
    const row = {index: i, id};
    for (const [name, column] of Object.entries(cells)) row[name] = column[i];
    row.nullBand = null_[0][i] === null ? null : [null_[0][i], null_[1][i]];
    row.p = null_[2][i];
    row.value = (quantity) => values[quantity][0][i];
    row.interval = (quantity) => ends(values[quantity], i);
    row.name = shortName(row.model) + (row.revision ? `@${row.revision}` : "");
    return row;
  });
}

/** What tells each curve from those of its size: the parts in which the sweep's curves differ. */
function labelsOf(curves) {
  const differs = (key) => new Set(curves.map((curve) => curve[key] ?? "")).size > 1;
  const modelsOfSize = new Map();
  for (const {parameters, model} of curves) modelsOfSize.set(parameters, (modelsOfSize.get(parameters) ?? new Set()).add(model));
  const showsModel = [...modelsOfSize.values()].some((models) => models.size > 1);
  const shown = ["dtype", "prompts", "variant"].filter(differs);
  return curves.map((curve) => [...showsModel ? [shortName(curve.model)] : [], ...shown.map((key) => shortName(curve[key] ?? ""))].filter(Boolean).join(", "));
}

/** Whether curves run over training steps, over size, or stand by name. */
function axisOf(curves, rows) {
  if (curves.some((curve) => new Set(curve.rows.map((row) => rows[row].step).filter((step) => step !== null)).size > 1)) return "step";
  return new Set(curves.map(({parameters}) => parameters).filter((parameters) => parameters > 0)).size > 2 ? "size" : "name";
}

/**
 * @returns {{rows: object[], curves: {label: string, style: number, size: string, points: object[]}[], axis: "step" | "size" | "name",
 *   quantities: {key: string, title: string, unit: string, description: string}[], leftOut: number}} `points` are rows with a place
 */
export function readSweep(sweep) {
  const rows = rowsOf(sweep);
  const axis = axisOf(sweep.curves, rows);
  const labels = labelsOf(sweep.curves);
  const styles = [...new Set(labels)];
  const place = {step: (row) => row.step, size: (row) => row.parameters > 0 ? row.parameters : null, name: () => 0}[axis];
  const curves = sweep.curves.map((curve, i) => ({
    label: labels[i], style: styles.indexOf(labels[i]), name: curve.name,
    size: curve.parameters > 0 ? parametersText(curve.parameters) : "size unknown",
    points: curve.rows.map((row) => rows[row]).filter((row) => place(row) !== null)
  }));
  const quantities = Object.keys(sweep.values).map((key) =>
    ({key, title: key, unit: "", description: "", ...metricInfo[key], ...info[key]}));
  const leftOut = sweep.curves.reduce((sum, curve, i) => sum + curve.rows.length - curves[i].points.length, 0);
  return {...sweep, rows, axis, curves: curves.filter(({points}) => points.length > 0), styles, quantities, leftOut};
}
