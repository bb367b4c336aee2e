// What the index depends on, with one thing changed at a time, and what heads give that have learnt nothing.
import * as Plot from "@observablehq/plot";
import {chartFrame} from "../chart/frame.js";
import {plotSvg, shortened, textWidth, withLegend} from "../chart/plot.js";
import {colours} from "../chart/theme.js";
import {metricInfo, unpack} from "../data.js";
import {element, foldable, section, table} from "../dom.js";
import {index, missing, signed} from "../format.js";
import {breadth, mean} from "../model/numbers.js";

const many = ["without layer", "without prompt"];
const rowHeight = 26;

/** Lines of the chart: every alternative of its own, those with one layer or prompt left out together. */
function linesOf(rows) {
  const single = rows.filter((row) => !many.includes(row.kind)).map((row) => ({label: row.label, kind: row.kind, points: [row]}));
  const together = many.map((kind) => ({label: `${kind.replace("without", "without one")}, each in turn`, kind, points: rows.filter((row) => row.kind === kind)}));
  return [...single, ...together.filter((line) => line.points.length > 0)];
}

function draw(rows, width, how) {
  const palette = colours(how);
  const lines = linesOf(rows);
  const points = lines.flatMap((line, at) => line.points.filter((row) => row.si !== null).map((row) => ({...row, at, isMany: many.includes(row.kind)})));
  const measured = rows.find((row) => row.kind === "measured")?.si ?? null;
  const values = points.map((row) => row.si);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.06 * breadth(low, high);
  const isNarrow = width < 560;
  const height = isNarrow ? rowHeight + 14 : rowHeight;
  const labelWidth = isNarrow ? 0 : 12 + Math.max(...lines.map((line) => textWidth(line.label)));
  const shift = isNarrow ? 8 : 0;
  const ticks = Math.max(3, Math.floor((width - labelWidth) / 110));
  const svg = plotSvg({
    width, height: lines.length * height + 48, marginLeft: labelWidth + 8, marginRight: 16, marginTop: 4, marginBottom: 44,
    x: {domain: [low - room, high + room], label: "Specialization Index", labelAnchor: "center", labelArrow: "none", labelOffset: 38, tickSize: 0, ticks},
    y: {domain: [-0.5, lines.length - 0.5], reverse: true, axis: null},
    marks: [
      Plot.gridX({stroke: palette.grid, strokeOpacity: 1, ticks}),
      ...measured === null ? [] : [Plot.ruleX([measured], {stroke: palette.warm, strokeWidth: 1.5, strokeDasharray: "5 3"})],
      Plot.link(points.filter((row) => row.isMany), {x1: "si", x2: "si", y1: (row) => row.at - 0.28, y2: (row) => row.at + 0.28, dy: shift, stroke: palette.mark, strokeWidth: 1.5, className: "each"}),
      Plot.dot(points.filter((row) => !row.isMany), {x: "si", y: "at", dy: shift, r: 4.5, fill: (row) => row.kind === "measured" ? palette.warm : palette.mark, stroke: palette.surface, className: "value"}),
      isNarrow ? Plot.text(lines, {frameAnchor: "left", y: (_, i) => i, dy: -8, text: (line) => shortened(line.label, width - 20), textAnchor: "start"})
        : Plot.text(lines, {frameAnchor: "left", y: (_, i) => i, dx: -10, text: "label", textAnchor: "end"}),
      ...how.forExport ? [] : [Plot.tip(points, Plot.pointer({x: "si", y: "at", title: (row) => `${row.kind}: ${row.label}\nSI ${index(row.si)}${measured === null ? "" : ` (${signed(row.si - measured, index)})`}${row.note ? `\n${row.note}` : ""}`, fill: palette.surface, stroke: palette.line, fontSize: 12, lineWidth: 40}))]
    ],
    color: {type: "identity"}, r: {type: "identity"}
  }, how);
  return withLegend(svg, [
    {kind: "line", label: "as measured", colour: palette.warm, dash: "5 3"}, {kind: "dot", label: "one thing changed", colour: palette.mark}
  ], how);
}

function sensitivityChart(model, rows) {
  const lines = linesOf(rows);
  const without = rows.filter((row) => row.si === null).length;
  return chartFrame({
    id: `${model.id}-sensitivity`, title: `What the index depends on: ${model.display}`, height: lines.length * rowHeight + 90,
    note: `SI with one thing changed at a time. In the last rows every stroke is one layer or one prompt left out.${without ? ` ${without} of ${rows.length} have no index: see the table.` : ""}`,
    csv: () => ({name: `${model.id}-sensitivity`, columns: ["kind", "label", "si", "note"], rows: rows.map((row) => [row.kind, row.label, row.si, row.note])}),
    draw: (width, how) => draw(rows, width, how)
  });
}

function sensitivityTable(rows) {
  const measured = rows.find((row) => row.kind === "measured")?.si ?? null;
  return table({label: "Sensitivity of the index", rows, columns: [
    {title: "Changed", rowHeader: true, value: (row) => row.kind},
    {title: "To", value: (row) => row.label},
    {title: "SI", numeric: true, value: (row) => index(row.si)},
    {title: "Less the measured", numeric: true, value: (row) => row.si === null || measured === null ? missing : signed(row.si - measured, index)},
    {title: "Note", isWords: true, value: (row) => row.note ?? ""}
  ]});
}

function baselinesTable(model, baselines) {
  const {uniform_head: uniform, random_weights: random, no_random_weights: why} = baselines;
  const meanOf = (key) => {
    const found = model.metrics.find((metric) => metric.key === key);
    return found ? mean(found.mean) : null;
  };
  const untrained = random ? mean(unpack(random.head_entropies).values) : null;
  const rows = [{title: "Specialization Index", model: model.si, uniform: null, random: random?.si ?? null},
    ...Object.entries(uniform).map(([key, value]) => ({title: metricInfo[key]?.title ?? key, unit: metricInfo[key]?.unit, model: meanOf(key), uniform: value, random: key === "received_entropy" ? untrained : null}))];
  return [table({label: `Baselines of ${model.display}`, rows, caption: "Mean over all heads, beside heads that have learnt nothing", columns: [
    {title: "Quantity", rowHeader: true, value: (row) => row.unit && row.unit !== "0 to 1" ? `${row.title} (${row.unit})` : row.title},
    {title: "Model", numeric: true, value: (row) => index(row.model)},
    {title: "Uniform head", numeric: true, value: (row) => index(row.uniform)},
    {title: "Random weights", numeric: true, value: (row) => index(row.random)}
  ]}), element("p", {class: "note"}, "Uniform head: attends evenly to all it sees, in closed form. ",
    random ? `Random weights: this architecture as transformers initialises it (range ${random.initializer_range}, seed ${random.seed}), never trained.` : `No random weights: ${why}.`)];
}

/** @returns {HTMLElement | null} nothing unless sensitivity or baselines were measured */
export function sensitivitySection(report) {
  const measured = report.models.filter((model) => model.raw.sensitivity || model.raw.baselines);
  if (measured.length === 0) return null;
  const hasRows = measured.some((model) => model.raw.sensitivity), hasBaselines = measured.some((model) => model.raw.baselines);
  const title = hasRows && hasBaselines ? "Sensitivity and baselines" : hasRows ? "Sensitivity" : "Baselines";
  return section({id: "sensitivity", title}, measured.flatMap((model) => [
    ...model.raw.sensitivity ? [sensitivityChart(model, model.raw.sensitivity), foldable({summary: "All values as a table"}, sensitivityTable(model.raw.sensitivity))] : [],
    ...model.raw.baselines ? [element("h3", {}, `Baselines: ${model.display}`), ...baselinesTable(model, model.raw.baselines)] : []
  ]));
}
