// One model's own views: head maps, depth profiles, correlation, prompts and attention, all around one selection.
import {element, foldable, section} from "../dom.js";
import {index, interval} from "../format.js";
import {averageLinkage} from "./cluster.js";
import {colourScale, headColour} from "./colours.js";
import {correlationChart} from "./correlation.js";
import {currentTheme, onPrint, onThemeChange} from "../chart/theme.js";
import {headMapChart} from "./headmap.js";
import {headView, withoutAttention} from "./headview.js";
import {extent} from "./numbers.js";
import {headOrders, layerOrders, orderHeads, orderLayers} from "./order.js";
import {overviewChart} from "./overview.js";
import {profilesChart} from "./profiles.js";
import {influenceChart, spreadChart} from "./prompts.js";
import {createSelection} from "./selection.js";

const withoutFirstKey = "received_entropy_without_first";

/** @returns {HTMLElement} */
export function modelSection(model, report) {
  const heading = {id: model.id, title: model.display, level: 3};
  if (model.error) return section(heading, element("p", {class: "error"}, `Not measured: ${model.error}`));
  const isFirst = report.models.find(({error}) => !error) === model;
  const views = foldable({summary: "Heads, layers and prompts", open: isFirst, onopen: (details) => details.append(modelViews(model, report))});
  return section(heading, element("p", {class: "model-facts"}, facts(model)), views);
}

function facts({layers, heads, kvHeads, si, interval: bounds, promptCount}) {
  const shared = kvHeads < heads ? `, ${heads / kvHeads} of which share each of ${kvHeads} key-value head${kvHeads > 1 ? "s" : ""}` : "";
  return `${layers} layers of ${heads} heads${shared}; ${promptCount} prompts. SI ${index(si)}${bounds ? ` (95 % interval ${interval(bounds)})` : ""}.`;
}

/** Everything below the summary. Built once, when the section opens; each chart draws when it comes near the screen. */
function modelViews(model, report) {
  const selection = createSelection(model);
  const live = element("p", {class: "visually-hidden", "aria-live": "polite"});
  const announce = (words) => { live.textContent = words; };
  const clustering = once(() => (model.correlation ? averageLinkage(model.correlation.values, model.heads) : null));
  onPrint(() => selection.setHover(null));
  const bootstrap = bootstrapOf(model);
  const prompts = report.prompts;
  const view = viewOf(model, report, clustering, selection);

  const maps = headMaps({model, view, selection, announce});
  const profiles = profilesChart({id: `${model.id}-profiles`, name: () => `${model.id}-${view.metric().key}-profiles`,
    profile: () => ({metric: view.metric(), layers: model.layers, heads: model.heads, selection})});
  view.onChange(() => profiles.redraw());

  return element("div", {class: "model-views"}, live, maps, selectionBar(selection), profiles,
    model.correlation ? correlationChart({id: `${model.id}-correlation`, model, selection, clustering}) : null,
    model.metrics[0].perPrompt ? spreadChart({id: `${model.id}-spread`, model, metric: model.metrics[0], selection, prompts})
      : element("p", {class: "quiet"}, "Values for each prompt are not in this report, so there is no spread over prompts to show."),
    bootstrap?.without_prompt?.length ? influenceChart({id: `${model.id}-influence`, model, bootstrap, prompts}) : null,
    model.attention ? headView({id: `${model.id}-attention`, model, selection, prompts})
      : element("p", {class: "quiet no-attention"}, withoutAttention));
}

/** Of a comparison's side only if the measurement behind it has the same index: padding may make another one. */
function bootstrapOf({raw, measured, si}) {
  if (raw.statistics) return raw.statistics.bootstrap;
  return measured && Math.abs(measured.si_mean - si) < 1e-9 ? measured.statistics?.bootstrap : null;
}

function once(compute) {
  let made;
  return () => (made ??= compute());
}

/** What the controls decide: which metric, in which order, on which scale. */
function viewOf(model, report, clustering, selection) {
  const listeners = [];
  const state = {at: 0, isSinkRemoved: false, heads: "index", layers: "index", scale: "model"};
  const removed = model.metrics.find(({key}) => key === withoutFirstKey) ?? null;
  const shown = model.metrics.filter((metric) => metric !== removed);
  const metricAt = (i) => (i === 0 && state.isSinkRemoved && removed ? removed : shown[i]);
  // With and without the sink on one scale, or switching would show nothing.
  const family = (key) => ([model.metrics[0].key, withoutFirstKey].includes(key) ? [model.metrics[0].key, withoutFirstKey] : [key]);
  const extentOf = (models, key) => extent(models.flatMap(({metrics}) =>
    metrics.filter((metric) => family(key).includes(metric.key)).flatMap(({mean}) => extent(mean) ?? []))) ?? [0, 1];

  const view = {
    state, removed, shown,
    metric: () => metricAt(state.at),
    /** @returns {import("./headmap.js").HeadMap} */
    map(i) {
      const {key, title, unit, description, mean: values} = metricAt(i);
      const {layers, heads, kvHeads} = model;
      const ordering = metricAt(state.at).mean; // small maps keep the columns of the large one
      return {
        key, title, unit, description, values, layers, heads, kvHeads, selection,
        scale: colourScale("sequential", extentOf(state.scale === "report" ? report.models : [model], key)),
        order: {
          heads: orderHeads(ordering, heads, {by: state.heads, layer: selection.layer, cluster: clustering()?.order ?? null}),
          layers: orderLayers(ordering, heads, {by: state.layers})
        }
      };
    },
    change(changes) {
      Object.assign(state, changes);
      for (const listener of listeners) listener();
    },
    onChange: (listener) => listeners.push(listener)
  };
  return view;
}

function headMaps({model, view, selection, announce}) {
  const controls = mapControls(model, view);
  const current = () => view.map(view.state.at);
  const title = () => `Head map: ${lowerFirst(view.metric().title)}`;
  const large = headMapChart({id: `${model.id}-map`, title: title(), note: mapNote(view, model), controls,
    name: () => `${model.id}-${view.metric().key}`, map: memo(current, view, selection), announce});
  const overview = view.shown.length > 1 ? overviewChart({
    id: `${model.id}-metrics`, name: `${model.id}-head-metrics`, selection,
    maps: view.shown.map((_, i) => memo(() => view.map(i), view, selection)), isCurrent: (i) => i === view.state.at,
    choose: (at) => view.change({at})
  }) : null;
  const redraw = () => {
    large.retitle(title(), mapNote(view, model));
    large.redraw();
    overview?.redraw();
  };
  view.onChange(redraw);
  selection.onSelected(() => { if (view.state.heads === "layer") redraw(); });
  return element("div", {class: overview ? "map-pair" : "map-single"}, large, overview);
}

const lowerFirst = (words) => words[0].toLowerCase() + words.slice(1);

/** A map is asked for at every move of the pointer and changes only with the view or the selected layer. */
function memo(make, view, selection) {
  let made = null;
  view.onChange(() => { made = null; });
  selection.onSelected(() => { if (view.state.heads === "layer") made = null; });
  return () => (made ??= make());
}

function mapNote(view, model) {
  const metric = view.metric();
  const missing = metric.mean.reduce((count, value) => count + Number.isNaN(value), 0);
  const removed = view.state.isSinkRemoved && metric.key === withoutFirstKey
    ? " The attention sink is removed: position 0, where many heads rest, is left out before the entropy is taken." : "";
  const hatched = missing ? ` ${missing} hatched cell${missing > 1 ? "s have" : " has"} no value.` : "";
  return `${metric.description}${removed} Layer 0, next to the input, is at the top; means over ${model.promptCount} prompts.${hatched}`;
}

function chooser(label, options, value, onchange) {
  const select = element("select", {onchange: () => onchange(select.value)},
    options.map(({key, title}) => element("option", {value: key, selected: key === value}, title)));
  const made = element("label", {}, `${label} `, select);
  made.set = (chosen) => { select.value = chosen; };
  return made;
}

function toggle(label, onchange, isOn = false) {
  const box = element("input", {type: "checkbox", checked: isOn, onchange: () => onchange(box.checked)});
  return element("label", {class: "choice"}, box, label);
}

function mapControls(model, view) {
  const metric = chooser("Metric", view.shown.map(({title}, i) => ({key: String(i), title})), "0", (at) => view.change({at: Number(at)}));
  view.onChange(() => metric.set(String(view.state.at)));
  const orders = model.correlation ? headOrders : headOrders.filter(({key}) => key !== "cluster");
  return element("div", {class: "controls"}, view.shown.length > 1 ? metric : null,
    chooser("Heads by", orders, "index", (heads) => view.change({heads})),
    chooser("Layers by", layerOrders, "index", (layers) => view.change({layers})),
    chooser("Scale of", [{key: "model", title: "this model"}, {key: "report", title: "all models here"}], "model", (scale) => view.change({scale})),
    view.removed ? toggle("sink removed", (isSinkRemoved) => view.change({isSinkRemoved, at: isSinkRemoved ? 0 : view.state.at})) : null);
}

/** The selected heads as buttons that give them up. */
function selectionBar(selection) {
  const list = element("span", {class: "selected-heads"});
  const update = () => {
    list.replaceChildren(...selection.selected.map(({head, slot}) => {
      const button = element("button", {type: "button", "aria-label": `Head ${head}: give up`, onclick: () => selection.drop(head)},
        `head ${head}`, element("span", {"aria-hidden": "true"}, " ×"));
      button.style.borderColor = headColour(slot, currentTheme());
      return button;
    }));
    if (!selection.selected.length) list.replaceChildren("none yet: click a cell, or press Enter on it; up to eight");
  };
  selection.onSelected(update);
  onThemeChange(update);
  update();
  return element("p", {class: "selection-bar"}, element("span", {class: "selection-label"}, "Selected heads: "), list);
}
