// Base against tuned: the differences with their intervals and nulls, the variances of both, and where the heads differ.
import * as Plot from "@observablehq/plot";
import {chartFrame} from "../chart/frame.js";
import {plotSvg, withLegend} from "../chart/plot.js";
import {colours} from "../chart/theme.js";
import {element, section, table} from "../dom.js";
import {digits, interval, missing, probability, signed} from "../format.js";
import {colourScale, symmetric} from "../model/colours.js";
import {headMapChart} from "../model/headmap.js";
import {overviewChart} from "../model/overview.js";
import {breadth, extent} from "../model/numbers.js";
import {createSelection} from "../model/selection.js";
import {differences} from "./differences.js";
import {ladderChart} from "./ladder.js";

const stripHeight = 76;

/** One difference on its own scale, with zero on it. */
function strip(row, width, how) {
  const palette = colours(how);
  const band = row.null_?.band_95;
  const values = [0, row.value, ...row.interval ?? [], ...band ?? []];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = 0.06 * breadth(low, high);
  const ticks = Math.max(3, Math.floor(width / 130));
  return plotSvg({
    width, height: stripHeight, marginLeft: 24, marginRight: 24, marginTop: 26, marginBottom: 22,
    x: {domain: [low - room, high + room], label: null, tickSize: 0, ticks},
    y: {domain: [-1, 1], axis: null},
    marks: [
      Plot.gridX({stroke: palette.grid, strokeOpacity: 1, ticks}),
      Plot.ruleX([0], {stroke: palette.muted, strokeWidth: 1}),
      ...band ? [Plot.link([row], {x1: () => band[0], x2: () => band[1], y1: 0, y2: 0, stroke: palette.band, strokeWidth: 13, strokeLinecap: "butt", className: "null-band"})] : [],
      ...row.interval ? [Plot.link([row], {x1: () => row.interval[0], x2: () => row.interval[1], y1: 0, y2: 0, stroke: palette.mark, strokeWidth: 2, className: "interval"})] : [],
      Plot.dot([row], {x: "value", y: 0, r: 5, fill: palette.mark, stroke: palette.surface, className: "value"}),
      Plot.text([`${row.name}  ${signed(row.value, digits)}`], {frameAnchor: "top-left", dx: -24, dy: -24, textAnchor: "start", fill: palette.ink, fontWeight: 500})
    ]
  }, how);
}

function stacked(drawings, width) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const gap = 14, height = drawings.length * (stripHeight + gap) - gap;
  drawings.forEach((drawing, i) => drawing.setAttribute("y", i * (stripHeight + gap)));
  for (const [key, value] of Object.entries({width, height, viewBox: `0 0 ${width} ${height}`})) svg.setAttribute(key, value);
  svg.append(...drawings);
  return svg;
}

function differencesChart(rows) {
  return chartFrame({
    id: "differences-chart", title: "Differences, tuned − base", height: rows.length * (stripHeight + 14) + 40,
    note: "Each on its own scale; the vertical line is no difference. Where a dot lies on its grey bar, the null named in the table gives the same difference.",
    csv: () => ({name: "differences", columns: ["quantity", "tuned_minus_base", "low_95", "high_95", "null_low_95", "null_high_95", "p"],
      rows: rows.map((row) => [row.key, row.value, row.interval?.[0], row.interval?.[1], row.null_?.band_95[0], row.null_?.band_95[1], row.null_?.p])}),
    draw(width, how) {
      const palette = colours(how);
      return withLegend(stacked(rows.map((row) => strip(row, width, how)), width), [
        rows.some((row) => row.interval) ? {kind: "interval", label: "difference, 95 % interval over prompts", colour: palette.mark} : {kind: "dot", label: "difference", colour: palette.mark},
        ...rows.some((row) => row.null_) ? [{kind: "area", label: "middle 95 % of its null", colour: palette.band}] : []
      ], how);
    }
  });
}

function differencesTable(rows) {
  return table({label: "Differences", rows, columns: [
    {title: "Difference", rowHeader: true, value: (row) => row.name},
    {title: "Tuned − base", numeric: true, value: (row) => signed(row.value, digits)},
    {title: "95 % interval", numeric: true, value: (row) => row.interval ? interval(row.interval, digits) : missing},
    {title: "Null mean", numeric: true, value: (row) => row.null_ ? digits(row.null_.mean) : missing},
    {title: "p", numeric: true, value: (row) => probability(row.null_)},
    {title: "Null", isWords: true, value: (row) => row.null_?.what ?? (row.whyNoNull ? `none: ${row.whyNoNull}` : missing)}
  ]});
}

function varianceChart(report) {
  const rows = report.models.flatMap((model) => model.raw.specialization.layer_variances.map((variance, layer) => ({side: model.side, layer, variance})));
  const sides = report.models.map((model) => model.side);
  return chartFrame({
    id: "variance-chart", title: "Variance over heads, layer by layer", height: 330,
    note: "Population variance of the heads' received entropy within each layer. Layer 0 is next to the input.",
    csv: () => ({name: "layer-variances", columns: ["side", "layer", "variance"], rows: rows.map((row) => [row.side, row.layer, row.variance])}),
    draw(width, how) {
      const palette = colours(how);
      const colour = (side) => palette.series[sides.indexOf(side)];
      const symbol = (side) => ["circle", "square"][sides.indexOf(side)];
      const svg = plotSvg({
        width, height: 300, marginLeft: 60, marginRight: 12, marginTop: 22, marginBottom: 44,
        x: {label: "Layer", labelAnchor: "center", labelArrow: "none", labelOffset: 36, tickSize: 0, tickFormat: "d",
          ticks: Math.min(Math.max(...rows.map((row) => row.layer)), Math.floor(width / 50))},
        y: {label: "Variance over heads", labelArrow: "none", tickSize: 0, ticks: 5, zero: true, nice: true},
        marks: [
          Plot.gridY({stroke: palette.grid, strokeOpacity: 1, ticks: 5}),
          Plot.line(rows, {x: "layer", y: "variance", z: "side", stroke: (row) => colour(row.side), strokeWidth: 2}),
          Plot.dot(rows, {x: "layer", y: "variance", fill: (row) => colour(row.side), symbol: (row) => symbol(row.side), r: 3, className: "value"}),
          ...how.forExport ? [] : [Plot.tip(rows, Plot.pointer({x: "layer", y: "variance", fill: palette.surface, stroke: palette.line, fontSize: 12, lineWidth: 40,
            title: (row) => `${row.side}, layer ${row.layer}\nvariance ${digits(row.variance)}`}))]
        ],
        color: {type: "identity"}, symbol: {type: "identity"}, r: {type: "identity"}
      }, how);
      return withLegend(svg, sides.map((side) => ({kind: "line", label: side, colour: colour(side)})), how);
    }
  });
}

/** Head by head, where both sides have the same layers and heads. */
function headDifference(report) {
  const [base, tuned] = report.models;
  if (base.layers !== tuned.layers || base.heads !== tuned.heads) {
    return element("p", {class: "note"}, `No map of the heads' differences: base has ${base.layers} layers × ${base.heads} heads, tuned ${tuned.layers} × ${tuned.heads}.`);
  }
  const {layers, heads, kvHeads} = base;
  const [before, after] = [base.metrics[0].mean, tuned.metrics[0].mean];
  const values = Float64Array.from(after, (value, i) => value - before[i]);
  const order = {layers: [...Array(layers).keys()], heads: [...Array(heads).keys()]};
  const shared = {layers, heads, kvHeads, order, selection: createSelection({layers, heads})};
  const map = {
    ...shared, values, title: "Received entropy, tuned − base", unit: "",
    scale: colourScale("diverging", symmetric(extent(values) ?? [0, 0])), format: (value) => signed(value, digits)
  };
  const scale = colourScale("sequential", extent([...before, ...after]) ?? [0, 1]);
  const sides = [["base", "Base", before], ["tuned", "Tuned", after]].map(([key, title, of]) => ({...shared, key, title, unit: "0 to 1", values: of, scale}));
  const difference = headMapChart({id: "difference-map", title: "Received entropy of each head, tuned − base", level: 3, name: "head-differences", map: () => map,
    note: "Orange: attention is spread more evenly over the keys after tuning. Purple: less evenly. Heads keep their number between base and tuned only if tuning kept their order, which numbers alone do not show."});
  const both = overviewChart({id: "side-maps", title: "Base and tuned", level: 3, name: "head-entropies-of-both", column: "side", selection: shared.selection,
    maps: sides.map((side) => () => side), note: "Received entropy of both, on one scale, dark for the least and bright for the largest value of the two; what a map holds stands below it. The pointer is at one head in all three maps."});
  return element("div", {class: "maps"}, element("div", {class: "map-pair"}, difference, both));
}

/** @returns {HTMLElement} */
export function comparisonSection(report) {
  const rows = differences(report.comparison);
  const why = [...new Set(rows.map((row) => row.whyNoInterval).filter(Boolean))];
  return section({id: "comparison", title: "Base and tuned"}, differencesChart(rows), differencesTable(rows),
    why.length ? element("p", {class: "note"}, `No interval over prompts: ${why.join("; ")}.`) : null,
    ladderChart(report, {id: "sides-chart", title: "Index of both sides"}), varianceChart(report), headDifference(report));
}
