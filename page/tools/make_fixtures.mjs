// Writes test/fixtures/*.json: what the program gives for the built-in models, made small.
//   node tools/make_fixtures.mjs PATH_OF_HEADSPEC
// Three prompts, numbers of arrays with five digits, and nothing that names the machine.
import {execFileSync} from "node:child_process";
import {mkdtemp, readFile, rm, writeFile} from "node:fs/promises";
import {tmpdir} from "node:os";
import {basename, dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {reportOf} from "../build.mjs";

const program = resolve(process.argv[2] ?? "../build/headspec");
const page = dirname(dirname(fileURLToPath(import.meta.url)));
const repository = dirname(page);
const nano = (name) => join(repository, "data/nano", name);
const prompts = ["What is the capital of France?", "Write a haiku about artificial intelligence.", "Calculate 47 multiplied by 23."];
const folder = await mkdtemp(join(tmpdir(), "headspec-fixtures-"));
const made = (...parts) => join(folder, ...parts);
const run = (...words) => execFileSync(program, [...words, "--quiet"], {env: {...process.env, HEADSPEC_CACHE: made("cache")}, stdio: ["ignore", "ignore", "inherit"]});
const read = async (...parts) => JSON.parse(await readFile(made(...parts), "utf8"));

/** Of an array of arrays; what stands alone keeps all its digits, as the page shows it. */
function rounded(value) {
  if (Array.isArray(value)) return value.map(rounded);
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value;
}
const isTable = (value) => Array.isArray(value) && Array.isArray(value[0]) && typeof value[0][0] !== "string";

function small(value, key) {
  if (key === "folder") return `data/nano/${basename(value)}`;
  if (key === "system") return "Linux x86_64";
  if (typeof value === "string" && value.startsWith("/")) return value.replace(`${repository}/`, "").replace(`${folder}/`, "");
  if (isTable(value)) return rounded(value);
  if (Array.isArray(value)) return value.map((item) => small(item));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, small(item, name)]));
}

const save = (name, report) => writeFile(join(page, "test/fixtures", `${name}.json`), `${JSON.stringify(small(report))}\n`);

try {
  const file = made("prompts.json");
  await writeFile(file, JSON.stringify(prompts));
  run("run", "--out", made("experiment"));
  run("measure", nano("nano-0.5m"), "--sensitivity", "--baselines", "--metrics", "all", "--prompts", file, "--out", made("measurement"));
  run("compare", nano("nano-0.5m"), nano("nano-1.5m"), "--prompts", file, "--out", made("comparison"));
  for (const type of ["float16", "bfloat16"]) run("measure", nano("nano-0.5m"), "--dtype", type, "--prompts", file, "--out", made(type));
  run("compare", made("float16/results.json"), made("bfloat16/results.json"), "--out", made("stored"));

  const experiment = await read("experiment/results.json");
  for (const model of experiment.results) {
    for (const key of ["head_entropies_per_prompt", "tokens", "token_ids", "token_roles", "valid_lengths"])
      if (model[key]) model[key] = model[key].slice(0, prompts.length);
  }
  experiment.prompts_text = experiment.prompts_text.slice(0, prompts.length);
  await save("experiment", reportOf(experiment));
  await save("measurement", reportOf(await read("measurement/results.json")));
  await save("comparison", reportOf(await read("comparison/results.json"), {measured: await read("comparison/measured.json")}));
  await save("stored", reportOf(await read("stored/results.json")));
} finally {
  await rm(folder, {recursive: true});
}
