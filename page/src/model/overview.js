// Small maps of all metrics beside the large one: the same cells, the same pointer.
import {element} from "../dom.js";
import {chartFrame} from "../chart/frame.js";
import {colours, font} from "../chart/theme.js";
import {cellRows, drawHeadMap, headMapPlot} from "./headmap.js";
import {extent, short} from "./numbers.js";
import {drawing, svg, text} from "./svg.js";

const ownScales = "Each with its own scale, dark for its least and bright for its largest value, which stand below it. A name makes the large map.";

const rangeWords = ({values, format = short}) => {
  const range = extent(values);
  return range ? `${format(range[0])} to ${format(range[1])}` : "not defined";
};

/** A small map, its name, as a button that makes it the large one where that can be, and the value under the pointer. */
function smallMap({map, isCurrent, choose, selection}) {
  const plot = headMapPlot({map, isSmall: true});
  const name = choose ? element("button", {type: "button", onclick: choose}) : element("span");
  const readout = element("span", {class: "readout"});
  const made = element("div", {class: "small-map"}, element("div", {class: "small-map-head"}, name), plot, readout);
  const read = (cell) => {
    const {values, heads, format = short} = map();
    readout.textContent = cell ? format(values[cell.layer * heads + cell.head]) : rangeWords(map());
    readout.classList.toggle("is-value", Boolean(cell));
  };
  selection.onHover(read);
  made.update = (width) => {
    name.textContent = map().title;
    if (choose) name.setAttribute("aria-pressed", String(isCurrent()));
    plot.draw(width);
    read(selection.hover);
  };
  return made;
}

/**
 * @param {{id: string, name: string, title?: string, note?: string, column?: string, maps: (() => object)[],
 *   isCurrent?: (i: number) => boolean, choose?: ((i: number) => void) | null, selection: object, level?: number}} options
 *   `choose` makes a map the large one; `column` is what tells maps apart in the CSV
 */
export function overviewChart({id, name, title = "All metrics", note = ownScales, column = "metric", maps, isCurrent = () => false,
  choose = null, selection, level = 4}) {
  const small = maps.map((map, i) => smallMap({map, isCurrent: () => isCurrent(i), choose: choose && (() => choose(i)), selection}));
  const grid = element("div", {class: "small-maps"}, small);
  return chartFrame({
    id, title, level, height: 300, note,
    csv: () => ({name, columns: [column, "layer", "head", "value"],
      rows: maps.flatMap((map) => cellRows(map().values, map().heads).map((row) => [map().key, ...row]))}),
    draw: (width, {forExport}) => {
      if (forExport) return overviewSvg(maps.map((map) => map()), width);
      const {columns, columnWidth} = columnsFor(width, small.length);
      grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
      for (const one of small) one.update(columnWidth);
      return grid;
    }
  });
}

const gap = 14;

function columnsFor(width, count) {
  const columns = Math.min(count, Math.max(1, Math.floor((width + gap) / (116 + gap))));
  return {columns, columnWidth: Math.floor((width - gap * (columns - 1)) / columns)};
}

function overviewSvg(maps, width) {
  const palette = colours({forExport: true});
  const columns = 4;
  const columnWidth = Math.floor((width - gap * (columns - 1)) / columns);
  const drawn = maps.map((map) => drawHeadMap(map, columnWidth, {forExport: true, isSmall: true}));
  const rowHeight = Math.max(...drawn.map(({at}) => at.totalHeight)) + 44;
  return drawing({width, height: Math.ceil(maps.length / columns) * rowHeight, font}, drawn.map((one, i) => {
    one.setAttribute("x", (i % columns) * (columnWidth + gap));
    one.setAttribute("y", Math.floor(i / columns) * rowHeight + 18);
    const x = (i % columns) * (columnWidth + gap);
    const y = Math.floor(i / columns) * rowHeight + 18;
    return svg("g", {}, text(x, y - 6, maps[i].title, {fill: palette.ink}), one,
      text(x, y + one.at.totalHeight + 13, rangeWords(maps[i]), {fill: palette.muted, "font-size": 10}));
  }));
}
