// How alike heads are: the correlation of their profiles over depth, in index order or with like beside like.
import {element} from "../dom.js";
import {chartFrame} from "../chart/frame.js";
import {colours, currentTheme, font} from "../chart/theme.js";
import {index, fixed} from "../format.js";
import {brackets} from "./cluster.js";
import {colourScale, headColour} from "./colours.js";
import {gridCells} from "./grid.js";
import {inverse} from "./order.js";
import {drawing, freshId, hatch, labelStep, legend, linear, set, svg, text} from "./svg.js";
import {hideTooltip, showTooltip} from "./tooltip.js";

const scale = colourScale("diverging", [-1, 1]);

/** Above the diagonal, as the index takes it. */
export function meanAboveDiagonal(values, heads) {
  let sum = 0;
  let count = 0;
  for (let a = 0; a < heads; a += 1) {
    for (let b = a + 1; b < heads; b += 1) {
      if (Number.isNaN(values[a * heads + b])) continue;
      sum += values[a * heads + b];
      count += 1;
    }
  }
  return count ? sum / count : NaN;
}

function drawCorrelation({values, heads, clustering, isClustered, selection}, width, forExport) {
  const palette = colours({forExport});
  const theme = forExport ? "light" : currentTheme();
  const order = isClustered ? clustering.order : Array.from({length: heads}, (_, head) => head);
  const placeOf = inverse(order);
  const left = 46;
  const treeHeight = isClustered && clustering.merges.length ? 70 : 0;
  const top = 22 + treeHeight;
  const size = Math.min(40, Math.min(width - left - 10, 520) / heads);
  const cell = size >= 4 ? Math.floor(size) : size;
  const side = cell * heads;
  const height = top + side + 90;
  const hatchId = freshId("hatch");
  const every = labelStep(heads, cell, 20);
  const everyRow = labelStep(heads, cell, 13);

  const lines = ["row-a", "column-a"].map((name) => ["#000", "#fff"].map((stroke, i) =>
    svg("rect", {class: name, fill: "none", stroke, "stroke-width": i ? 1.5 : 3, opacity: 0.7, visibility: "hidden", "pointer-events": "none"})));
  const marks = svg("g", {class: "marks"});
  const table = {rows: heads, columns: heads, scale, value: (row, column) => values[order[row] * heads + order[column]]};

  const made = drawing({width: Math.max(width, left + side + 8), height, font},
    svg("defs", {}, hatch(hatchId, palette)),
    treeHeight ? tree({clustering, heads, left, bottom: top - 18, cell, palette, treeHeight: treeHeight - 8}) : null,
    gridCells(table, {x: left, y: top, cellWidth: cell, cellHeight: cell}, {vector: forExport, hatchId}),
    order.map((head, place) => place % everyRow === 0
      ? text(left - 8, top + (place + 0.5) * cell + 4, head, {"text-anchor": "end", fill: palette.muted}) : null),
    order.map((head, place) => place % every === 0
      ? text(left + (place + 0.5) * cell, top + side + 14, head, {"text-anchor": "middle", fill: palette.muted}) : null),
    svg("text", {transform: `translate(11 ${top + side / 2}) rotate(-90)`, "text-anchor": "middle", fill: palette.muted}, "Head"),
    text(left, top + side + 30, "Head", {fill: palette.muted}),
    legend({scale, x: left, y: top + side + 55, width: 200, palette, title: "Correlation r of two heads' profiles"}),
    marks, lines);
  made.marks = () => marks.replaceChildren(...selection.selected.flatMap(({head, slot}) => selectedMarks(placeOf[head], headColour(slot, theme))));
  made.marks();

  function selectedMarks(place, fill) {
    const at = left + place * cell;
    const down = top + place * cell;
    return [svg("rect", {x: at, y: top - 7, width: Math.max(2, cell - 1), height: 5, fill}),
      svg("rect", {x: left + side + 2, y: down, width: 5, height: Math.max(2, cell - 1), fill})];
  }

  made.hover = (hovered) => {
    const place = hovered ? placeOf[hovered.head] : null;
    const row = hovered && {x: left, y: top + place * cell, width: side, height: cell};
    const column = hovered && {x: left + place * cell, y: top, width: cell, height: side};
    [row, column].forEach((box, i) => lines[i].forEach((line) => set(line, box ? {...box, visibility: "visible"} : {visibility: "hidden"})));
  };
  made.pairAt = ({clientX, clientY}) => {
    const box = made.getBoundingClientRect();
    const column = Math.floor((clientX - box.left - left) / cell);
    const row = Math.floor((clientY - box.top - top) / cell);
    return row >= 0 && row < heads && column >= 0 && column < heads ? {row: order[row], column: order[column]} : null;
  };
  return made;
}

function tree({clustering, heads, left, bottom, cell, palette, treeHeight}) {
  const highest = Math.max(...clustering.merges.map(({height}) => height), 1e-9);
  const y = linear([0, highest], [bottom, bottom - treeHeight]);
  const x = (place) => left + (place + 0.5) * cell;
  const d = brackets(clustering, heads).map((b) =>
    `M${x(b.left).toFixed(1)} ${y(b.leftHeight).toFixed(1)}V${y(b.height).toFixed(1)}H${x(b.right).toFixed(1)}V${y(b.rightHeight).toFixed(1)}`).join("");
  return svg("g", {class: "dendrogram"},
    svg("path", {d, fill: "none", stroke: palette.muted}),
    text(left - 8, bottom - treeHeight + 4, fixed(highest, 2), {"text-anchor": "end", fill: palette.muted}),
    text(left - 8, bottom + 3, 0, {"text-anchor": "end", fill: palette.muted}),
    text(left - 8, bottom - treeHeight / 2 + 4, "1 − r", {"text-anchor": "end", fill: palette.muted}));
}

/** @returns {string} what the matrix comes to, in the numbers of results.json */
export function correlationNote(model) {
  const mean = model.raw.corr_mean ?? model.raw.specialization?.mean_head_correlation ?? meanAboveDiagonal(model.correlation.values, model.heads);
  const constant = model.constantHeads.length
    ? ` No correlation is defined for head${model.constantHeads.length > 1 ? "s" : ""} ${model.constantHeads.join(", ")}: the same entropy in every layer.` : "";
  return `Pearson correlation of the received-entropy profiles over ${model.layers} layers, for every pair of ${model.heads} heads. `
    + `Mean off the diagonal ${index(mean)}, so SI = 1 − mean = ${index(model.si)}.${constant} Cluster order joins, again and again, `
    + "the two groups with the least mean 1 − r (average linkage); the tree shows at which.";
}

/** @param {{id: string, model: object, selection: object, clustering: () => object}} options */
export function correlationChart({id, model, selection, clustering, level = 4}) {
  const {heads, correlation: {values}} = model;
  let isClustered = true;
  let drawn = null;
  const what = () => ({values, heads, clustering: clustering(), isClustered, selection});
  const choice = element("select", {onchange: () => { isClustered = choice.value === "cluster"; figure.redraw(); }},
    element("option", {value: "cluster"}, "cluster"), element("option", {value: "index"}, "index"));
  const pairs = element("span", {class: "pairs", role: "status"}, pairWords(values, heads, selection));
  const figure = chartFrame({
    id, title: "Correlation of heads", level, height: 420, note: correlationNote(model),
    controls: element("div", {class: "controls"}, element("label", {}, "Heads by ", choice), pairs),
    csv: () => ({name: `${model.id}-head-correlation`, columns: ["head_a", "head_b", "correlation"], rows: correlationRows(values, heads)}),
    draw: (width, {forExport}) => {
      const made = drawCorrelation(what(), width, forExport);
      if (!forExport) follow(made);
      return made;
    }
  });

  function follow(made) {
    drawn = made;
    drawn.hover(selection.hover);
    drawn.addEventListener("pointermove", (event) => {
      const pair = drawn.pairAt(event);
      selection.setHover(pair && {layer: selection.hover?.layer ?? selection.layer, head: pair.row});
      if (pair) showTooltip({x: event.clientX, y: event.clientY},
        [`Heads ${pair.row} and ${pair.column}`, `r = ${fixed(values[pair.row * heads + pair.column], 3)}`]);
      else hideTooltip();
    });
    drawn.addEventListener("pointerleave", () => { selection.setHover(null); hideTooltip(); });
    drawn.addEventListener("click", (event) => {
      const pair = drawn.pairAt(event);
      if (!pair) return;
      for (const head of new Set([pair.row, pair.column])) if (selection.slotOf(head) === null) selection.choose({layer: selection.layer, head});
    });
  }
  selection.onHover((cell) => drawn?.hover(cell));
  selection.onSelected(() => {
    drawn?.marks();
    pairs.textContent = pairWords(values, heads, selection);
  });
  return figure;
}

function pairWords(values, heads, {selected}) {
  if (selected.length < 2) return "Select two or more heads to read their correlations here.";
  const pairs = selected.flatMap(({head: a}, i) => selected.slice(i + 1).map(({head: b}) => `${a} and ${b}: ${fixed(values[a * heads + b], 3)}`));
  return `Selected heads, r: ${pairs.slice(0, 10).join("; ")}${pairs.length > 10 ? "; and more in the CSV" : ""}`;
}

export const correlationRows = (values, heads) =>
  Array.from(values, (value, i) => [Math.floor(i / heads), i % heads, value]);

