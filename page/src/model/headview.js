// Attention itself: for one prompt and layer, which token looks at which. Two columns of tokens with lines as in BertViz's head
// view, or a matrix for each head.
import {element} from "../dom.js";
import {chartFrame} from "../chart/frame.js";
import {colours, currentTheme, font, onPrint} from "../chart/theme.js";
import {fixed} from "../format.js";
import {colourScale, headColour} from "./colours.js";
import {gridCells} from "./grid.js";
import {drawing, freshId, legend, svg, text} from "./svg.js";
import {isByteLevel, roleNames, visible} from "./tokens.js";
import {hideTooltip, showTooltip} from "./tooltip.js";
import {isCausal, linesByLevel, strongest, weightsOf, withoutFirst} from "./weights.js";

const rowHeight = 20;
const weightWords = (weight) => fixed(weight, weight < 0.0995 ? 3 : 2);

/** What is said where the weights were not kept. */
export const withoutAttention = "Attention weights are not in this report; measure with --keep-attention to see them.";

/** @param {{id: string, model: object, selection: object, prompts: string[] | null}} options */
export function headView({id, model, selection, prompts, level = 4}) {
  const {attention, heads, layers} = model;
  const state = {prompt: attention.prompts[0], view: "lines", hidesFirst: false, focus: null, pinned: false,
    weights: null, isReading: false, error: null, isPrinting: false};
  onPrint((isPrinting) => { state.isPrinting = isPrinting; });
  const controls = makeControls();
  const figure = chartFrame({
    id, title: "Attention", level, height: 420, controls: controls.element,
    note: "Each token of the prompt as a query (left, rows) and as a key (right, columns); a line is as opaque as the attention weight is "
      + "large, and weights below 0.01 are not drawn until a token is pointed at. Colours are the selected heads; while none is selected, the "
      + "mean over the heads of the layer is shown. Weights are kept in 255 steps: they are off by 0.002 at the most.",
    csv: () => ({name: `${model.id}-attention-prompt-${state.prompt + 1}-layer-${selection.layer}`,
      columns: ["prompt", "layer", "head", "query", "key", "query_token", "key_token", "weight"], rows: attentionRows(shown())}),
    draw: (width, {forExport}) => {
      if (!state.weights) {
        if (!state.isReading && !state.error) read();
        const words = state.error ?? (state.isPrinting ? "Attention that was not shown on the screen is not printed." : "Reading attention …");
        return forExport ? drawing({width, height: 20, font}, text(0, 14, words)) : element("p", {class: "quiet"}, words);
      }
      const what = shown();
      if (state.view === "matrix") return forExport ? matricesSvg(what, width, true) : matrices(what, width);
      return forExport ? linesSvg(what, width) : lines(what, width, state);
    }
  });
  selection.onSelected(() => {
    controls.update();
    figure.redraw();
  });
  return figure;

  async function read() {
    const {prompt} = state;
    state.isReading = true;
    let read = {};
    try {
      read = {weights: weightsOf(await attention.prompt(prompt), {layers, heads})};
    } catch (error) {
      read = {error: `The attention of prompt ${prompt + 1} cannot be read: ${error.message}`};
    }
    if (prompt !== state.prompt) return; // another one was chosen meanwhile
    Object.assign(state, read, {isReading: false});
    figure.redraw();
  }

  /** Everything that is on the screen now. */
  function shown() {
    const {weights, prompt, hidesFirst} = state;
    const {layer, selected} = selection;
    const n = weights?.tokens ?? 0;
    const kept = (matrix) => (hidesFirst ? withoutFirst(matrix, n) : matrix);
    const series = !weights ? [] : selected.length
      ? selected.map(({head, slot}) => ({head, slot, name: `head ${head}`, matrix: kept(weights.of(layer, head))}))
      : [{head: null, slot: null, name: "mean over heads", matrix: kept(weights.meanOf(layer))}];
    const stored = model.tokens?.[prompt] ?? Array.from({length: n}, (_, i) => String(i));
    const byteLevel = isByteLevel(model.tokens?.flat() ?? []);
    return {prompt, layer, series, n, tokens: stored.map((token) => visible(token, byteLevel)), roles: model.roles?.[prompt] ?? null, hidesFirst};
  }

  function makeControls() {
    const promptChoice = element("select", {onchange: () => {
      Object.assign(state, {prompt: Number(promptChoice.value), weights: null, isReading: false, error: null, focus: null, pinned: false});
      figure.redraw();
    }}, attention.prompts.map((p) => element("option", {value: p}, promptLabel(p, prompts))));
    const layerChoice = element("select", {onchange: () => selection.setLayer(Number(layerChoice.value))},
      Array.from({length: layers}, (_, layer) => element("option", {value: layer}, layer)));
    const view = (value, words) => element("label", {class: "choice"}, element("input", {type: "radio", name: `${id}-view`, value,
      checked: value === state.view, onchange: () => { state.view = value; figure.redraw(); }}), words);
    const first = element("input", {type: "checkbox", onchange: () => { state.hidesFirst = first.checked; figure.redraw(); }});
    const made = element("div", {class: "controls"},
      element("label", {}, "Prompt ", promptChoice), element("label", {}, "Layer ", layerChoice),
      element("span", {role: "radiogroup", "aria-label": "View"}, view("lines", "lines"), view("matrix", "matrix")),
      element("label", {class: "choice"}, first, "hide the first token (sink)"));
    const update = () => { layerChoice.value = String(selection.layer); };
    update();
    return {element: made, update};
  }
}

function promptLabel(p, prompts) {
  const words = prompts?.[p]?.replaceAll("\n", " ") ?? "";
  return `${p + 1}${words ? `: ${words.length > 48 ? `${words.slice(0, 47)}…` : words}` : ""}`;
}

/** Only weights that are not 0. */
export function attentionRows({prompt, layer, series, n, tokens}) {
  const rows = [];
  for (const {head, matrix} of series)
    for (let query = 0; query < n; query += 1)
      for (let key = 0; key < n; key += 1) {
        const weight = matrix[query * n + key];
        if (weight > 0) rows.push([prompt + 1, layer, head ?? "mean", query, key, tokens[query], tokens[key], weight]);
      }
  return rows;
}

const colourOf = ({slot}, palette, theme) => (slot === null ? palette.mark : headColour(slot, theme));

/** Lines of several heads lie beside each other rather than on each other. */
const shift = (i, count) => (count > 1 ? (i - (count - 1) / 2) * Math.min(2.5, 14 / count) : 0);

function linesOf({series, n}, focus, [left, right], top) {
  return series.map((one, i) => linesByLevel(one.matrix, n, {focus, least: focus ? 0 : 0.01, line: (query, key) => {
    const y = (place) => (top + (place + 0.5) * rowHeight + shift(i, series.length)).toFixed(1);
    return `M${left} ${y(query)}L${right} ${y(key)}`;
  }}));
}

/** The two columns on the screen. */
function lines(what, width, state) {
  const {tokens, roles, series, n} = what;
  const middle = Math.max(80, Math.min(420, width - 2 * Math.min(190, Math.max(118, width * 0.3))));
  const columns = `grid-template-columns: minmax(0, 1fr) ${middle}px minmax(0, 1fr)`;
  const canvas = element("canvas", {"aria-hidden": "true"});
  const shades = series.map((one) => colourOf(one, colours(), currentTheme()));
  const summary = element("div", {class: "attention-summary", role: "status"});
  const sides = {query: column("query"), key: column("key")};
  const box = element("div", {class: "attention-scroll"},
    element("div", {class: "attention-columns", style: columns},
      sides.query.list, element("div", {class: "attention-lines"}, canvas), sides.key.list));
  const whole = element("div", {class: "head-view"},
    element("div", {class: "attention-head", style: columns, "aria-hidden": "true"},
      element("span", {}, "Query"), headKey(series), element("span", {}, "Key")), box, summary);
  if (state.focus && state.focus.index >= n) state.focus = null;
  update();
  return whole;

  function column(side) {
    const items = tokens.map((token, index) => {
      const role = roles?.[index] && roles[index] !== "text" ? roles[index] : null;
      return element("div", {class: `token${role ? ` token-${role}` : ""}`, role: "option", id: freshId("token"), "aria-selected": "false",
        title: role ? `${token} (${roleNames[role]})` : token,
        onpointerenter: (event) => { if (event.pointerType === "mouse" && !state.pinned) focusOn({side, index}); },
        onclick: () => pin({side, index})
      }, element("span", {class: "token-place"}, index), " ", element("span", {class: "token-text"}, token), " ",
      role ? element("span", {class: "visually-hidden"}, roleNames[role], " ") : null, element("span", {class: "token-weight"}));
    });
    const list = element("div", {class: `attention-tokens attention-${side}`, role: "listbox", tabindex: 0,
      "aria-label": side === "query" ? "Query tokens" : "Key tokens", onkeydown: (event) => keydown(event, side),
      onpointerleave: () => { if (!state.pinned) focusOn(null); }}, items);
    return {list, items};
  }

  function pin(focus) {
    const isSame = state.pinned && state.focus?.side === focus.side && state.focus.index === focus.index;
    state.pinned = !isSame;
    focusOn(isSame ? null : focus);
  }

  function keydown(event, side) {
    const steps = {ArrowDown: 1, ArrowUp: -1, Home: -n, End: n};
    if (event.key === "Escape") { state.pinned = false; focusOn(null); } else if (event.key in steps) {
      const from = state.focus?.side === side ? state.focus.index : steps[event.key] > 0 ? -1 : n;
      state.pinned = true;
      focusOn({side, index: Math.max(0, Math.min(n - 1, from + steps[event.key]))});
      sides[side].items[state.focus.index].scrollIntoView({block: "nearest"});
    } else return;
    event.preventDefault();
  }

  function focusOn(focus) {
    state.focus = focus;
    update();
  }

  function update() {
    const {focus} = state;
    paint(focus);
    for (const [side, {list, items}] of Object.entries(sides)) {
      list.removeAttribute("aria-activedescendant");
      items.forEach((item, index) => {
        const isFocus = focus?.side === side && focus.index === index;
        if (isFocus !== (item.getAttribute("aria-selected") === "true")) item.setAttribute("aria-selected", String(isFocus));
        if (isFocus) list.setAttribute("aria-activedescendant", item.id);
        weigh(item.lastChild, focus && focus.side !== side ? index : null, focus);
      });
    }
    summary.replaceChildren(...(focus ? summaries(what, focus)
      : ["Point at a token, or move with the arrow keys, to see its weights alone; a click keeps them."]).map((line) => element("p", {}, line)));
  }

  // Of one head a number, of several a block for each, which stays and changes its opacity: there may be thousands.
  function weigh(place, index, focus) {
    if (index === null) {
      place.replaceChildren();
      return;
    }
    const weightOf = ({matrix}) => (focus.side === "query" ? matrix[focus.index * n + index] : matrix[index * n + focus.index]);
    if (series.length === 1) {
      const weight = weightOf(series[0]);
      place.textContent = weight > 0 ? weightWords(weight) : "";
      return;
    }
    if (!place.firstChild) place.append(...series.map(() => element("i")));
    series.forEach((one, i) => {
      const block = place.childNodes[i];
      const weight = weightOf(one);
      block.style.opacity = weight;
      block.style.backgroundColor = shades[i];
      block.title = `${one.name}: ${weightWords(weight)}`;
    });
  }

  function paint(focus) {
    const ratio = Math.min(2, devicePixelRatio || 1);
    const height = n * rowHeight;
    canvas.width = middle * ratio;
    canvas.height = height * ratio;
    canvas.style.width = `${middle}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.lineWidth = series.length > 3 ? 1.5 : 2;
    linesOf(what, focus, [4, middle - 4], 0).forEach((levels, i) => {
      context.strokeStyle = shades[i];
      for (const [level, d] of levels) {
        context.globalAlpha = level / 255;
        context.stroke(new Path2D(d));
      }
    });
  }
}

function headKey(series) {
  const theme = currentTheme(), palette = colours();
  return element("span", {class: "head-key"}, series.map((one) => {
    const dot = element("i");
    dot.style.backgroundColor = colourOf(one, palette, theme);
    return element("span", {}, dot, one.name);
  }));
}

/** The five largest weights of the token, a line for each head. */
function summaries({series, tokens, n}, {side, index}) {
  return series.map(({name, matrix}) => {
    const list = side === "query" ? strongest(matrix, n, index, 5) : strongest(transposed(matrix, n), n, index, 5);
    const words = list.map(({key, weight}) => `${key} “${tokens[key]}” ${weightWords(weight)}`).join(", ");
    return `${name}: ${index} “${tokens[index]}” ${side === "query" ? "looks at" : "is seen by"} ${words || "nothing that is shown"}`;
  });
}

function transposed(matrix, n) {
  return matrix.map((_, i) => matrix[(i % n) * n + Math.floor(i / n)]);
}

/** The two columns as one drawing. */
function linesSvg(what, width) {
  const {tokens, roles, series, n} = what;
  const palette = colours({forExport: true});
  const side = Math.min(200, width * 0.3);
  const top = 30;
  const tokenText = (index, x, anchor) => text(x, top + (index + 0.5) * rowHeight + 4, tokens[index], {"text-anchor": anchor, fill: palette.ink,
    "font-style": roles?.[index] && roles[index] !== "text" ? "italic" : null});
  return drawing({width, height: top + n * rowHeight + 10, font},
    series.map((one, i) => text(side + i * 70, 12, one.name, {fill: colourOf(one, palette, "light"), "font-weight": 600})),
    text(side - 8, 24, "Query", {"text-anchor": "end", fill: palette.muted}), text(width - side + 8, 24, "Key", {fill: palette.muted}),
    tokens.map((_, index) => [tokenText(index, side - 8, "end"), tokenText(index, width - side + 8, "start")]),
    linesOf(what, null, [side, width - side], top).map((levels, i) => svg("g",
      {fill: "none", stroke: colourOf(series[i], palette, "light"), "stroke-width": 1.5},
      [...levels].map(([level, d]) => svg("path", {d, "stroke-opacity": (level / 255).toFixed(3)})))));
}

/** What a query may not see, and what is hidden, is blank. */
function matrixTable(matrix, {n, hidesFirst}, scale) {
  const causal = isCausal(matrix, n);
  const isBlank = (query, key) => (causal && key > query) || (hidesFirst && key === 0);
  return {rows: n, columns: n, scale, value: (query, key) => (isBlank(query, key) ? NaN : matrix[query * n + key])};
}

function matricesSvg(what, width, forExport) {
  const {series, n, tokens} = what;
  const palette = colours({forExport});
  const theme = forExport ? "light" : currentTheme();
  const most = Math.max(...series.map(({matrix}) => matrix.reduce((a, b) => Math.max(a, b), 0)), 1 / 255);
  const scale = colourScale("sequential", [0, most]);
  const perRow = series.length === 1 ? 1 : Math.max(1, Math.min(series.length, Math.floor(width / 230)));
  const panel = Math.floor(width / perRow);
  const cell = Math.max(1, Math.floor(Math.min(series.length === 1 ? 16 : 12, (panel - 16) / n, 520 / n)));
  const hasLabels = series.length === 1 && cell >= 11 && width - 120 >= n * cell;
  const left = hasLabels ? 110 : 0;
  const panels = series.map((one, i) => ({one, x: left + (i % perRow) * panel, y: Math.floor(i / perRow) * (n * cell + 34) + 20}));
  const bottom = panels.at(-1).y + n * cell;
  const made = drawing({width, height: bottom + (hasLabels ? 70 : 8) + 52, font},
    panels.map(({one, x, y}) => svg("g", {class: "attention-matrix", "data-head": one.head},
      text(x, y - 7, one.name, {fill: colourOf(one, palette, theme), "font-weight": 600}),
      svg("rect", {x: x - 0.5, y: y - 0.5, width: n * cell + 1, height: n * cell + 1, fill: "none", stroke: palette.line}),
      gridCells(matrixTable(one.matrix, what, scale), {x, y, cellWidth: cell, cellHeight: cell}, {vector: forExport, hatchId: null}),
      hasLabels ? tokens.map((token, index) => [
        text(x - 6, y + (index + 0.5) * cell + 4, token, {"text-anchor": "end", fill: palette.ink, "font-size": 10}),
        svg("text", {transform: `translate(${x + (index + 0.5) * cell + 3} ${y + n * cell + 6}) rotate(-60)`,
          "text-anchor": "end", fill: palette.ink, "font-size": 10}, token)
      ]) : null)),
    legend({scale, x: left + 10, y: bottom + (hasLabels ? 70 : 8) + 20, width: Math.min(200, width - left - 20), palette,
      title: "Attention weight; rows are queries, columns keys"}));
  made.cellAt = ({clientX, clientY}) => {
    const box = made.getBoundingClientRect();
    for (const {one, x, y} of panels) {
      const key = Math.floor((clientX - box.left - x) / cell);
      const query = Math.floor((clientY - box.top - y) / cell);
      if (key >= 0 && key < n && query >= 0 && query < n) return {one, query, key};
    }
    return null;
  };
  return made;
}

function matrices(what, width) {
  const made = matricesSvg(what, width, false);
  made.addEventListener("pointermove", (event) => {
    const at = made.cellAt(event);
    if (!at) return hideTooltip();
    const {one, query, key} = at;
    return showTooltip({x: event.clientX, y: event.clientY}, [`${one.name}: ${weightWords(one.matrix[query * what.n + key])}`,
      `query ${query} “${what.tokens[query]}”`, `key ${key} “${what.tokens[key]}”`]);
  });
  made.addEventListener("pointerleave", hideTooltip);
  return made;
}
