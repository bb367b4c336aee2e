// The page: reads the data and builds its sections.
import {readDocument, readReport} from "./data.js";
import {element, section} from "./dom.js";
import {setTheme, storedTheme, watchTheme} from "./chart/theme.js";
import {modelSection} from "./model/index.js";
import {contents, openTargets, themeSwitch, unfoldForPrint} from "./navigation.js";
import {comparisonSection} from "./sections/comparison.js";
import {ladderChart} from "./sections/ladder.js";
import {numbersSection} from "./sections/numbers.js";
import {provenanceSection} from "./sections/provenance.js";
import {sanitySection} from "./sections/sanity.js";
import {sensitivitySection} from "./sections/sensitivity.js";
import {sizeChart} from "./sections/size.js";
import {tokensSection} from "./sections/tokens.js";
import {verdictSections} from "./sections/verdict.js";
import {plainType, readableTime} from "./sections/words.js";
import {sweepFacts, sweepSections} from "./sweep/index.js";

const kinds = {experiment: "Experiment", measurement: "Measurement", comparison: "Comparison of two models"};

function header(report) {
  const {document: main} = report;
  const {methodology} = main;
  const prompts = methodology.num_prompts ?? report.prompts?.length;
  const line = [kinds[report.kind], readableTime(main.timestamp), prompts ? `${prompts} prompts` : null,
    plainType(methodology.dtype)?.replace(/ \(.*/, ""), `headspec ${main.headspec_version}`].filter(Boolean);
  return head(titleOf(report), report.kind === "experiment" ? main.purpose : null, line);
}

function head(title, purpose, line) {
  return element("header", {class: "page-header"}, element("div", {}, element("h1", {}, title),
    purpose ? element("p", {class: "purpose"}, purpose) : null,
    element("p", {class: "meta"}, line.map((part) => element("span", {}, part)))), themeSwitch());
}

function titleOf(report) {
  const short = (name) => name.split("/").pop();
  if (report.kind === "comparison") return `${short(report.models[1].name)} against ${short(report.models[0].name)}`;
  if (report.kind === "measurement") return report.models.length === 1 ? report.models[0].display : `${report.models.length} models measured`;
  return report.title;
}

function chartsSection(report) {
  const charts = [ladderChart(report, report.models.length === 1 ? {title: "Index and its null"} : {}), sizeChart(report)].filter(Boolean);
  if (charts.length === 0) return null;
  const title = report.kind === "experiment" ? "Ladder" : "Index";
  return section({id: "ladder", title}, charts);
}

function modelsSection(report) {
  const parts = report.models.map((model) => modelSection(model, report));
  for (const part of parts) part.classList.add("model");
  return section({id: "models", title: report.models.length === 1 ? "The model's heads" : "Models, head by head", navigation: "Models"}, parts);
}

function place(title, top, sections) {
  const main = element("main", {id: "content", tabindex: "-1"}, sections);
  document.title = `${title} – headspec`;
  document.body.append(element("a", {class: "skip", href: "#content"}, "Skip to the content"), top,
    element("div", {class: "columns"}, contents(main), main));
}

function show(report) {
  place(titleOf(report), header(report), [verdictSections(report), numbersSection(report),
    report.kind === "comparison" ? comparisonSection(report) : chartsSection(report), modelsSection(report),
    sensitivitySection(report), tokensSection(report), sanitySection(report), provenanceSection(report)]);
}

function showSweep({sweep}) {
  const title = sweep.experiment || "Sweep";
  place(title, head(title, sweep.purpose, sweepFacts(sweep)), sweepSections(sweep));
}

setTheme(storedTheme());
watchTheme();
unfoldForPrint();
try {
  const data = readDocument(document);
  if (data.kind === "sweep") showSweep(data);
  else show(readReport(data));
  openTargets();
} catch (error) {
  document.body.append(element("main", {}, element("h1", {}, "This report cannot be shown"), element("p", {}, error.message)));
  console.error(error);
}
