// The prompts and the tokens each model made of them. What a model puts around a prompt is marked: it gets attention too.
import {element, foldable, section} from "../dom.js";
import {isByteLevel, roleNames, visible} from "../model/tokens.js";
import {listOf} from "./words.js";

/** Models that made the same ids of a prompt stand together. */
function tokenizations(models, prompt) {
  const groups = new Map();
  for (const model of models) {
    const key = JSON.stringify([model.tokenIds?.[prompt] ?? model.tokens[prompt], model.roles?.[prompt]]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(model);
  }
  return [...groups.values()];
}

/** Vocabularies of bytes are told by all prompts of a model, not by one. */
const byteLevelOf = new WeakMap();
function isByteLevelModel(model) {
  if (!byteLevelOf.has(model)) byteLevelOf.set(model, isByteLevel(model.tokens.flat()));
  return byteLevelOf.get(model);
}

function tokenRow(models, prompt) {
  const [model] = models;
  const byteLevel = isByteLevelModel(model);
  const roles = model.roles?.[prompt];
  const ids = model.tokenIds?.[prompt];
  const items = model.tokens[prompt].map((token, i) => {
    const role = roles?.[i] && roles[i] !== "text" ? roles[i] : null;
    return element("li", {class: role ? `piece role-${role}` : "piece"}, element("span", {class: "piece-text"}, visible(token, byteLevel)),
      role ? element("span", {class: "visually-hidden"}, ` (${roleNames[role]})`) : null,
      ids ? element("span", {class: "piece-id"}, ids[i]) : null);
  });
  const length = model.validLengths?.[prompt] ?? items.length;
  return [element("p", {class: "token-models"}, element("strong", {}, listOf(models.map((found) => found.display))), `: ${length} tokens`),
    element("ol", {class: "tokens", start: 0}, items)];
}

function promptPart(report, models, prompt) {
  const text = report.prompts?.[prompt] ?? `Prompt ${prompt + 1}`;
  const lengths = [...new Set(models.map((model) => model.validLengths?.[prompt] ?? model.tokens[prompt].length))].sort((a, b) => a - b);
  const words = lengths.length === 1 ? `${lengths[0]} tokens` : `${lengths[0]} to ${lengths.at(-1)} tokens`;
  return foldable({
    summary: [element("span", {class: "prompt-number"}, `${prompt + 1}`), element("span", {class: "prompt-text"}, text), element("span", {class: "prompt-length"}, words)],
    onopen: (details) => details.append(...tokenizations(models, prompt).flatMap((group) => tokenRow(group, prompt)))
  });
}

function legend(models) {
  const roles = new Set(models.flatMap((model) => model.roles?.flat() ?? []));
  roles.delete("text");
  if (roles.size === 0) return null;
  return element("p", {class: "token-legend"}, "Marked: ", [...roles].map((role) => element("span", {class: `piece role-${role}`}, roleNames[role] ?? role)));
}

/** @returns {HTMLElement | null} */
export function tokensSection(report) {
  const models = report.models.filter((model) => model.tokens);
  if (models.length === 0) return null;
  const count = Math.max(...models.map((model) => model.tokens.length));
  const parts = Array.from({length: count}, (_, prompt) => promptPart(report, models, prompt));
  const made = section({id: "prompts", title: "Prompts and tokens"},
    element("p", {}, `${count} prompts. Open one to see its tokens; ␣ is a leading space, ↵ a line break.`,
      models.some((model) => model.roles) ? "" : " This report does not say which tokens the models add themselves."), legend(models));
  if (models.some((model) => model.tokenIds)) {
    const box = element("input", {type: "checkbox", onchange: () => made.classList.toggle("shows-ids", box.checked)});
    made.append(element("p", {class: "controls"}, element("label", {class: "choice"}, box, "show token ids")));
  }
  made.append(element("div", {class: "prompts"}, parts));
  return made;
}
