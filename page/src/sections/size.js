// Index against size, with the line the program fitted on log2 of the size.
import * as Plot from "@observablehq/plot";
import {chartFrame} from "../chart/frame.js";
import {plotSvg, textWidth, withLegend} from "../chart/plot.js";
import {colours} from "../chart/theme.js";
import {index, interval, significant, signed} from "../format.js";
import {ladderRows} from "./ladder.js";

/** "1.3B" of billions */
export function sizeText(billions) {
  const [value, unit] = billions >= 1 ? [billions, "B"] : billions >= 1e-3 ? [billions * 1e3, "M"] : [billions * 1e6, "K"];
  return `${Number(value.toPrecision(2))}${unit}`;
}

/** The line in words, or why there is none. */
export function trendWords(trend) {
  const line = trend?.on_log_size;
  if (!line) return "";
  if (line.reason) return `No trend line: ${line.reason}.`;
  const change = `SI changes by ${signed(line.slope, significant)} for each doubling of size`;
  const certainty = line.slope_95 ? ` (95 % interval ${interval(line.slope_95, significant)}, p = ${significant(line.p, 2)}, n = ${line.n}, r² = ${significant(line.r_squared)})` : ` (n = ${line.n})`;
  return `${change}${certainty}. ${line.n} values cannot show that they lie on a line at all.`;
}

function tipText(row) {
  return [row.name + (row.kind === "reference" ? " (reference)" : ""), `${sizeText(row.sizeB)} parameters`, `SI ${index(row.si)}`,
    row.interval && `95 % interval ${interval(row.interval)}`].filter(Boolean).join("\n");
}

function domainOf(rows, target, line) {
  const values = rows.flatMap((row) => [row.si, ...row.interval ?? []]);
  if (target) values.push(target.target - target.tolerance, target.target + target.tolerance);
  values.push(...line.map((point) => point.si));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low - 0.05 * (high - low || 1), high + 0.05 * (high - low || 1)];
}

/** Names beside the points, to the right or else to the left; one that would touch another or a point is left to the tooltip. */
function labelled(rows, xOf, yOf, width) {
  const placed = rows.map((row) => ({left: xOf(row) - 6, right: xOf(row) + 6, top: yOf(row, Math.max(row.si, row.interval?.[1] ?? -Infinity)) - 6, bottom: yOf(row, Math.min(row.si, row.interval?.[0] ?? Infinity)) + 6}));
  const touches = (box) => placed.some((other) => other.top < box.bottom && box.top < other.bottom && other.left < box.right && box.left < other.right);
  return rows.flatMap((row) => {
    const [x, y, length] = [xOf(row), yOf(row), textWidth(row.name)];
    const height = {top: y - 7, bottom: y + 7};
    const right = {left: x + 8, right: x + 12 + length, ...height}, left = {left: x - 12 - length, right: x - 8, ...height};
    const box = [right, left].find((found) => found.left >= 0 && found.right <= width && !touches(found));
    if (!box) return [];
    placed.push(box);
    return [{...row, isRight: box === right}];
  });
}

function draw(rows, target, trend, width, how) {
  const palette = colours(how);
  const sizes = rows.map((row) => row.sizeB);
  const [small, large] = [Math.min(...sizes), Math.max(...sizes)];
  const room = small === large ? 2 : (large / small) ** 0.08;
  const domain = [small / room, large * room];
  const fitted = trend?.on_log_size?.slope === undefined ? [] : [small, large].map((sizeB) =>
    ({sizeB, si: trend.on_log_size.intercept + trend.on_log_size.slope * Math.log2(sizeB)}));
  const height = Math.min(420, Math.max(280, width * 0.5));
  const margins = {marginLeft: 52, marginRight: 16, marginTop: 20, marginBottom: 48};
  const yDomain = domainOf(rows, target, fitted);
  const xOf = (row) => (width - 68) * Math.log(row.sizeB / domain[0]) / Math.log(domain[1] / domain[0]);
  const yOf = (row, si = row.si) => (height - 68) * (1 - (si - yDomain[0]) / (yDomain[1] - yDomain[0]));
  const labels = labelled(rows, xOf, yOf, width - 68);
  const labelStyle = {x: "sizeB", y: "si", text: "name", fill: palette.muted, className: "name"};
  const measured = rows.filter((row) => row.kind === "model");
  const svg = plotSvg({
    width, height, ...margins,
    x: {type: "log", domain, label: "Parameters (log scale)", labelAnchor: "center", labelArrow: "none", labelOffset: 40, tickSize: 0, ticks: Math.max(2, Math.floor(width / 120)), tickFormat: sizeText},
    y: {domain: yDomain, label: "Specialization Index", labelArrow: "none", labelAnchor: "top", tickSize: 0, ticks: 6},
    marks: [
      Plot.gridY({stroke: palette.grid, strokeOpacity: 1, ticks: 6}),
      ...target ? [Plot.rect([target], {x1: domain[0], x2: domain[1], y1: target.target - target.tolerance, y2: target.target + target.tolerance, fill: palette.zone}),
        Plot.ruleY([target.target], {stroke: palette.zoneLine, strokeWidth: 1.5})] : [],
      Plot.line(fitted, {x: "sizeB", y: "si", stroke: palette.warm, strokeWidth: 1.5, strokeDasharray: "6 4", className: "trend"}),
      Plot.link(measured.filter((row) => row.interval), {x1: "sizeB", x2: "sizeB", y1: (row) => row.interval[0], y2: (row) => row.interval[1], stroke: palette.mark, strokeWidth: 2, className: "interval"}),
      Plot.dot(rows, {x: "sizeB", y: "si", r: (row) => row.kind === "model" ? 5 : 6, symbol: (row) => row.kind === "model" ? "circle" : "diamond", fill: (row) => row.kind === "model" ? palette.mark : palette.reference, stroke: palette.surface, strokeWidth: 1, className: "value"}),
      Plot.text(labels.filter((row) => row.isRight), {...labelStyle, textAnchor: "start", dx: 11}),
      Plot.text(labels.filter((row) => !row.isRight), {...labelStyle, textAnchor: "end", dx: -11}),
      ...how.forExport ? [] : [Plot.tip(rows, Plot.pointer({x: "sizeB", y: "si", title: tipText, fill: palette.surface, stroke: palette.line, fontSize: 12}))]
    ],
    r: {type: "identity"}, symbol: {type: "identity"}, color: {type: "identity"}
  }, how);
  return withLegend(svg, [
    {kind: "interval", label: "measured, 95 % interval over prompts", colour: palette.mark},
    ...rows.some((row) => row.kind === "reference") ? [{kind: "diamond", label: "reference", colour: palette.reference}] : [],
    ...target ? [{kind: "area", label: "target zone", colour: palette.zone}] : [],
    ...fitted.length ? [{kind: "line", label: "line fitted on log size", colour: palette.warm, dash: "6 4"}] : []
  ], how);
}

/** @returns {HTMLElement | null} nothing where fewer than two sizes are known */
export function sizeChart(report) {
  const rows = ladderRows(report).filter((row) => row.sizeB > 0);
  if (new Set(rows.map((row) => row.sizeB)).size < 2) return null;
  const trend = report.results?.trend;
  return chartFrame({
    id: "size-chart", title: "Index against size", note: trendWords(trend), height: 400,
    csv: () => ({name: "size-chart", columns: ["name", "kind", "size_b", "si", "low_95", "high_95"],
      rows: rows.map((row) => [row.name, row.kind, row.sizeB, row.si, row.interval?.[0], row.interval?.[1]])}),
    draw: (width, how) => draw(rows, report.hypothesis, trend, width, how)
  });
}
