// Depth profiles: a metric over layers, for the selected heads, in front of what all heads do.
import {chartFrame} from "../chart/frame.js";
import {colours, currentTheme, font} from "../chart/theme.js";
import {headColour} from "./colours.js";
import {breadth, extent, headProfile, layerRow, quantile, short} from "./numbers.js";
import {drawing, labelStep, linear, set, svg, text, valueAxis} from "./svg.js";

/** @returns {{least: number, lower: number, median: number, upper: number, largest: number}[]} of each layer, over heads */
export function bands(values, heads) {
  return Array.from({length: values.length / heads}, (_, layer) => {
    const row = layerRow(values, heads, layer);
    const [least, largest] = extent(row) ?? [NaN, NaN];
    return {least, lower: quantile(row, 0.25), median: quantile(row, 0.5), upper: quantile(row, 0.75), largest};
  });
}

/** Runs of layers in which `y` is a number, as path commands. */
export function linePath(points) {
  let d = "";
  let isOpen = false;
  for (const [x, y] of points) {
    if (Number.isNaN(y)) { isOpen = false; continue; }
    d += `${isOpen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    isOpen = true;
  }
  return d;
}

function bandPath(rows, x, y, low, high) {
  const defined = rows.map((row, layer) => ({row, layer})).filter(({row}) => !Number.isNaN(row[low]));
  if (!defined.length) return "";
  const above = defined.map(({row, layer}) => `${x(layer).toFixed(1)} ${y(row[high]).toFixed(1)}`);
  const below = defined.reverse().map(({row, layer}) => `${x(layer).toFixed(1)} ${y(row[low]).toFixed(1)}`);
  return `M${above.join("L")}L${below.join("L")}Z`;
}

/** Places for labels at the ends of lines: as near to their own height as `gap` between them allows. */
export function spread(heights, gap, [top, bottom]) {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b] || a - b);
  const placed = new Array(heights.length);
  let least = top;
  for (const i of order) {
    placed[i] = Math.max(heights[i], least);
    least = placed[i] + gap;
  }
  let most = bottom;
  for (const i of order.reverse()) {
    placed[i] = Math.min(placed[i], most);
    most = placed[i] - gap;
  }
  return placed;
}

/** @param {{metric: object, layers: number, heads: number, selection: object}} profile */
function drawProfiles({metric, layers, heads, selection}, width, forExport) {
  const palette = colours({forExport});
  const theme = forExport ? "light" : currentTheme();
  const height = 270;
  const box = {left: 46, right: width - 74, top: 30, bottom: height - 34};
  const domain = padded(extent(metric.mean) ?? [0, 1]);
  const x = linear([0, Math.max(1, layers - 1)], [box.left + 6, box.right - 6]);
  const y = linear(domain, [box.bottom, box.top]);
  const rows = bands(metric.mean, heads);
  const pathOf = (head) => linePath(Array.from(headProfile(metric.mean, heads, head), (value, layer) => [x(layer), y(value)]));
  const everyLayer = labelStep(layers, (box.right - box.left) / layers, 26);

  const hovered = svg("path", {class: "hovered-profile", fill: "none", stroke: palette.ink, "stroke-width": 2.2, visibility: "hidden"});
  const hoveredLabel = text(0, 0, "", {class: "hovered-label", fill: palette.ink, "font-weight": 600, visibility: "hidden", stroke: palette.surface,
    "stroke-width": 3, "paint-order": "stroke"});
  const guide = svg("line", {class: "hovered-layer", y1: box.top, y2: box.bottom, stroke: palette.muted, "stroke-dasharray": "2 3", visibility: "hidden"});
  const dot = svg("circle", {r: 3.5, fill: palette.ink, stroke: palette.surface, visibility: "hidden"});

  const made = drawing({width, height, font, label: `${metric.title} over depth`},
    valueAxis({scale: y, domain, left: box.left, right: box.right, palette, title: titled(metric), titleY: 14}),
    svg("path", {class: "band-all", d: bandPath(rows, x, y, "least", "largest"), fill: palette.band, opacity: 0.35}),
    svg("path", {class: "band-half", d: bandPath(rows, x, y, "lower", "upper"), fill: palette.band, opacity: 0.75}),
    svg("path", {class: "median", d: linePath(rows.map(({median}, layer) => [x(layer), y(median)])), fill: "none", stroke: palette.muted,
      "stroke-width": 1.5, "stroke-dasharray": "5 3"}),
    Array.from({length: layers}, (_, layer) => layer % everyLayer === 0
      ? text(x(layer), box.bottom + 16, layer, {"text-anchor": "middle", fill: palette.muted}) : null),
    text((box.left + box.right) / 2, box.bottom + 31, "Layer", {"text-anchor": "middle", fill: palette.muted}),
    guide,
    selection.selected.map(({head, slot}) => svg("path", {class: "profile", "data-head": head, d: pathOf(head), fill: "none",
      stroke: headColour(slot, theme), "stroke-width": 2})),
    layers === 1 ? selection.selected.map(({head, slot}) => svg("circle",
      {cx: x(0), cy: y(metric.mean[head]), r: 3.5, fill: headColour(slot, theme)})) : null,
    endLabels({metric, layers, heads, selection}, y, box, palette, theme), hovered, dot, hoveredLabel);

  made.hover = (cell) => {
    const shown = cell ? {visibility: "visible"} : {visibility: "hidden"};
    for (const part of [hovered, hoveredLabel, guide, dot]) set(part, shown);
    if (!cell) return;
    const value = metric.mean[cell.layer * heads + cell.head];
    set(hovered, {d: pathOf(cell.head)});
    set(guide, {x1: x(cell.layer), x2: x(cell.layer)});
    if (Number.isNaN(value)) {
      for (const part of [hoveredLabel, dot]) set(part, {visibility: "hidden"});
      return;
    }
    set(dot, {cx: x(cell.layer), cy: y(value)});
    const isLate = cell.layer > layers / 2;
    set(hoveredLabel, {x: x(cell.layer) + (isLate ? -7 : 7), y: y(value) - 8, "text-anchor": isLate ? "end" : "start"});
    hoveredLabel.textContent = `head ${cell.head}: ${short(value)}`;
  };
  made.layerAt = (along) => Math.max(0, Math.min(layers - 1, Math.round(linear([box.left + 6, box.right - 6], [0, layers - 1])(along))));
  made.valueAt = (down) => linear([box.bottom, box.top], domain)(down);
  return made;
}

export const titled = (metric) => `${metric.title}${metric.unit ? `, ${metric.unit}` : ""}`;

export const padded = ([from, to]) => {
  const room = breadth(from, to) * 0.05;
  return [from - room, to + room];
};

function endLabels({metric, layers, heads, selection}, y, box, palette, theme) {
  const last = bands(metric.mean, heads)[layers - 1];
  const labels = selection.selected.map(({head, slot}) => ({words: `head ${head}`, value: metric.mean[(layers - 1) * heads + head],
    fill: headColour(slot, theme), bold: true}));
  labels.push({words: "median", value: last.median, fill: palette.muted});
  const shown = labels.filter(({value}) => !Number.isNaN(value));
  const places = spread(shown.map(({value}) => y(value) + 4), 13, [box.top + 4, box.bottom + 4]);
  return shown.map(({words, fill, bold}, i) => text(box.right + 4, places[i], words, {fill, "font-weight": bold ? 600 : null}));
}

/**
 * @param {{id: string, name: () => string, profile: () => object, level?: number}} options
 */
export function profilesChart({id, name, profile, level = 4}) {
  const {selection, layers, heads} = profile();
  let drawn = null;
  const figure = chartFrame({
    id, title: "Depth profiles", level, height: 270,
    note: `Over layers: the selected heads in their colours; behind them the range of all ${heads} heads (light), their middle half (darker) `
      + "and their median (dashed). Point at a head in any map to see its profile. Means over prompts.",
    csv: () => ({name: name(), columns: ["head", "selected", "layer", profile().metric.key], rows: profileRows(profile())}),
    draw: (width, {forExport}) => {
      const made = drawProfiles(profile(), width, forExport);
      if (forExport) return made;
      drawn = made;
      drawn.hover(selection.hover);
      drawn.addEventListener("pointermove", (event) => selection.setHover(nearestHead(profile(), drawn, event)));
      drawn.addEventListener("pointerleave", () => selection.setHover(null));
      return drawn;
    }
  });
  selection.onHover((cell) => drawn?.hover(cell));
  selection.onSelected(() => figure.redraw());
  return figure;

  function nearestHead({metric}, made, event) {
    const box = made.getBoundingClientRect();
    const layer = made.layerAt(event.clientX - box.left);
    const value = made.valueAt(event.clientY - box.top);
    const candidates = selection.selected.length ? selection.selected.map(({head}) => head) : Array.from({length: heads}, (_, head) => head);
    let best = null;
    for (const head of candidates) {
      const distance = Math.abs(metric.mean[layer * heads + head] - value);
      if (!Number.isNaN(distance) && (best === null || distance < best.distance)) best = {head, distance};
    }
    return best && {layer, head: best.head};
  }
}

/** Every head, so that the band can be drawn again. */
export function profileRows({metric, layers, heads, selection}) {
  const rows = [];
  for (let head = 0; head < heads; head += 1)
    for (let layer = 0; layer < layers; layer += 1)
      rows.push([head, selection.slotOf(head) === null ? 0 : 1, layer, metric.mean[layer * heads + head]]);
  return rows;
}
