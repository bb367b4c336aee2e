// What prompts do: a metric for each prompt over layers, and the index without each.
import {chartFrame} from "../chart/frame.js";
import {colours, currentTheme, font} from "../chart/theme.js";
import {fixed, index, signed} from "../format.js";
import {headColour} from "./colours.js";
import {extent, layerRow, mean, short, tickFormat, ticks} from "./numbers.js";
import {linePath, padded, titled} from "./profiles.js";
import {drawing, labelStep, linear, set, svg, text, valueAxis} from "./svg.js";
import {hideTooltip, showTooltip} from "./tooltip.js";

/**
 * One series for each selected head, or one of the mean over heads.
 * @returns {{head: number | null, slot: number | null, prompts: Float64Array[]}[]} `prompts`: [prompt][layer]
 */
export function promptSeries(perPrompt, {layers, heads, selected}) {
  const along = (of) => perPrompt.map((values) => Float64Array.from({length: layers}, (_, layer) => of(values, layer)));
  if (!selected.length) return [{head: null, slot: null, prompts: along((values, layer) => mean(layerRow(values, heads, layer)))}];
  return selected.map(({head, slot}) => ({head, slot, prompts: along((values, layer) => values[layer * heads + head])}));
}

const seriesName = ({head}) => (head === null ? "mean over heads" : `head ${head}`);
const excerpt = (prompt, length) => (prompt.length > length ? `${prompt.slice(0, length - 1).trimEnd()}…` : prompt).replaceAll("\n", "↵");

function drawSpread({metric, layers, heads, selection}, width, forExport) {
  const palette = colours({forExport});
  const theme = forExport ? "light" : currentTheme();
  const series = promptSeries(metric.perPrompt, {layers, heads, selected: selection.selected});
  const colourOf = ({slot}) => (slot === null ? palette.mark : headColour(slot, theme));
  const height = 270;
  const box = {left: 46, right: width - 12, top: 44, bottom: height - 34};
  const domain = padded(extent(series.flatMap(({prompts}) => prompts.flatMap((values) => [...values]))) ?? [0, 1]);
  const step = (box.right - box.left) / layers;
  const centre = (layer) => box.left + (layer + 0.5) * step;
  const offset = (i) => (series.length > 1 ? ((i + 0.5) / series.length - 0.5) * Math.min(step * 0.8, series.length * 12) : 0);
  const y = linear(domain, [box.bottom, box.top]);
  const everyLayer = labelStep(layers, step, 26);
  const radius = step / series.length < 5 ? 2.4 : 4.2;

  const parts = series.map((one, i) => {
    const columns = Array.from({length: layers}, (_, layer) => one.prompts.map((values) => values[layer]));
    const x = (layer) => centre(layer) + offset(i);
    const bars = columns.map((values, layer) => [extent(values), x(layer)]).filter(([range]) => range);
    return svg("g", {class: "prompt-series", "data-head": one.head},
      svg("path", {class: "range", d: bars.map(([[low, high], at]) => `M${at.toFixed(1)} ${y(low).toFixed(1)}V${y(high).toFixed(1)}`).join(""),
        stroke: colourOf(one), "stroke-width": 1, opacity: 0.5}),
      svg("path", {class: "dots", d: columns.flatMap((values, layer) => values.filter((v) => !Number.isNaN(v))
        .map((value) => `M${x(layer).toFixed(1)} ${y(value).toFixed(1)}h0`)).join(""), stroke: colourOf(one), "stroke-width": radius,
        "stroke-linecap": "round", opacity: 0.55}),
      svg("path", {class: "means", d: columns.map((values, layer) => [mean(values), layer]).filter(([m]) => !Number.isNaN(m))
        .map(([m, layer]) => `M${(x(layer) - Math.min(7, step * 0.35)).toFixed(1)} ${y(m).toFixed(1)}h${Math.min(14, step * 0.7).toFixed(1)}`).join(""),
        stroke: colourOf(one), "stroke-width": 2}));
  });
  const trace = svg("path", {class: "prompt-trace", fill: "none", stroke: palette.ink, "stroke-width": 1.5, visibility: "hidden", "pointer-events": "none"});

  let key = box.left;
  const keys = series.map((one) => {
    const x = key;
    key += 24 + seriesName(one).length * 6;
    return [svg("circle", {cx: x + 4, cy: 28, r: 3.5, fill: colourOf(one)}), text(x + 12, 32, seriesName(one), {fill: palette.ink})];
  });
  const made = drawing({width, height, font, label: `${metric.title} of each prompt over layers`},
    valueAxis({scale: y, domain, left: box.left, right: box.right, palette, title: titled(metric), titleY: 14}),
    keys, parts, trace,
    Array.from({length: layers}, (_, layer) => layer % everyLayer === 0
      ? text(centre(layer), box.bottom + 16, layer, {"text-anchor": "middle", fill: palette.muted}) : null),
    text((box.left + box.right) / 2, box.bottom + 31, "Layer", {"text-anchor": "middle", fill: palette.muted}));

  /** @returns {{series: object, layer: number, prompt: number} | null} the dot nearest to a point of the drawing */
  made.nearest = (along, down) => {
    const layer = Math.max(0, Math.min(layers - 1, Math.floor((along - box.left) / step)));
    let best = null;
    series.forEach((one, i) => one.prompts.forEach((values, prompt) => {
      const distance = Math.hypot(centre(layer) + offset(i) - along, y(values[layer]) - down);
      if (!Number.isNaN(distance) && (best === null || distance < best.distance)) best = {series: one, index: i, layer, prompt, distance};
    }));
    return best;
  };
  made.trace = (dot) => set(trace, dot ? {visibility: "visible",
    d: linePath(Array.from(dot.series.prompts[dot.prompt], (value, layer) => [centre(layer) + offset(dot.index), y(value)]))} : {visibility: "hidden"});
  return made;
}

/** @param {{id: string, model: object, metric: object, selection: object, prompts: string[] | null}} options */
export function spreadChart({id, model, metric, selection, prompts, level = 4}) {
  const {layers, heads} = model;
  const what = () => ({metric, layers, heads, selection});
  const count = metric.perPrompt.length;
  const figure = chartFrame({
    id, title: "Spread over prompts", level, height: 270,
    note: `Received entropy on each of the ${count} prompts (dots), their range (line) and mean (bar): of the selected heads, or of the mean `
      + "over all heads while none is selected. Point at a dot to read its prompt and follow it over depth.",
    csv: () => ({name: `${model.id}-${metric.key}-by-prompt`, columns: ["prompt", "layer", "head", metric.key],
      rows: spreadRows(metric.perPrompt, heads)}),
    draw: (width, {forExport}) => {
      const made = drawSpread(what(), width, forExport);
      if (forExport) return made;
      made.addEventListener("pointermove", (event) => {
        const box = made.getBoundingClientRect();
        const dot = made.nearest(event.clientX - box.left, event.clientY - box.top);
        made.trace(dot);
        if (!dot) return;
        showTooltip({x: event.clientX, y: event.clientY}, [`Prompt ${dot.prompt + 1}, layer ${dot.layer}, ${seriesName(dot.series)}`,
          short(dot.series.prompts[dot.prompt][dot.layer]), ...(prompts?.[dot.prompt] ? [`“${excerpt(prompts[dot.prompt], 220)}”`] : [])]);
      });
      made.addEventListener("pointerleave", () => { made.trace(null); hideTooltip(); });
      return made;
    }
  });
  selection.onSelected(() => figure.redraw());
  return figure;
}

export const spreadRows = (perPrompt, heads) =>
  perPrompt.flatMap((values, prompt) => Array.from(values, (value, i) => [prompt + 1, Math.floor(i / heads), i % heads, value]));

function drawInfluence({si, without, prompts}, width, forExport) {
  const palette = colours({forExport});
  const row = 22;
  const isNarrow = width < 520;
  const box = {left: isNarrow ? 30 : Math.min(300, width * 0.4), right: width - 64, top: 26, bottom: 26 + without.length * row};
  const domain = padded(extent([...without, si]));
  const x = linear(domain, [box.left, box.right]);
  // More digits where four show no difference.
  const words = domain[1] - domain[0] < 0.002 ? (value) => fixed(value, 6) : index;
  const letters = Math.floor((box.left - 34) / 6);
  return drawing({width, height: box.bottom + 40, font, label: "Index without each prompt"},
    without.map((value, p) => {
      const y = box.top + (p + 0.5) * row;
      return svg("g", {class: "without-prompt"},
        svg("line", {x1: box.left, x2: box.right, y1: y, y2: y, stroke: palette.grid}),
        text(18, y + 4, p + 1, {"text-anchor": "end", fill: palette.muted}),
        isNarrow || !prompts?.[p] ? null : text(28, y + 4, excerpt(prompts[p], letters), {fill: palette.ink}),
        svg("line", {x1: x(si), x2: x(value), y1: y, y2: y, stroke: palette.mark, "stroke-width": 2}),
        svg("circle", {cx: x(value), cy: y, r: 4, fill: palette.mark}),
        text(box.right + 8, y + 4, words(value), {fill: palette.ink, "font-variant-numeric": "tabular-nums"}),
        svg("rect", {class: "row", "data-prompt": p, x: 0, y: y - row / 2, width, height: row, fill: "transparent"}));
    }),
    svg("line", {x1: x(si), x2: x(si), y1: box.top - 6, y2: box.bottom, stroke: palette.ink, "stroke-dasharray": "4 3"}),
    text(x(si), box.top - 12, `SI ${words(si)}`, {"text-anchor": "middle", fill: palette.ink}),
    influenceAxis(domain, x, box, palette));
}

function influenceAxis(domain, x, box, palette) {
  const marks = ticks(...domain, Math.max(1, Math.floor((box.right - box.left) / 110)));
  const format = tickFormat(marks);
  return [marks.map((value) => [svg("line", {x1: x(value), x2: x(value), y1: box.bottom, y2: box.bottom + 4, stroke: palette.muted}),
    text(x(value), box.bottom + 16, format(value), {"text-anchor": "middle", fill: palette.muted})]),
    text((box.left + box.right) / 2, box.bottom + 32, "Index without the prompt", {"text-anchor": "middle", fill: palette.muted})];
}

/** @param {{id: string, model: object, bootstrap: object, prompts: string[] | null}} options */
export function influenceChart({id, model, bootstrap, prompts, level = 4}) {
  const {without_prompt: without, influence} = bootstrap;
  return chartFrame({
    id, title: "Index without each prompt", level, height: 60 + without.length * 22,
    note: `The index when one prompt is left out; the dashed line is the index of all ${without.length}. Influence, in the tooltip, is `
      + "(prompts − 1) × (mean of these − the index without the prompt): a large one says that the index rests on that prompt.",
    csv: () => ({name: `${model.id}-index-without-prompt`, columns: ["prompt", "si_without", "influence", "text"],
      rows: without.map((value, p) => [p + 1, value, influence[p], prompts?.[p] ?? ""])}),
    draw: (width, {forExport}) => {
      const made = drawInfluence({si: model.si, without, prompts}, width, forExport);
      made.addEventListener("pointermove", (event) => {
        const p = event.target.dataset?.prompt;
        if (p === undefined) return hideTooltip();
        return showTooltip({x: event.clientX, y: event.clientY}, [`Without prompt ${Number(p) + 1}: SI ${index(without[p])}`,
          `influence ${signed(influence[p], (value) => fixed(value, 4))}`, ...(prompts?.[p] ? [`“${excerpt(prompts[p], 220)}”`] : [])]);
      });
      made.addEventListener("pointerleave", hideTooltip);
      return made;
    }
  });
}
