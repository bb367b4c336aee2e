// Where the numbers come from: method, files with their hashes, conversions, numbers that were not finite, program and machine.
import {element, foldable, section, table} from "../dom.js";
import {bytes, count, missing, seconds, significant} from "../format.js";
import {plainType, readableTime} from "./words.js";

/** A list of facts; what is not known is left out. */
function facts(entries) {
  const known = entries.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return element("dl", {class: "facts"}, known.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

const code = (text) => text ? element("code", {}, text) : null;
const yesNo = (value) => value === null || value === undefined ? null : value ? "yes" : "no";

function nonFiniteWords(found) {
  if (!found) return null;
  if (found.count === 0) return "none";
  const at = [["operation", found.operation], ["layer", found.layer], ["prompt", found.prompt === null ? null : found.prompt + 1], ["head", found.head]]
    .filter(([, value]) => value !== null).map(([name, value]) => name === "operation" ? value : `${name} ${value}`);
  return `${count(found.count)}, first in ${at.join(", ")}`;
}

function scoreWords({max_abs_score: scores, largest_finite: limit}) {
  const largest = scores.reduce((best, score, layer) => score !== null && score > (best.score ?? -1) ? {score, layer} : best, {});
  if (largest.score === undefined) return null;
  return `${significant(largest.score, 4)} in layer ${largest.layer}; the type holds up to ${significant(limit)}`;
}

function fileTable(files) {
  return table({label: "Files of the model", caption: "Files", rows: files, columns: [
    {title: "File", rowHeader: true, value: (file) => file.name},
    {title: "Size", numeric: true, value: (file) => bytes(file.bytes)},
    {title: "Hash", isWords: true, value: (file) => file.hash ? [code(file.hash), file.hash_from_name ? " (from the name in the cache)" : ""] .reduce((cell, part) => { cell.append(part); return cell; }, element("span", {class: "hash"})) : missing}
  ]});
}

function conversionTable(conversions) {
  return table({label: "Conversions", caption: "Stored types and what they became", rows: conversions, columns: [
    {title: "Stored", rowHeader: true, value: (row) => row.stored},
    {title: "Used as", value: (row) => plainType(row.used)},
    {title: "Tensors", numeric: true, value: (row) => count(row.tensors)},
    {title: "Size", numeric: true, value: (row) => bytes(row.bytes)}
  ]});
}

function modelFacts(raw) {
  const {provenance, numerics, timing, padding} = raw;
  return facts([
    ["Model", raw.model], ["Repository", provenance.repository], ["Revision", code(provenance.revision)], ["Folder", code(provenance.folder)],
    ["Family", provenance.model_type], ["Parameters", count(provenance.parameters)],
    ["Shape", `${raw.num_layers} layers, ${raw.num_heads} heads, ${raw.num_kv_heads} key-value heads, hidden size ${raw.hidden_size}, head size ${raw.d_head}`],
    ["Ratios", `ρ head ${significant(raw.rho_head, 4)}, ρ kv ${significant(raw.rho_kv, 4)}`],
    ["Stored weights", provenance.weights_dtype], ["Number type", plainType(numerics.dtype)], ["Rounding profile", numerics.profile],
    ["Products", `${numerics.products} (${numerics.cpu_target})`], ["NaN and infinity", nonFiniteWords(numerics.non_finite)],
    ["Largest |query · key|", scoreWords(numerics)],
    ["Tokenizer", provenance.tokenizer_class], ["Token in front", provenance.adds_bos ? "a special token stands in front of every prompt" : "none: the first word is position 0"],
    ["Chat template", provenance.has_chat_template ? provenance.chat_template_applied ? "applied" : "exists, not applied" : "none"],
    ["Template hash", code(provenance.chat_template_sha256)],
    ["Padding", padding ? `to ${padding.length} on the ${padding.side}, token ${padding.token}` : "none"],
    ["Time", `load ${seconds(timing.load_seconds)}, pass ${seconds(timing.forward_seconds)}, ${bytes(timing.weight_bytes)} of weights`],
    ["Pass reused", timing.reused_from]
  ]);
}

function modelPart(model) {
  const raw = model.measured ?? model.raw;
  if (model.error) return foldable({summary: `${model.display}: not measured`}, element("p", {class: "error"}, model.error));
  if (!raw.provenance) return foldable({summary: model.display}, facts([["Source", raw.source], ["Number type", plainType(raw.dtype)]]));
  const {non_finite: nonFinite} = raw.numerics;
  const mark = nonFinite.count > 0 ? " – numbers were not finite" : "";
  return foldable({summary: `${model.display}: ${raw.provenance.repository ?? raw.provenance.model_type}${mark}`},
    modelFacts(raw), fileTable(raw.provenance.files), conversionTable(raw.provenance.conversions));
}

function methodFacts({methodology, timestamp, prompt_set: promptSet}) {
  const override = methodology.sanity_override;
  return facts([
    ["Standard", methodology.standard], ["Prompts", methodology.prompts ?? promptSet], ["Hash of the prompts (MD5)", code(methodology.prompt_md5)],
    ["Tokens kept of a prompt", methodology.max_length], ["Padding", methodology.padding === false ? "none" : methodology.padding],
    ["Chat template", yesNo(methodology.chat_template ?? methodology.use_chat_template)], ["Number type", plainType(methodology.dtype)],
    ["Seeds recorded", methodology.seeds?.join(", ")], ["Sanity check", methodology.sanity_check?.toLowerCase()], ["Variant", override?.label],
    ["Time", readableTime(timestamp)]
  ]);
}

function environmentFacts(environment) {
  const libraries = Object.entries(environment.libraries).map(([name, version]) => `${name} ${version}`).join(", ");
  return facts([
    ["Program", environment.program], ["Commit", code(environment.commit)], ["Compiler", `${environment.compiler}, ${environment.build}`],
    ["System", environment.system], ["Processor", environment.cpu ? `${environment.cpu}, ${environment.logical_cpus} logical` : `${environment.logical_cpus} logical`],
    ["Threads", environment.threads], ["Libraries", libraries]
  ]);
}

/** @returns {HTMLElement} */
export function provenanceSection(report) {
  return section({id: "provenance", title: "Provenance"},
    element("h3", {}, "Method"), methodFacts(report.document),
    element("h3", {}, "Models"), report.models.map(modelPart),
    element("h3", {}, "Program and machine"), environmentFacts(report.document.environment),
    element("p", {class: "note"}, "Files written beside this page: results.json holds every number, provenance.json the hashes that ", element("code", {}, "headspec verify"), " checks."));
}
