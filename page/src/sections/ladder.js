// Every model's index on one scale: interval over prompts, the null of shuffled heads, the target.
import * as Plot from "@observablehq/plot";
import {chartFrame} from "../chart/frame.js";
import {plotSvg, shortened, textWidth, withLegend} from "../chart/plot.js";
import {colours} from "../chart/theme.js";
import {index, interval, probability} from "../format.js";

/** One row for each value: models in the order of the ladder, then references. */
export function ladderRows(report) {
  const models = report.models.filter((model) => model.si !== null).map((model) => {
    const null_ = model.raw.statistics?.permutation_null ?? model.raw.permutation_null;
    return {name: model.display, kind: "model", si: model.si, interval: model.interval,
      band: null_?.middle_95 ?? null_?.band_95 ?? null, p: null_, size: model.size, sizeB: model.sizeB};
  });
  const references = report.references.map(({name, si, sizeB}) => ({name, kind: "reference", si, interval: null, band: null, p: null, sizeB}));
  return [...models, ...references];
}

const rowHeight = 40;

function tipText(row) {
  if (row.kind === "reference") return `${row.name} (reference)\nSI ${index(row.si)}`;
  return [row.name, `SI ${index(row.si)}`, row.interval && `95 % interval ${interval(row.interval)}`,
    row.band && `shuffled heads ${interval(row.band)}, p = ${probability(row.p)}`].filter(Boolean).join("\n");
}

function domainOf(rows, target) {
  const values = rows.flatMap((row) => [row.si, ...row.interval ?? [], ...row.band ?? []]);
  if (target) values.push(target.target - target.tolerance, target.target + target.tolerance);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(0.02, 0.04 * (high - low));
  return [low - room, high + room];
}

function draw(rows, target, width, how) {
  const palette = colours(how);
  const isNarrow = width < 560;
  const labelWidth = isNarrow ? 0 : Math.min(220, 16 + Math.max(...rows.map((row) => textWidth(row.name))));
  const y = (row) => rows.indexOf(row);
  const measured = rows.filter((row) => row.kind === "model");
  const shift = isNarrow ? 8 : 0;
  const zone = target ? [
    Plot.rect([target], {x1: target.target - target.tolerance, x2: target.target + target.tolerance, y1: -0.5, y2: rows.length - 0.5, fill: palette.zone}),
    Plot.ruleX([target.target], {stroke: palette.zoneLine, strokeWidth: 1.5})
  ] : [];
  const svg = plotSvg({
    width, height: rows.length * rowHeight + 52, marginLeft: labelWidth + 8, marginRight: 64, marginTop: 4, marginBottom: 44,
    x: {domain: domainOf(rows, target), label: "Specialization Index", labelAnchor: "center", labelArrow: "none", labelOffset: 38, tickSize: 0, ticks: Math.max(3, Math.floor(width / 110))},
    y: {domain: [-0.5, rows.length - 0.5], reverse: true, axis: null},
    marks: [
      Plot.gridX({stroke: palette.grid, strokeOpacity: 1, ticks: Math.max(3, Math.floor(width / 110))}),
      ...zone,
      Plot.ruleY(rows.slice(1), {y: (row) => y(row) - 0.5, stroke: palette.grid}),
      Plot.link(measured.filter((row) => row.band), {x1: (row) => row.band[0], x2: (row) => row.band[1], y1: y, y2: y, dy: shift, stroke: palette.band, strokeWidth: 13, strokeLinecap: "butt", className: "null-band"}),
      Plot.link(measured.filter((row) => row.interval), {x1: (row) => row.interval[0], x2: (row) => row.interval[1], y1: y, y2: y, dy: shift, stroke: palette.mark, strokeWidth: 2, className: "interval"}),
      Plot.dot(rows, {x: "si", y, dy: shift, r: (row) => row.kind === "model" ? 5 : 6, symbol: (row) => row.kind === "model" ? "circle" : "diamond", fill: (row) => row.kind === "model" ? palette.mark : palette.reference, stroke: palette.surface, strokeWidth: 1, className: "value"}),
      isNarrow ? Plot.text(rows, {frameAnchor: "left", y, dy: -9, text: (row) => shortened(row.name, width - 80), textAnchor: "start", fill: palette.ink, stroke: palette.surface, strokeWidth: 3})
        : Plot.text(rows, {frameAnchor: "left", y, dx: -12, text: (row) => shortened(row.name, labelWidth), textAnchor: "end", fill: palette.ink}),
      Plot.text(rows, {frameAnchor: "right", y, dx: 58, dy: shift, text: (row) => index(row.si), textAnchor: "end", fill: palette.ink, fontVariant: "tabular-nums"}),
      ...how.forExport ? [] : [Plot.tip(rows, Plot.pointerY({x: "si", y, title: tipText, fill: palette.surface, stroke: palette.line, fontSize: 12, lineWidth: 40}))]
    ],
    r: {type: "identity"}, symbol: {type: "identity"}, color: {type: "identity"}
  }, how);
  return withLegend(svg, [
    rows.some((row) => row.interval) ? {kind: "interval", label: "measured, 95 % interval over prompts", colour: palette.mark} : {kind: "dot", label: "index", colour: palette.mark},
    ...measured.some((row) => row.band) ? [{kind: "area", label: "middle 95 % of shuffled heads", colour: palette.band}] : [],
    ...target ? [{kind: "area", label: "target zone", colour: palette.zone}] : [],
    ...rows.some((row) => row.kind === "reference") ? [{kind: "diamond", label: "reference", colour: palette.reference}] : []
  ], how);
}

const counted = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;

/** @returns {HTMLElement | null} */
export function ladderChart(report, {id = "ladder-chart", title = "Index of every model"} = {}) {
  const rows = ladderRows(report);
  if (rows.length === 0) return null;
  const target = report.hypothesis;
  const note = [
    `Specialization Index of ${counted(report.models.filter((model) => model.si !== null).length, "model")}${report.references.length ? ` and ${counted(report.references.length, "reference")}, which have no interval` : ""}.`,
    rows.some((row) => row.band) ? "Where a dot lies on its grey bar, heads shuffled within their layers give the same index: it reflects depth, not which head." : null,
    target ? `Target ${target.target} ± ${target.tolerance}.` : null
  ].filter(Boolean).join(" ");
  return chartFrame({
    id, title, note, height: rows.length * rowHeight + 90,
    csv: () => ({name: id, columns: ["name", "kind", "size_b", "si", "low_95", "high_95", "null_low_95", "null_high_95", "p"],
      rows: rows.map((row) => [row.name, row.kind, row.sizeB, row.si, row.interval?.[0], row.interval?.[1], row.band?.[0], row.band?.[1], row.p?.p])}),
    draw: (width, how) => draw(rows, target, width, how)
  });
}
