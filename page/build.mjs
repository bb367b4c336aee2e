// Makes bundle/report.html, one file without network: script, style and a place for the data.
//   node build.mjs
//   node build.mjs --data results.json [--attention attention.json] --out x.html    a filled page, for development
import {mkdir, readdir, readFile, writeFile} from "node:fs/promises";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {parseArgs} from "node:util";
import * as esbuild from "esbuild";
import {colourRules} from "./src/chart/theme.js";

const root = dirname(fileURLToPath(import.meta.url));
const place = "@HEADSPEC_DATA@";

/** Licences of what the bundle holds, each text once: they ask to stay with every copy. */
async function licences({outputs}) {
  const shipped = Object.values(outputs).flatMap(({inputs}) => Object.keys(inputs).filter((file) => inputs[file].bytesInOutput > 0));
  const packages = [...new Set(shipped.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]).filter(Boolean))].sort();
  const byText = new Map();
  for (const name of packages) {
    const folder = join(root, "node_modules", name);
    const {version} = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} ${version} has no licence file to ship`);
    const text = (await readFile(join(folder, file), "utf8")).trim().replaceAll("\r\n", "\n");
    byText.set(text, [...byText.get(text) ?? [], `${name} ${version}`]);
  }
  return [...byText].map(([text, names]) => `${names.join(", ")}\n\n${text}`).join("\n\n----\n\n");
}

/** The empty page: everything but the data. The same bytes for the same sources. */
export async function buildPage() {
  const options = {bundle: true, minify: true, write: false, legalComments: "none", metafile: true, charset: "utf8", absWorkingDir: root};
  const script = await esbuild.build({...options, entryPoints: ["src/main.js"], format: "iife", target: "es2022"});
  const sheets = await Promise.all(["src/style.css", "src/model/style.css"].map((file) => readFile(join(root, file), "utf8")));
  const style = await esbuild.transform(colourRules() + sheets.join("\n"),
    {loader: "css", minify: true, charset: "utf8", target: "es2022"});
  const parts = {"@LICENCES@": await licences(script.metafile), "@STYLE@": style.code.trim(), "@SCRIPT@": script.outputFiles[0].text.trim().replaceAll("</script", "<\\/script")};
  const template = await readFile(join(root, "src/template.html"), "utf8");
  const page = template.replace(/@LICENCES@|@STYLE@|@SCRIPT@/g, (part) => parts[part]);
  if (page.split(place).length !== 2) throw new Error(`the page needs ${place} exactly once`);
  return page;
}

/** Puts one JSON object into the empty page, as the program does. */
export function fillPage(page, report) {
  return page.replace(place, () => JSON.stringify(report).replaceAll("<", "\\u003c"));
}

const factors = {K: 1e-6, M: 1e-3, B: 1, T: 1e3};

/** "0.5M" -> 0.0005 */
function billions(size) {
  const parts = /^([\d.]+)([KMBT])$/.exec(size ?? "");
  return parts ? Number(parts[1]) * factors[parts[2]] : null;
}

/** What the program would hand over for a results.json of run, measure or compare. */
export function reportOf(results, {measured = null, attention = []} = {}) {
  const isComparison = "notes" in results;
  const kind = isComparison ? "comparison" : results.hypothesis ? "experiment" : "measurement";
  const models = (isComparison ? measured : results)?.results ?? [];
  return {
    format: 1, kind,
    results: isComparison ? measured : results,
    comparison: isComparison ? results : null,
    summary: [],
    sizes: models.map((model) => billions(model.size)),
    attention: models.map((_, i) => attention[i] ?? null)
  };
}

async function main() {
  const {values} = parseArgs({options: {
    data: {type: "string"}, measured: {type: "string"}, attention: {type: "string"}, out: {type: "string"}
  }});
  const page = await buildPage();
  const out = values.out ?? join(root, "bundle/report.html");
  await mkdir(dirname(out), {recursive: true});
  if (!values.data) {
    await writeFile(out, page);
  } else {
    const read = async (file) => JSON.parse(await readFile(file, "utf8"));
    const data = await read(values.data);
    const report = "format" in data ? data : reportOf(data, {
      measured: values.measured ? await read(values.measured) : null,
      attention: values.attention ? await read(values.attention) : []
    });
    await writeFile(out, fillPage(page, report));
  }
  console.log(`${out}: ${Buffer.byteLength(await readFile(out))} bytes`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
