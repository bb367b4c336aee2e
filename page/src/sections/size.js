// Index against size, with the line the program fitted on log2 of the size.
import * as Plot from "@observablehq/plot";
import {chartFrame} from "../chart/frame.js";
import {plotSvg, textWidth, withLegend} from "../chart/plot.js";
import {colours} from "../chart/theme.js";
import {index, interval, significant, signed} from "../format.js";
import {breadth} from "../model/numbers.js";
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
  const room = 0.05 * breadth(low, high);
  return [low - room, high + room];
}

/** Where a name may stand, best first: beside its point, or beyond the ends of its interval. */
const places = {
  right: {textAnchor: "start", box: ({x, middle, length}) => ({left: x + 8, right: x + 12 + length, top: middle - 7, bottom: middle + 7})},
  left: {textAnchor: "end", box: ({x, middle, length}) => ({left: x - 12 - length, right: x - 8, top: middle - 7, bottom: middle + 7})},
  above: {textAnchor: "middle", box: ({x, top, length}) => ({left: x - length / 2, right: x + length / 2, top: top - 18, bottom: top - 4})},
  below: {textAnchor: "middle", box: ({x, bottom, length}) => ({left: x - length / 2, right: x + length / 2, top: bottom + 4, bottom: bottom + 18})}
};

/** Small boxes that cover a straight line. */
function alongLine([[x1, y1], [x2, y2]]) {
  const count = Math.ceil(Math.hypot(x2 - x1, y2 - y1) / 6);
  return Array.from({length: count + 1}, (_, i) => [x1 + (x2 - x1) * i / count, y1 + (y2 - y1) * i / count])
    .map(([x, y]) => ({left: x - 3, right: x + 3, top: y - 3, bottom: y + 3}));
}

/** Names with their place. One that would touch a point, an interval, another name, the target's line or the trend is left to the tooltip. */
function labelled(rows, {xOf, yOf, width, height, target, line}) {
  const marks = rows.map((row) => {
    const [low, high] = [Math.min(row.si, row.interval?.[0] ?? Infinity), Math.max(row.si, row.interval?.[1] ?? -Infinity)];
    return {x: xOf(row), middle: yOf(row.si), top: yOf(high) - 6, bottom: yOf(low) + 6, length: textWidth(row.name)};
  });
  const taken = marks.map(({x, top, bottom}) => ({left: x - 6, right: x + 6, top, bottom}));
  if (target) taken.push({left: 0, right: width, top: yOf(target.target) - 2, bottom: yOf(target.target) + 2});
  if (line.length === 2) taken.push(...alongLine(line.map((end) => [xOf(end), yOf(end.si)])));
  const isFree = (box) => box.left >= 0 && box.right <= width && box.top >= -20 && box.bottom <= height
    && !taken.some((other) => other.top < box.bottom && box.top < other.bottom && other.left < box.right && box.left < other.right);
  return rows.flatMap((row, i) => {
    const place = Object.keys(places).find((name) => isFree(places[name].box(marks[i])));
    if (!place) return [];
    const box = places[place].box(marks[i]);
    taken.push(box);
    return [{...row, place, dy: (box.top + box.bottom) / 2 - marks[i].middle, dx: {right: 10, left: -10}[place] ?? 0}];
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
  const yOf = (si) => (height - 68) * (1 - (si - yDomain[0]) / (yDomain[1] - yDomain[0]));
  const labels = labelled(rows, {xOf, yOf, width: width - 68, height: height - 68, target, line: fitted});
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
      ...labels.map((row) => Plot.text([row], {x: "sizeB", y: "si", text: "name", fill: palette.muted, className: "name",
        textAnchor: places[row.place].textAnchor, dx: row.dx, dy: row.dy})),
      ...how.forExport ? [] : [Plot.tip(rows, Plot.pointer({x: "sizeB", y: "si", title: tipText, fill: palette.surface, stroke: palette.line, fontSize: 12, lineWidth: 40}))]
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
