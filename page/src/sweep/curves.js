// A quantity of every point: over training steps with a panel for each size, over size, or by name.
import * as Plot from "@observablehq/plot";
import {chartFrame} from "../chart/frame.js";
import {plotSvg, shortened, textWidth, withLegend} from "../chart/plot.js";
import {colours} from "../chart/theme.js";
import {element} from "../dom.js";
import {interval, significant} from "../format.js";
import {stepAxis, wantsLog} from "./axis.js";
import {parametersText} from "./data.js";

const mostBands = 3; // curves of one panel whose bands are shaded: more would hide one another
const mostDots = 400; // in all; a line shows more
const mostNames = 200;

const number = (value) => significant(value, 4);

/** Every point of the curves with what is drawn of it. */
function marksOf(sweep, quantity) {
  return sweep.curves.flatMap((curve) => curve.points.flatMap((row) => {
    const value = row.value(quantity);
    return value === null ? [] : [{row, curve, value, interval: row.interval(quantity), nullBand: quantity === "si" ? row.nullBand : null}];
  }));
}

function tipText({row, curve, value, interval: bounds, nullBand}, title) {
  return [row.name, [row.size ? `${row.size} parameters` : null, curve.label].filter(Boolean).join(" · "), `${title} ${number(value)}`,
    bounds && `95 % interval over prompts ${interval(bounds, number)}`,
    nullBand && `shuffled heads ${interval(nullBand, number)}, p = ${significant(row.p, 2)}`].filter(Boolean).join("\n");
}

function rangeOf(marks) {
  let low = Infinity, high = -Infinity;
  for (const {value, interval: bounds, nullBand} of marks) {
    for (const end of [value, ...bounds ?? [], ...nullBand ?? []]) {
      low = Math.min(low, end);
      high = Math.max(high, end);
    }
  }
  const room = Math.max(0.05 * (high - low), 1e-3 * Math.max(Math.abs(high), 1e-3));
  return [low - room, high + room];
}

function legendOf(sweep, {palette, colourOf, hasBands, marks, isConnected, isNamed = false}) {
  const hasIntervals = hasBands && marks.some((mark) => mark.interval);
  const curves = !isNamed && sweep.styles.length > 1 && sweep.styles.length <= palette.series.length
    ? sweep.styles.map((label, style) => ({kind: isConnected ? "line" : "dot", label: label || "others", colour: colourOf({style})})) : [];
  return [...curves,
    ...hasIntervals ? [{kind: "interval", label: "95 % interval over prompts", colour: colourOf({style: 0})}] : [],
    ...hasBands && marks.some((mark) => mark.nullBand) ? [{kind: "area", label: "SI of heads shuffled within layers, middle 95 %", colour: palette.band}] : []];
}

/** Panels by size with the curves of each; without steps one panel. */
function panelsOf(sweep, marks) {
  const sizes = sweep.axis === "step" ? [...new Set(marks.map(({curve}) => curve.size))] : [""];
  const panelOf = (mark) => sweep.axis === "step" ? sizes.indexOf(mark.curve.size) : 0;
  const curves = sizes.map(() => new Set());
  for (const mark of marks) curves[panelOf(mark)].add(mark.curve);
  return {sizes, panelOf, most: Math.max(...curves.map((found) => found.size))};
}

function drawPlaces(sweep, {quantity, title, isLog}, width, how) {
  const palette = colours(how);
  const marks = marksOf(sweep, quantity);
  if (marks.length === 0) return plotSvg({width, height: 60, axis: null, marks: [Plot.text(["No point has a value of this."], {frameAnchor: "middle"})]}, how);
  const isConnected = sweep.axis === "step";
  const {sizes, panelOf, most} = panelsOf(sweep, marks);
  const columns = Math.min(sizes.length, width < 480 ? 1 : width < 820 ? 2 : 3);
  const rows = Math.ceil(sizes.length / columns);
  const panelWidth = (width - 66) / columns;
  const steps = marks.map(({row}) => isConnected ? row.step : row.parameters);
  const axis = stepAxis(steps, isConnected ? isLog : true, Math.max(2, Math.floor(panelWidth / 52)));
  const tickText = isConnected ? axis.tickText : (place) => parametersText(10 ** place);
  const x = (mark) => axis.place(isConnected ? mark.row.step : mark.row.parameters);
  const joined = marks.filter(({row}) => isConnected && !axis.isApart(row.step));
  const alone = marks.filter(({row}) => !isConnected || axis.isApart(row.step));
  const hasBands = most <= mostBands || !isConnected;
  const colourOf = ({style}) => sweep.styles.length <= palette.series.length ? palette.series[style] : palette.mark;
  const facets = {fx: (mark) => panelOf(mark) % columns, fy: (mark) => Math.floor(panelOf(mark) / columns)};
  const colour = (mark) => colourOf(mark.curve);
  const curve = (mark) => mark.curve.name;
  const titles = sizes.flatMap((size, i) => size ? [{text: `${size} parameters`, fx: i % columns, fy: Math.floor(i / columns)}] : []);
  const panelHeight = sizes.length === 1 ? Math.min(380, Math.max(260, width * 0.45)) : 210;
  const beside = 0.006 * (axis.domain[1] - axis.domain[0]);
  const domain = rangeOf(hasBands ? marks : marks.map(({value}) => ({value})));
  const svg = plotSvg({
    width, height: rows * panelHeight + 40, marginLeft: 58, marginRight: 8, marginTop: 30, marginBottom: 40,
    x: {domain: axis.domain, label: isConnected ? (axis.breakAt === null ? "Training step" : "Training step (0 stands apart)") : "Parameters (log scale)",
      labelAnchor: "center", labelArrow: "none", labelOffset: 36, tickSize: 3, ticks: axis.ticks ?? Math.max(2, Math.floor(panelWidth / 70)), tickFormat: tickText},
    y: {domain, label: null, tickSize: 0, ticks: 5, nice: false},
    fx: {axis: null, padding: 0.06, domain: Array.from({length: columns}, (_, i) => i)},
    fy: {axis: null, padding: 0.16, domain: Array.from({length: rows}, (_, i) => i)},
    marks: [
      Plot.gridY({stroke: palette.grid, strokeOpacity: 1, ticks: 5}),
      Plot.text(titles, {fx: "fx", fy: "fy", text: "text", frameAnchor: "top-left", dy: -18, fill: palette.ink, fontWeight: 600}),
      ...hasBands ? [
        Plot.areaY(joined.filter((mark) => mark.nullBand), {...facets, x, y1: (mark) => mark.nullBand[0], y2: (mark) => mark.nullBand[1], z: curve, fill: palette.band, fillOpacity: 0.45, className: "null"}),
        Plot.rect(alone.filter((mark) => mark.nullBand), {...facets, x1: (mark) => x(mark) - beside, x2: (mark) => x(mark) + beside, y1: (mark) => mark.nullBand[0], y2: (mark) => mark.nullBand[1], fill: palette.band, className: "null"}),
        Plot.areaY(joined.filter((mark) => mark.interval), {...facets, x, y1: (mark) => mark.interval[0], y2: (mark) => mark.interval[1], z: curve, fill: colour, fillOpacity: 0.25, className: "interval"}),
        Plot.link(alone.filter((mark) => mark.interval), {...facets, x1: x, x2: x, y1: (mark) => mark.interval[0], y2: (mark) => mark.interval[1], stroke: colour, strokeWidth: 2, className: "interval"})
      ] : [],
      Plot.lineY(joined, {...facets, x, y: "value", z: curve, stroke: colour, strokeWidth: hasBands ? 2 : 1.2, strokeOpacity: hasBands ? 1 : 0.8, className: "curve"}),
      Plot.dot(joined.length <= mostDots ? marks : alone, {...facets, x, y: "value", r: isConnected ? 2.6 : 4, fill: colour, className: "value"}),
      ...axis.breakAt === null ? [] : [Plot.text(sizes.map((_, i) => i), {fx: (i) => i % columns, fy: (i) => Math.floor(i / columns), x: () => axis.breakAt, text: () => "//", frameAnchor: "bottom", dy: 6, fill: palette.muted})],
      ...how.forExport ? [] : [Plot.tip(marks, Plot.pointer({...facets, className: "tip", x, y: "value", title: (mark) => tipText(mark, title), fill: palette.surface, stroke: palette.line, fontSize: 12, lineWidth: 50}))]
    ],
    r: {type: "identity"}, color: {type: "identity"}
  }, how);
  return withLegend(svg, legendOf(sweep, {palette, colourOf, hasBands, marks, isConnected}), how);
}

function drawNames(sweep, {quantity, title}, width, how) {
  const palette = colours(how);
  const marks = marksOf(sweep, quantity).slice(0, mostNames);
  const named = (mark) => mark.row.index;
  const left = Math.min(0.4 * width, 14 + Math.max(...marks.map(({row}) => textWidth(row.name)), 20));
  const svg = plotSvg({
    width, height: 22 * marks.length + 70, marginLeft: left, marginRight: 16, marginTop: 10, marginBottom: 44,
    x: {domain: rangeOf(marks), label: title, labelAnchor: "center", labelArrow: "none", labelOffset: 36, tickSize: 0, ticks: Math.max(3, Math.floor(width / 110))},
    y: {type: "band", domain: marks.map(named), label: null, tickSize: 0, tickFormat: (i) => shortened(sweep.rows[i].name, left - 12)},
    marks: [
      Plot.gridX({stroke: palette.grid, strokeOpacity: 1}),
      Plot.barX(marks.filter((mark) => mark.nullBand), {y: named, x1: (mark) => mark.nullBand[0], x2: (mark) => mark.nullBand[1], fill: palette.band, insetTop: 3, insetBottom: 3, className: "null"}),
      Plot.link(marks.filter((mark) => mark.interval), {y1: named, y2: named, x1: (mark) => mark.interval[0], x2: (mark) => mark.interval[1], stroke: palette.mark, strokeWidth: 2, className: "interval"}),
      Plot.dot(marks, {x: "value", y: named, r: 4.5, fill: palette.mark, className: "value"}),
      ...how.forExport ? [] : [Plot.tip(marks, Plot.pointer({className: "tip", x: "value", y: named, title: (mark) => tipText(mark, title), fill: palette.surface, stroke: palette.line, fontSize: 12, lineWidth: 50}))]
    ],
    r: {type: "identity"}, color: {type: "identity"}
  }, how);
  return withLegend(svg, legendOf(sweep, {palette, colourOf: () => palette.mark, hasBands: true, marks, isConnected: false, isNamed: true}), how);
}

function csvOf(sweep, quantity) {
  const marks = marksOf(sweep, quantity);
  return {name: `curves-${quantity}`, columns: ["model", "revision", "step", "parameters", "curve", quantity, "low_95", "high_95", "null_low", "null_high"],
    rows: marks.map(({row, curve, value, interval: bounds, nullBand}) => [row.model, row.revision, row.step, row.parameters, curve.name, value,
      bounds?.[0], bounds?.[1], nullBand?.[0], nullBand?.[1]])};
}

function noteOf(sweep, {description, unit}) {
  const points = sweep.curves.reduce((sum, {points: found}) => sum + found.length, 0);
  const parts = [description, unit ? `Unit: ${unit}.` : "", `${points} points on ${sweep.curves.length} ${sweep.curves.length === 1 ? "curve" : "curves"}.`];
  if (sweep.leftOut > 0) parts.push(`${sweep.leftOut} more have no ${sweep.axis === "step" ? "step in their revision" : "known size"}: the table has them.`);
  if (sweep.axis === "name" && points > mostNames) parts.push(`The first ${mostNames} are drawn.`);
  parts.push("Intervals are over prompts, of each point alone.");
  return parts.filter(Boolean).join(" ");
}

/** @returns {HTMLElement} */
export function curvesChart(sweep) {
  const steps = sweep.curves.flatMap(({points}) => points.map(({step}) => step)).filter((step) => step !== null);
  const state = {quantity: sweep.quantities[0], isLog: wantsLog(steps)};
  const where = {step: "over training", size: "over size", name: "of every measurement"}[sweep.axis];
  const titleOf = () => `${state.quantity.title} ${where}`;
  const choose = (change) => {
    change();
    chart.retitle(titleOf(), noteOf(sweep, state.quantity));
    chart.redraw();
  };
  const quantity = element("select", {"aria-label": "Quantity", onchange: (event) => choose(() => { state.quantity = sweep.quantities.find(({key}) => key === event.target.value); })},
    sweep.quantities.map(({key, title}) => element("option", {value: key}, title)));
  const scale = element("select", {"aria-label": "Scale of the steps", onchange: (event) => choose(() => { state.isLog = event.target.value === "log"; })},
    element("option", {value: "log", selected: state.isLog}, "logarithmic"), element("option", {value: "linear", selected: !state.isLog}, "linear"));
  const controls = element("div", {class: "controls"}, element("label", {}, "Quantity ", quantity),
    sweep.axis === "step" ? element("label", {}, "Steps ", scale) : null);
  const draw = sweep.axis === "name" ? drawNames : drawPlaces;
  const chart = chartFrame({
    id: "curves-chart", title: titleOf(), note: noteOf(sweep, state.quantity), height: 420, controls,
    csv: () => csvOf(sweep, state.quantity.key),
    draw: (width, how) => draw(sweep, {quantity: state.quantity.key, title: state.quantity.title, isLog: state.isLog}, width, how)
  });
  return chart;
}

