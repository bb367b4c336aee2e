// The key numbers of every model, in one table.
import {element, section, table} from "../dom.js";
import {digits, fixed, index, interval, missing, probability, signed} from "../format.js";
import {plainType} from "./words.js";

function modelColumns(report) {
  const statistics = (model) => model.raw.statistics ?? {};
  const within = report.results.verdict_printed?.each_model_within_target;
  const columns = [
    {title: "Model", rowHeader: true, value: (model) => model.error ? model.display : element("a", {href: `#${model.id}`}, model.display)},
    {title: "Size", numeric: true, value: (model) => model.size || missing},
    {title: "Attention", value: (model) => model.architecture || missing},
    {title: "Layers × heads", numeric: true, value: (model) => model.error ? missing : `${model.layers} × ${model.heads}`},
    {title: "SI", numeric: true, value: (model) => index(model.si)},
    {title: "95 % interval", numeric: true, value: (model) => interval(model.interval)},
    {title: "Depth share", numeric: true, description: "1 - between layers / total variance: the twin of SI that sees no head's index",
      value: (model) => fixed(statistics(model).variance_shares?.depth_share, 4)},
    {title: "Null mean", numeric: true, description: "SI of heads shuffled within each layer", value: (model) => index(statistics(model).permutation_null?.mean)},
    {title: "p", numeric: true, description: "two-sided, of the shuffles", value: (model) => probability(statistics(model).permutation_null)},
    {title: "Type", value: (model) => plainType(model.raw.numerics?.dtype) ?? missing}
  ];
  if (within) columns.push({title: "In target", value: (model) => model.error ? missing : within[model.index] ? "yes" : "no"});
  return columns;
}

function explanations(report) {
  const failed = report.models.filter((model) => model.error).length;
  const nulls = report.models.map((model) => model.raw.statistics?.permutation_null).find((found) => found?.shuffles);
  const lines = ["SI is 1 − the mean correlation of the heads' entropy profiles over depth: 0 if all heads have one profile, 1 if they are unrelated, above 1 if they oppose each other. The interval is over prompts (bootstrap); the pass itself has no randomness."];
  if (nulls) lines.push(`The null is SI when heads are shuffled within each layer (${nulls.shuffles} shuffles, two-sided p): an SI inside it says nothing about which head is which. Depth share is its twin that sees no head's index.`);
  if (failed > 0) lines.push(`${failed} of ${report.models.length} models could not be measured: see the warnings.`);
  return lines.map((line) => element("p", {class: "note"}, line));
}

const pairRows = [
  ["Specialization index", "specialization_index", index],
  ["Mean head correlation", "mean_head_correlation", index],
  ["Mean head variance", "mean_head_variance", digits],
  ["Variance, early layers", "early_variance", digits],
  ["Variance, middle layers", "middle_variance", digits],
  ["Variance, late layers", "late_variance", digits],
  ["Effective heads", "effective_heads", (value) => fixed(value, 3)],
  ["Effective ratio", "effective_ratio", (value) => fixed(value, 5)]
];
const groupRows = [
  ["Variance within head groups", "within_group_variance", digits],
  ["Variance between head groups", "between_group_variance", digits],
  ["Within / between", "within_between_ratio", (value) => fixed(value, 4)]
];

function pairTable(report) {
  const {base, instruct} = report.comparison.results;
  const rowsOf = (list, of) => list.map(([title, key, format]) => ({title, format, base: of(base)?.[key] ?? null, tuned: of(instruct)?.[key] ?? null}));
  const rows = rowsOf(pairRows, (side) => side.specialization);
  if (base.gqa_metrics || instruct.gqa_metrics) rows.push(...rowsOf(groupRows, (side) => side.gqa_metrics));
  const nullRow = (title, value) => ({title, format: (text) => text, base: value(base.permutation_null), tuned: value(instruct.permutation_null), isText: true});
  if (base.permutation_null?.shuffles) rows.push(nullRow("Null mean of SI", (found) => index(found?.mean)), nullRow("p against the null", probability));
  const difference = (row) => row.isText || row.base === null || row.tuned === null ? "" : signed(row.tuned - row.base, row.format);
  return table({label: "Key numbers of both sides", rows, columns: [
    {title: "Quantity", rowHeader: true, value: (row) => row.title},
    {title: "Base", numeric: true, value: (row) => row.format(row.base)},
    {title: "Tuned", numeric: true, value: (row) => row.format(row.tuned)},
    {title: "Tuned − base", numeric: true, value: difference}
  ]});
}

function sides(report) {
  return element("dl", {class: "facts"}, report.models.flatMap((model) => [element("dt", {}, model.side), element("dd", {},
    element("a", {href: `#${model.id}`}, model.name), `, ${[`${model.layers} layers × ${model.heads} heads`, model.architecture,
      plainType(model.raw.dtype)].filter(Boolean).join(", ")} (${model.raw.source === "measured" ? "measured" : `from ${model.raw.source}`})`)]));
}

/** @returns {HTMLElement} */
export function numbersSection(report) {
  if (report.kind === "comparison") return section({id: "numbers", title: "Key numbers"}, sides(report), pairTable(report));
  return section({id: "numbers", title: "Key numbers"},
    table({label: "Key numbers of every model", columns: modelColumns(report), rows: report.models}), explanations(report));
}
