// The top of the page: what was asked, what the rule says, what the statistics support.
import {element, foldable, section} from "../dom.js";
import {conclusions, pairVerdicts, sentence} from "./words.js";
import {digits, significant, signed} from "../format.js";
import {differences} from "./differences.js";

const bullets = (lines, className = null) => lines.length === 0 ? null
  : element("ul", {class: className}, lines.map((line) => element("li", {}, sentence(line))));

function warningBox(report) {
  const found = [...report.warnings.map((text) => ({text})),
    ...report.models.flatMap((model) => {
      const raw = model.measured ?? model.raw;
      return (raw.warnings ?? []).map((text) => ({who: model, text}));
    }),
    ...report.models.filter((model) => model.error).map((model) => ({who: model, text: `not measured: ${model.error}`}))];
  if (found.length === 0) return null;
  const items = found.map(({who, text}) => element("li", {},
    who ? [element("strong", {}, who.display), `: ${text}`] : sentence(text)));
  return element("aside", {class: "warnings", "aria-labelledby": "warnings-heading"},
    element("h2", {id: "warnings-heading"}, found.length === 1 ? "A warning" : `${found.length} warnings`), element("ul", {}, items));
}

/** How the two rules of the study came to their conclusions. */
function rules(report) {
  const {verdict, verdict_printed: printed} = report.results;
  const counts = (rule) => `${rule.models_within_target} of ${rule.total_models_with_reference} values (models and references) within the target`;
  if (printed.agrees_with_stored) {
    return element("p", {}, `Both rules of the study, which ask for ${printed.min_models} and ${printed.min_models_stored} values, come to it: ${counts(verdict)}. Recommendation for claim ${printed.claim}: ${verdict.b11_recommendation}.`);
  }
  const row = (name, minimum, conclusion, recommendation, rule) => element("tr", {}, element("th", {scope: "row"}, name),
    element("td", {class: "number"}, minimum), element("td", {}, conclusions[conclusion]), element("td", {}, recommendation),
    element("td", {class: "words"}, counts(rule)));
  return element("div", {class: "table-box", role: "region", tabindex: "0", "aria-label": "The two rules"}, element("table", {},
    element("caption", {}, "The two rules of the study differ here: they ask for different numbers of values."),
    element("thead", {}, element("tr", {}, ["Rule", "At least", "Conclusion", `Claim ${printed.claim}`, "Because"].map((title) => element("th", {scope: "col"}, title)))),
    element("tbody", {},
      row("Printed in the console", printed.min_models, printed.conclusion, printed.recommendation, printed),
      row("Stored in results.json", printed.min_models_stored, verdict.conclusion, verdict.b11_recommendation, verdict))));
}

function hypothesisList({H0, H1, target, tolerance}) {
  return element("dl", {class: "facts"},
    element("dt", {}, "H0"), element("dd", {}, H0), element("dt", {}, "H1"), element("dd", {}, H1),
    element("dt", {}, "Target"), element("dd", {}, `SI ${significant(target)} ± ${significant(tolerance)}`));
}

function experimentParts(report) {
  const {verdict, readings} = report.results;
  return [
    verdict ? element("p", {class: "verdict", "data-conclusion": verdict.conclusion}, conclusions[verdict.conclusion]) : null,
    bullets(report.summary, "summary"), verdict ? rules(report) : null, hypothesisList(report.hypothesis),
    element("h3", {}, "What the statistics support"), bullets(readings), modelReadings(report)
  ];
}

function measurementParts(report) {
  return [bullets(report.summary, "summary"), bullets(report.results.readings), modelReadings(report)];
}

function modelReadings(report) {
  const lines = report.models.flatMap((model) => {
    const {null: ofNull, equivalence, point_rule: pointRule} = model.raw.statistics?.readings ?? {};
    const said = [ofNull, equivalence, pointRule].filter((text) => text && !report.summary.some((line) => line.includes(text)));
    return said.length === 0 ? [] : [element("dt", {}, model.display), ...said.map((text) => element("dd", {}, sentence(text)))];
  });
  if (lines.length === 0) return null;
  return foldable({summary: "Each model in words", open: report.models.length <= 4}, element("dl", {class: "readings"}, lines));
}

function criteria({verdict}) {
  const row = (met, what) => element("li", {class: met ? "met" : "unmet"},
    element("span", {"aria-hidden": "true"}, met ? "✓ " : "✗ "), `${what}: ${met ? "met" : "not met"}`);
  return element("ul", {class: "criteria"}, row(verdict.specialization_decreased, "specialization index decreased"),
    row(verdict.correlation_increased, "head correlation increased"), row(verdict.variance_decreased, "head variance decreased"));
}

function comparisonParts(report) {
  const {results, notes, without_padding: without} = report.comparison;
  return [
    element("p", {class: "verdict", "data-conclusion": results.verdict.code}, pairVerdicts[results.verdict.code] ?? results.verdict.code),
    bullets(report.summary, "summary"),
    element("p", {}, "The rule looks at the signs of three differences, tuned less base. Two or three met: A. One: B. None: C."),
    criteria(results),
    without ? element("p", {}, `Without padding the same rule gives ${pairVerdicts[without.code] ?? without.code}.`) : null,
    element("h3", {}, "What to keep in mind"), bullets(notes),
    element("h3", {}, "What the statistics support"), pairReadings(report)
  ];
}

/** Both sides, then each difference, under its own name. */
function pairReadings(report) {
  const {base, instruct} = report.comparison.results;
  const part = (name, lines) => lines.some(Boolean) ? [element("dt", {}, name), ...lines.filter(Boolean).map((line) => element("dd", {}, sentence(line)))] : [];
  return element("dl", {class: "readings"}, part("Base", [base.reading]), part("Tuned", [instruct.reading]),
    differences(report.comparison).flatMap(({name, value, readings}) => part(`${name}: ${signed(value, digits)}`, readings)));
}

const partsOf = {experiment: experimentParts, measurement: measurementParts, comparison: comparisonParts};
const titles = {experiment: "Verdict", measurement: "Reading", comparison: "Verdict"};

/** @returns {HTMLElement[]} */
export function verdictSections(report) {
  const box = warningBox(report);
  return [...box ? [box] : [], section({id: "verdict", title: titles[report.kind]}, partsOf[report.kind](report))];
}
