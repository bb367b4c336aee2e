// The reports that the tests open: fixtures and made-up large ones, or, with HEADSPEC_PAGES, the pages the program itself wrote
// (experiment.html, measurement.html, comparison.html, each beside its results.json as experiment.json...).
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import {dirname, join} from "node:path";
import {fileURLToPath, pathToFileURL} from "node:url";
import {buildPage, fillPage} from "../build.mjs";
import {packed, syntheticModel, syntheticReport} from "./model-synthetic.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "headspec-page-"));
process.on("exit", () => rmSync(folder, {recursive: true, force: true}));

const emptyPage = await buildPage();

/** @returns {string} the address of a page that holds the report */
export function pageOf(name, report) {
  const file = join(folder, `${name}.html`);
  writeFileSync(file, fillPage(emptyPage, report));
  return pathToFileURL(file).href;
}

/** A report as the page's data, from a fixture. */
export const fixture = (name) => JSON.parse(readFileSync(join(here, "fixtures", `${name}.json`), "utf8"));

/** A report without any network: what its numbers are taken from stands beside it. */
function written(pages, name) {
  const file = join(pages, `${name}.html`);
  if (!existsSync(file)) return null;
  const expected = JSON.parse(readFileSync(join(pages, `${name}.json`), "utf8"));
  return {name, address: pathToFileURL(file).href, isComparison: name === "comparison", expected};
}

/** @returns {{name: string, address: string, isComparison: boolean, expected: object}[]} `expected`: the program's own results.json */
export function reports() {
  const pages = process.env.HEADSPEC_PAGES;
  if (pages) {
    const found = ["experiment", "measurement", "comparison"].map((name) => written(pages, name)).filter(Boolean);
    if (found.length === 0) throw new Error(`HEADSPEC_PAGES: ${pages} has no experiment.html, measurement.html or comparison.html`);
    return found;
  }
  return ["experiment", "measurement", "comparison", "stored"].map((name) => {
    const report = fixture(name);
    return {name, address: pageOf(name, report), isComparison: report.kind === "comparison", expected: report.comparison ?? report.results};
  });
}

/** Made-up models, packed as the program packs large ones. */
export function largeReport({layers, heads, models}) {
  return syntheticReport(Array.from({length: models}, (_, i) =>
    packed(syntheticModel({layers, heads, kvHeads: heads / 4, seed: i + 1, name: `made-up ${i + 1}`, isFast: true}))));
}
