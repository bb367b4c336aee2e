// A map of layers x heads: the drawing, and the chart around it that follows the pointer and the keyboard. The cells are one
// image; what the pointer moves lies above it and leaves it alone.
import {element} from "../dom.js";
import {chartFrame} from "../chart/frame.js";
import {colours, currentTheme, font} from "../chart/theme.js";
import {headColour} from "./colours.js";
import {gridCells} from "./grid.js";
import {short} from "./numbers.js";
import {inverse} from "./order.js";
import {drawing, freshId, hatch, labelStep, legend, set, svg, text} from "./svg.js";
import {hideTooltip, showTooltip} from "./tooltip.js";

/**
 * @typedef {{values: Float64Array, layers: number, heads: number, kvHeads: number, title: string, unit: string,
 *   scale: ReturnType<import("./colours.js").colourScale>, order: {layers: number[], heads: number[]},
 *   selection: ReturnType<import("./selection.js").createSelection>, format?: (value: number) => string}} HeadMap
 *   `order`: layers from top to bottom, heads from left to right
 */

const bounded = (value, least, most) => Math.max(least, Math.min(most, value));
const whole = (size) => (size >= 4 ? Math.floor(size) : size);

/** Do heads of one group stand side by side? */
const showsGroups = ({heads, kvHeads, order}) =>
  kvHeads > 1 && kvHeads < heads && order.heads.every((head, place) => head === place);

function geometry(map, width, isSmall) {
  const {layers, heads} = map;
  const left = isSmall ? 0 : 46;
  const top = isSmall ? 0 : 20;
  const cellWidth = whole(bounded((width - left - (isSmall ? 0 : 8)) / heads, 0.5, isSmall ? 200 : heads > 8 ? 46 : 62));
  const cellHeight = isSmall
    ? whole(bounded(cellWidth, 60 / layers, Math.max(1, 120 / layers)))
    : whole(bounded(Math.min(cellWidth, layers > 8 ? 30 : 38), Math.min(8, 240 / layers), Math.max(2, 640 / layers)));
  const plot = {left, top, width: cellWidth * heads, height: cellHeight * layers, cellWidth, cellHeight};
  const groups = !isSmall && showsGroups(map) ? 20 : 0;
  const foot = isSmall ? 0 : 36 + groups + 52;
  return {...plot, groups, totalWidth: isSmall ? plot.width : Math.max(width, left + plot.width + 8), totalHeight: top + plot.height + foot};
}

const tableOf = ({values, layers, heads, order, scale}) => ({
  rows: layers, columns: heads, scale, value: (row, column) => values[order.layers[row] * heads + order.heads[column]]
});

function axes(map, at, palette) {
  const {left, top, height, width, cellWidth, cellHeight} = at;
  const muted = {fill: palette.muted};
  const everyHead = labelStep(map.heads, cellWidth, 20);
  const everyLayer = labelStep(map.layers, cellHeight, 13);
  const bottom = top + height;
  return svg("g", {},
    map.order.layers.map((layer, row) => row % everyLayer === 0
      ? text(left - 8, top + (row + 0.5) * cellHeight + 4, layer, {"text-anchor": "end", ...muted}) : null),
    map.order.heads.map((head, column) => column % everyHead === 0
      ? text(left + (column + 0.5) * cellWidth, bottom + 14, head, {"text-anchor": "middle", ...muted}) : null),
    svg("text", {transform: `translate(11 ${top + height / 2}) rotate(-90)`, "text-anchor": "middle", ...muted}, "Layer"),
    text(left, bottom + 30 + at.groups, "Head", muted),
    at.groups ? groupBrackets(map, at, palette) : null,
    legend({scale: map.scale, x: left, y: bottom + 55 + at.groups, width: Math.min(240, Math.max(140, width)), palette,
      title: `${map.title}${map.unit ? `, ${map.unit}` : ""}`}),
    hasMissing(map) ? missingKey(left + Math.min(240, Math.max(140, width)) + 22, bottom + 55 + at.groups, palette) : null);
}

const hasMissing = ({values}) => values.some(Number.isNaN);

function missingKey(x, y, palette) {
  const id = freshId("hatch");
  return svg("g", {}, svg("defs", {}, hatch(id, palette)), svg("rect", {x, y: y - 1, width: 14, height: 11, fill: `url(#${id})`}),
    text(x + 20, y + 9, "not defined", {fill: palette.muted}));
}

// Which heads share a key-value head: a bracket under them, and a line between neighbours.
function groupBrackets({heads, kvHeads}, {left, top, height, cellWidth}, palette) {
  const size = heads / kvHeads;
  const width = size * cellWidth;
  const every = labelStep(kvHeads, width, 26);
  const y = top + height + 20;
  return svg("g", {class: "kv-groups"}, Array.from({length: kvHeads}, (_, group) => {
    const x = left + group * width;
    return [
      svg("path", {d: `M${x + 1} ${y}v3H${x + width - 1}v-3`, fill: "none", stroke: palette.muted}),
      group > 0 ? svg("line", {x1: x, x2: x, y1: top, y2: top + height, stroke: palette.surface, "stroke-width": cellWidth > 8 ? 2 : 1}) : null,
      group % every === 0 ? text(x + width / 2, y + 14, width > 34 ? `kv ${group}` : group, {"text-anchor": "middle", fill: palette.muted}) : null
    ];
  }));
}

// White over black, so that it is seen on any colour.
function outline({isThin, ...attributes}) {
  const widths = isThin ? [2, 0.8] : [3.5, 1.5];
  return ["#000", "#fff"].map((stroke, i) => svg("rect", {fill: "none", stroke, "stroke-width": widths[i], visibility: "hidden", ...attributes}));
}

const place = (rects, box) => rects.forEach((rect) => set(rect, box ? {...box, visibility: "visible"} : {visibility: "hidden"}));

/** Crosshair, and the marks of selected heads and of the current layer. */
function overlay(map, at, {isSmall, palette, theme}) {
  const {left, top, width, height, cellWidth, cellHeight} = at;
  const columnOf = inverse(map.order.heads);
  const rowOf = inverse(map.order.layers);
  const column = outline({isThin: isSmall, opacity: 0.55, class: "cross-head"});
  const row = outline({isThin: isSmall, opacity: 0.55, class: "cross-layer"});
  const cell = outline({isThin: isSmall, class: "cross-cell"});
  const marks = svg("g", {class: "marks"});
  const group = svg("g", {class: "overlay", "pointer-events": "none"}, marks, column, row, cell);

  const columnBox = (head) => ({x: left + columnOf[head] * cellWidth, y: top, width: cellWidth, height});
  const cellBox = (layer, head) => ({...columnBox(head), y: top + rowOf[layer] * cellHeight, height: cellHeight});

  group.hover = (hovered) => {
    place(column, hovered && columnBox(hovered.head));
    place(row, hovered && {x: left, y: top + rowOf[hovered.layer] * cellHeight, width, height: cellHeight});
    place(cell, hovered && cellBox(hovered.layer, hovered.head));
  };
  group.marks = () => {
    const {selected, layer} = map.selection;
    marks.replaceChildren(...selected.flatMap(({head, slot}) => selectedMark(head, headColour(slot, theme))),
      ...(isSmall || selected.length === 0 ? [] : [layerMark(layer)]));
  };

  function selectedMark(head, colour) {
    const box = columnBox(head);
    const chosen = cellBox(map.selection.layer, head);
    const label = isSmall ? null : [
      svg("rect", {x: box.x + cellWidth / 2 - 10, y: top - 19, width: 20, height: 14, rx: 2, fill: colour}),
      text(box.x + cellWidth / 2, top - 8.5, head, {"text-anchor": "middle", fill: palette.surface, "font-weight": 600, "font-size": 10})
    ];
    return [
      svg("rect", {...box, fill: "none", stroke: palette.surface, "stroke-width": isSmall ? 2 : 3}),
      svg("rect", {...box, fill: "none", stroke: colour, "stroke-width": isSmall ? 1 : 1.5}),
      svg("rect", {...chosen, fill: "none", stroke: palette.surface, "stroke-width": isSmall ? 2.5 : 4}),
      svg("rect", {...chosen, fill: "none", stroke: colour, "stroke-width": isSmall ? 1.5 : 2.5}),
      ...(label ?? [])
    ];
  }

  const layerMark = (layer) => {
    const y = top + (rowOf[layer] + 0.5) * cellHeight;
    return svg("path", {d: `M${left - 1} ${y}l-5 -3.5v7z`, fill: palette.ink});
  };
  return group;
}

/**
 * @param {HeadMap} map
 * @param {{forExport?: boolean, isSmall?: boolean}} how
 * @returns {SVGElement & {at: object, hover(cell): void, marks(): void}}
 */
export function drawHeadMap(map, width, {forExport = false, isSmall = false} = {}) {
  const palette = colours({forExport});
  const theme = forExport ? "light" : currentTheme();
  const at = geometry(map, width, isSmall);
  const hatchId = freshId("hatch");
  const above = overlay(map, at, {isSmall, palette, theme});
  const made = drawing({width: at.totalWidth, height: at.totalHeight, font},
    svg("defs", {}, hatch(hatchId, palette)),
    gridCells(tableOf(map), {x: at.left, y: at.top, cellWidth: at.cellWidth, cellHeight: at.cellHeight}, {vector: forExport, hatchId}),
    isSmall ? null : axes(map, at, palette), above);
  above.marks();
  return Object.assign(made, {at, hover: above.hover, marks: above.marks});
}

/** layer, head, value */
export const cellRows = (values, heads) => Array.from(values, (value, i) => [Math.floor(i / heads), i % heads, value]);

/**
 * The plot with its pointer and keyboard. It stays while drawings in it change, so that it keeps the focus.
 * @param {{map: () => HeadMap, isSmall?: boolean, announce?: (text: string) => void}} options
 */
export function headMapPlot({map, isSmall = false, announce = () => {}}) {
  const plot = element("div", {class: isSmall ? "head-map head-map-small" : "head-map", "data-draws": 0, ...(isSmall ? {} : {
    tabindex: 0, role: "application", "aria-roledescription": "head map",
    "aria-label": `${map().title}, ${map().layers} layers by ${map().heads} heads. Arrow keys move, Enter selects a head, Escape clears.`
  })});
  const {selection} = map();
  let drawn = null;

  plot.draw = (width) => {
    drawn = drawHeadMap(map(), width, {isSmall});
    plot.replaceChildren(drawn);
    plot.dataset.draws = Number(plot.dataset.draws) + 1;
    drawn.hover(selection.hover);
    return plot;
  };

  /** @returns {import("./selection.js").Cell | null} under a point of the window */
  function locate({clientX, clientY}) {
    if (!drawn) return null;
    const box = drawn.getBoundingClientRect();
    const zoom = drawn.at.totalWidth / box.width;
    const column = Math.floor(((clientX - box.left) * zoom - drawn.at.left) / drawn.at.cellWidth);
    const row = Math.floor(((clientY - box.top) * zoom - drawn.at.top) / drawn.at.cellHeight);
    const {order} = map();
    const isInside = column >= 0 && column < order.heads.length && row >= 0 && row < order.layers.length;
    return isInside ? {layer: order.layers[row], head: order.heads[column]} : null;
  }

  function pointOf({layer, head}) {
    const box = drawn.getBoundingClientRect();
    const {order} = map();
    const {left, top, cellWidth, cellHeight} = drawn.at;
    return {x: box.left + left + (order.heads.indexOf(head) + 1) * cellWidth, y: box.top + top + order.layers.indexOf(layer) * cellHeight};
  }

  function point(cell, at) {
    selection.setHover(cell);
    if (cell) showTooltip(at, describe(map(), cell));
    else hideTooltip();
  }

  function choose(cell) {
    const outcome = selection.choose(cell);
    const words = {selected: "selected", moved: `selected, layer ${cell.layer} is current`, cleared: "no longer selected",
      full: "not selected: eight heads are, give one up first"};
    announce(`Head ${cell.head} ${words[outcome]}`);
  }

  /** Where the keyboard is: under the pointer, else at what was chosen last. */
  const current = () => selection.hover ?? {layer: selection.layer, head: selection.selected.at(-1)?.head ?? map().order.heads[0]};

  function step(key) {
    const {order} = map();
    if (!selection.hover) return current();
    let row = order.layers.indexOf(selection.hover.layer);
    let column = order.heads.indexOf(selection.hover.head);
    const moves = {
      ArrowLeft: () => { column -= 1; }, ArrowRight: () => { column += 1; }, ArrowUp: () => { row -= 1; }, ArrowDown: () => { row += 1; },
      Home: () => { column = 0; }, End: () => { column = Infinity; }, PageUp: () => { row = 0; }, PageDown: () => { row = Infinity; }
    };
    moves[key]();
    return {layer: order.layers[bounded(row, 0, order.layers.length - 1)], head: order.heads[bounded(column, 0, order.heads.length - 1)]};
  }

  plot.addEventListener("pointermove", (event) => point(locate(event), {x: event.clientX, y: event.clientY}));
  plot.addEventListener("pointerdown", (event) => point(locate(event), {x: event.clientX, y: event.clientY}));
  plot.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") point(null); });
  plot.addEventListener("click", (event) => {
    const cell = locate(event);
    if (cell) choose(cell);
  });
  plot.addEventListener("focus", () => {
    if (!plot.matches(":focus-visible")) return;
    const cell = current();
    selection.setHover(cell);
    announce(describe(map(), cell).join(", "));
  });
  plot.addEventListener("blur", () => point(null));
  plot.addEventListener("keydown", (event) => {
    const {key} = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^Arrow|^Home$|^End$|^Page/.test(key)) {
      const cell = step(key);
      point(cell, pointOf(cell));
      announce(describe(map(), cell).join(", "));
    } else if ((key === "Enter" || key === " ") && selection.hover) choose(selection.hover);
    else if (key === "Escape") {
      selection.clear();
      point(null);
      announce("Selection cleared");
    } else return;
    event.preventDefault();
  });
  selection.onHover((cell) => drawn?.hover(cell));
  selection.onSelected(() => drawn?.marks());
  return plot;
}

/** @returns {string[]} what is at a cell: where, what, how much */
export function describe(map, {layer, head}) {
  const {values, heads, kvHeads, title, unit, selection, format = short} = map;
  const group = kvHeads < heads ? `, key-value head ${Math.floor(head / (heads / kvHeads))}` : "";
  const isSelected = selection.slotOf(head) !== null;
  const value = values[layer * heads + head];
  const suffix = ["tokens", "keys"].includes(unit) && !Number.isNaN(value) ? ` ${unit}` : "";
  return [`Layer ${layer}, head ${head}${group}`, `${title}: ${format(value)}${suffix}`,
    ...(isSelected ? ["selected"] : [])];
}

/**
 * A whole chart: frame, map, copies. For other sections too, such as base, tuned and their difference side by side with one
 * selection.
 * @param {{id: string, title: string, note?: string, level?: number, controls?: HTMLElement | null, name: string,
 *   map: () => HeadMap, announce?: (text: string) => void}} options `name` of the copied files
 * @returns {HTMLElement & {redraw(): void}}
 */
export function headMapChart({id, title, note = null, level = 4, controls = null, name, map, announce}) {
  const plot = headMapPlot({map, announce});
  return chartFrame({
    id, title, note, level, controls, height: 260,
    csv: () => ({name: typeof name === "function" ? name() : name, columns: ["layer", "head", "value"], rows: cellRows(map().values, map().heads)}),
    draw: (width, {forExport}) => (forExport ? drawHeadMap(map(), width, {forExport}) : plot.draw(width))
  });
}
