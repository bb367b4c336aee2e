// The views of a model in a real browser: what is shown is what is in the data, and everything follows one selection.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {mkdtemp, rm, writeFile} from "node:fs/promises";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {join} from "node:path";
import test, {after, before} from "node:test";
import {pathToFileURL} from "node:url";
import {buildPage, fillPage, reportOf} from "../build.mjs";
import {averageLinkage} from "../src/model/cluster.js";
import {colourScale} from "../src/model/colours.js";
import {launch, scrollThrough} from "./browser.mjs";
import {packed, syntheticModel, syntheticReport} from "./model-synthetic.mjs";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const grouped = syntheticModel({layers: 6, heads: 8, kvHeads: 4, attention: [0, 2], seed: 3, name: "grouped"});
const plain = syntheticModel({layers: 3, heads: 4, seed: 5, name: "plain"});
const main = syntheticReport([grouped, plain]);

let browser, emptyPage, folder, opened = 0;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "headspec-page-"));
  emptyPage = await buildPage();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await rm(folder, {recursive: true});
});

/** A page that fails the test on any error of the console and on any request. */
async function open(t, report, options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  context.setDefaultTimeout(8000);
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => { if (message.type() === "error") faults.push(message.text()); });
  page.on("pageerror", (error) => faults.push(error.message));
  const file = join(folder, `${opened += 1}.html`);
  await writeFile(file, fillPage(emptyPage, report));
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && request.url() !== String(pathToFileURL(file))) faults.push(`request of ${request.url()}`);
  });
  await page.goto(String(pathToFileURL(file)));
  // Where the clipboard of the machine would be.
  await page.evaluate(() => Object.defineProperty(navigator, "clipboard", {value: {
    writeText: async (text) => { window.copied = text; }, write: async ([item]) => { window.copied = await item.getType("image/png"); }
  }}));
  await scrollThrough(page); // so that nothing moves later
  t.after(async () => {
    await context.close();
    assert.deepEqual(faults, []);
  });
  return page;
}

const short = (value) => (value === null ? "not defined" : value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3));

/** The middle of the cell at a place of the large map, in the window. */
async function pointOf(page, row, column, map = "#m0-map .head-map") {
  await page.locator(map).first().scrollIntoViewIfNeeded();
  return page.evaluate(([selector, r, c]) => {
    const svg = document.querySelector(`${selector} svg`);
    const {left, top, cellWidth, cellHeight} = svg.at;
    const box = svg.getBoundingClientRect();
    return {x: box.left + left + (c + 0.5) * cellWidth, y: box.top + top + (r + 0.5) * cellHeight};
  }, [map, row, column]);
}

async function hover(page, row, column, map) {
  const {x, y} = await pointOf(page, row, column, map);
  await page.mouse.move(x, y);
}

async function click(page, row, column, map) {
  const {x, y} = await pointOf(page, row, column, map);
  await page.mouse.click(x, y);
}

const tooltip = (page) => page.locator(".tooltip > *").allTextContents();
const choose = (page, label, value) => page.locator("#m0-map label", {hasText: label}).locator("select").selectOption(value);

async function csvOf(page, id) {
  await page.locator(`#${id}`).scrollIntoViewIfNeeded();
  await page.locator(`#${id} [data-copy=csv]`).click();
  await page.waitForFunction(() => typeof window.copied === "string");
  const text = await page.evaluate(() => { const found = window.copied; window.copied = undefined; return found; });
  return text.trimEnd().split("\n").map((line) => line.split(","));
}

const shownMetrics = ["query_entropy", "sink_mass", "previous_token", "duplicate_token", "mean_distance", "local_mass", "max_weight", "effective_support"];

test("the pointer reads the value of the cell it is on, in every map", async (t) => {
  const page = await open(t, main);
  for (const [layer, head] of [[0, 0], [2, 5], [5, 7]]) {
    await hover(page, layer, head);
    const [where, value] = await tooltip(page);
    assert.equal(where, `Layer ${layer}, head ${head}, key-value head ${Math.floor(head / 2)}`);
    assert.equal(value, `Received entropy: ${short(grouped.model.head_entropies[layer][head])}`);
    const expected = [grouped.model.head_entropies, ...shownMetrics.map((key) => grouped.model.head_metrics[key])].map((table) => short(table[layer][head]));
    assert.deepEqual(await page.locator("#m0-metrics .readout").allTextContents(), expected);
  }
});

test("a small map points in the large one too", async (t) => {
  const page = await open(t, main);
  await hover(page, 4, 3, "#m0-metrics .small-map:nth-child(3) .head-map");
  assert.match((await tooltip(page))[1], new RegExp(`^Attention to position 0: ${short(grouped.model.head_metrics.sink_mass[4][3])}`));
  const cell = await page.evaluate(() => {
    const svg = document.querySelector("#m0-map .head-map svg");
    const rect = svg.querySelector(".cross-cell");
    return [rect.getAttribute("visibility"), (rect.getAttribute("x") - svg.at.left) / svg.at.cellWidth, (rect.getAttribute("y") - svg.at.top) / svg.at.cellHeight];
  });
  assert.deepEqual(cell, ["visible", 3, 4]);
});

test("a selected head is marked in all maps, the profiles, the correlation and the spread; Escape clears", async (t) => {
  const page = await open(t, main);
  for (const id of ["profiles", "correlation", "spread"]) await page.locator(`#m0-${id}`).scrollIntoViewIfNeeded();
  await page.locator("#m0-spread svg").waitFor();
  await click(page, 2, 5);
  await click(page, 3, 1);
  assert.deepEqual(await page.locator(".selected-heads button").first().textContent(), "head 5 ×");
  const heads = (selector) => page.locator(selector).evaluateAll((nodes) => nodes.map(({dataset}) => dataset.head));
  assert.deepEqual(await heads("#m0-profiles .profile"), ["5", "1"]);
  assert.deepEqual(await heads("#m0-spread .prompt-series"), ["5", "1"]);
  assert.equal(await page.locator("#m0-correlation .marks rect").count(), 4);
  assert.deepEqual(await page.locator("#m0-metrics .head-map").evaluateAll((maps) => maps.map((map) => map.querySelectorAll(".marks rect").length)), new Array(9).fill(8));
  assert.match(await page.locator("#m0-correlation .pairs").textContent(), new RegExp(`5 and 1: ${grouped.model.statistics.head_correlation[5][1].toFixed(3).replace("-", "−")}`));
  await page.locator("#m0-map .head-map").focus();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#m0-profiles .profile").count(), 0);
  assert.equal(await page.locator("#m0-correlation .marks rect").count(), 0);
  assert.equal(await page.locator(".selected-heads button").count(), 0);
});

test("hovering a head draws its profile through its own values", async (t) => {
  const page = await open(t, main);
  await page.locator("#m0-profiles").scrollIntoViewIfNeeded();
  await page.locator("#m0-profiles svg").waitFor();
  await hover(page, 3, 6);
  assert.equal(await page.locator("#m0-profiles .hovered-label").textContent(), `head 6: ${short(grouped.model.head_entropies[3][6])}`);
  const ys = await page.locator("#m0-profiles .hovered-profile").evaluate((path) => path.getAttribute("d").split(/[ML]/).slice(1).map((point) => Number(point.split(" ")[1])));
  const values = grouped.model.head_entropies.map((row) => row[6]);
  // One straight line from value to height: its slope is the same between any two layers.
  const [a, b] = [values.indexOf(Math.min(...values)), values.indexOf(Math.max(...values))];
  const slope = (ys[b] - ys[a]) / (values[b] - values[a]);
  values.forEach((value, layer) => assert.ok(Math.abs(ys[layer] - (ys[a] + slope * (value - values[a]))) < 0.2));
});

/** Heads in the order of the large map: what the pointer reads along its first row. */
async function headsShown(page, count) {
  const found = [];
  for (let column = 0; column < count; column += 1) {
    await hover(page, 0, column);
    found.push(Number((await tooltip(page))[0].match(/head (\d+)/)[1]));
  }
  return found;
}

const byValue = (values) => values.map((_, i) => i).sort((a, b) => values[b] - values[a]);

const clusterOrder = averageLinkage(Float64Array.from(grouped.model.statistics.head_correlation.flat()), 8).order;

test("heads and layers are sorted as chosen", async (t) => {
  const page = await open(t, main);
  const table = grouped.model.head_entropies;
  assert.deepEqual(await headsShown(page, 8), [0, 1, 2, 3, 4, 5, 6, 7]);
  await choose(page, "Heads by", "mean");
  assert.deepEqual(await headsShown(page, 8), byValue(table[0].map((_, h) => table.reduce((sum, row) => sum + row[h], 0))));
  await choose(page, "Heads by", "layer");
  assert.deepEqual(await headsShown(page, 8), byValue(table[0]));
  await click(page, 4, 0);
  assert.deepEqual(await headsShown(page, 8), byValue(table[4]), "the chosen cell's layer is the current one");
  await choose(page, "Heads by", "cluster");
  assert.deepEqual(await headsShown(page, 8), clusterOrder);
  await choose(page, "Heads by", "index");
  await choose(page, "Layers by", "mean");
  const layers = [];
  for (let row = 0; row < 6; row += 1) {
    await hover(page, row, 0);
    layers.push(Number((await tooltip(page))[0].match(/Layer (\d+)/)[1]));
  }
  assert.deepEqual(layers, byValue(table.map((row) => row.reduce((a, b) => a + b))));
});

test("the keyboard moves, selects and clears, and says so", async (t) => {
  const page = await open(t, main);
  const said = () => page.locator("#m0 .model-views > [aria-live]").textContent();
  await page.locator("#m0-map .head-map").focus();
  assert.match(await said(), /^Layer 0, head 0/);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  const value = short(grouped.model.head_entropies[1][1]);
  assert.match(await said(), new RegExp(`^Layer 1, head 1, key-value head 0, Received entropy: ${value}`));
  await page.keyboard.press("End");
  assert.match(await said(), /^Layer 1, head 7/);
  await page.keyboard.press("PageDown");
  assert.match(await said(), /^Layer 5, head 7/);
  await page.keyboard.press("ArrowDown");
  assert.match(await said(), /^Layer 5, head 7/);
  await page.keyboard.press("Enter");
  assert.equal(await said(), "Head 7 selected");
  assert.equal(await page.locator("#m0-profiles .profile").count(), 1);
  await choose(page, "Heads by", "layer");
  await page.locator("#m0-map .head-map").focus();
  await page.keyboard.press("Enter");
  assert.ok(await page.locator("#m0-map .head-map").evaluate((plot) => plot === document.activeElement), "the map keeps the focus when it is drawn again");
});

test("a ninth head is refused aloud", async (t) => {
  const wide = syntheticModel({layers: 2, heads: 10, seed: 8});
  const page = await open(t, syntheticReport([wide]));
  for (let head = 0; head < 9; head += 1) await click(page, 0, head);
  assert.equal(await page.locator(".selected-heads button").count(), 8);
  assert.match(await page.locator("#m0 .model-views > [aria-live]").textContent(), /not selected: eight heads are/);
});

test("with the sink removed the map shows the other metric's numbers and says why", async (t) => {
  const page = await open(t, main);
  await page.locator("#m0-map").getByLabel("sink removed").check();
  assert.equal(await page.locator("#m0-map h4").textContent(), "Head map: received entropy without position 0");
  assert.match(await page.locator("#m0-map figcaption").textContent(), /The attention sink is removed: position 0/);
  await hover(page, 2, 3);
  const value = grouped.model.head_metrics.received_entropy_without_first[2][3];
  assert.equal((await tooltip(page))[1], `Received entropy without position 0: ${short(value)}`);
  const rows = await csvOf(page, "m0-map");
  assert.equal(rows[1 + 2 * 8 + 3][2], String(value));
});

test("a name among the small maps makes the large one", async (t) => {
  const page = await open(t, main);
  await page.locator("#m0-metrics").getByRole("button", {name: "Mean distance"}).click();
  await hover(page, 1, 1);
  assert.equal((await tooltip(page))[1], `Mean distance: ${short(grouped.model.head_metrics.mean_distance[1][1])} tokens`);
  assert.equal(await page.locator("#m0-metrics button[aria-pressed=true]").textContent(), "Mean distance");
});

test("heads that share a key-value head are bracketed while they stand together", async (t) => {
  const page = await open(t, main);
  assert.equal(await page.locator("#m0-map .kv-groups path").count(), 4);
  await choose(page, "Heads by", "mean");
  assert.equal(await page.locator("#m0-map .kv-groups").count(), 0);
});

const flat = (table) => table.flatMap((row, l) => row.map((value, h) => [String(l), String(h), value === null ? "" : String(value)]));

test("the CSV of each chart is the data", async (t) => {
  const page = await open(t, main);
  const {model} = grouped;
  const [header, ...cells] = await csvOf(page, "m0-map");
  assert.deepEqual(header, ["layer", "head", "value"]);
  assert.deepEqual(cells, flat(model.head_entropies));
  const metrics = await csvOf(page, "m0-metrics");
  assert.deepEqual(metrics.slice(1), [["received_entropy", model.head_entropies], ...shownMetrics.map((key) => [key, model.head_metrics[key]])]
    .flatMap(([key, table]) => flat(table).map((row) => [key, ...row])));
  const profiles = await csvOf(page, "m0-profiles");
  assert.deepEqual(profiles[1 + 3 * 6 + 2], ["3", "0", "2", String(model.head_entropies[2][3])]);
  assert.equal(profiles.length, 1 + 48);
  const correlation = await csvOf(page, "m0-correlation");
  assert.deepEqual(correlation.slice(1), flat(model.statistics.head_correlation));
  const spread = await csvOf(page, "m0-spread");
  assert.deepEqual(spread.slice(1), model.head_entropies_per_prompt.flatMap((table, p) => flat(table).map((row) => [String(p + 1), ...row])));
  await page.locator("#m0-influence").scrollIntoViewIfNeeded();
  await page.locator("#m0-influence [data-copy=csv]").click();
  await page.waitForFunction(() => typeof window.copied === "string");
  const influence = (await page.evaluate(() => window.copied)).split("\n");
  assert.ok(influence[2].startsWith(`2,${model.statistics.bootstrap.without_prompt[1]},${model.statistics.bootstrap.influence[1]},`));
});

test("the index and the mean correlation stand under the matrix", async (t) => {
  const page = await open(t, main);
  const note = await page.locator("#m0-correlation figcaption").textContent();
  const sign = (value) => value.toFixed(4).replace("-", "−");
  assert.ok(note.includes(`Mean off the diagonal ${sign(grouped.model.corr_mean)}, so SI = 1 − mean = ${sign(grouped.model.si_mean)}`), note);
  await page.locator("#m0-influence").scrollIntoViewIfNeeded();
  await page.locator("#m0-influence svg").waitFor();
  assert.equal(await page.locator("#m0-influence .without-prompt").count(), 10);
});

test("the matrix of correlations is read in cluster order and in index order", async (t) => {
  const page = await open(t, main);
  const {head_correlation: r} = grouped.model.statistics;
  const pairAt = async (row, column) => {
    const box = await page.locator("#m0-correlation image").boundingBox();
    await page.mouse.move(box.x + ((column + 0.5) * box.width) / 8, box.y + ((row + 0.5) * box.height) / 8);
    return tooltip(page);
  };
  const words = (a, b) => [`Heads ${a} and ${b}`, `r = ${r[a][b].toFixed(3).replace("-", "−")}`];
  await page.locator("#m0-correlation svg").scrollIntoViewIfNeeded();
  assert.deepEqual(await pairAt(1, 6), words(clusterOrder[1], clusterOrder[6]));
  assert.equal(await page.locator("#m0-profiles .hovered-profile").getAttribute("visibility"), "visible");
  assert.equal(await page.locator("#m0-correlation .dendrogram").count(), 1);
  await page.locator("#m0-correlation").getByLabel("Heads by").selectOption("index");
  assert.equal(await page.locator("#m0-correlation .dendrogram").count(), 0);
  assert.deepEqual(await pairAt(2, 5), words(2, 5));
});

test("a dot of the spread tells its prompt", async (t) => {
  const page = await open(t, main);
  await page.locator("#m0-spread").scrollIntoViewIfNeeded();
  const box = await page.locator("#m0-spread svg").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const [where, value, text] = await tooltip(page);
  const [, prompt, layer] = where.match(/^Prompt (\d+), layer (\d+), mean over heads$/);
  const row = grouped.model.head_entropies_per_prompt[prompt - 1][layer];
  assert.equal(value, short(row.reduce((a, b) => a + b) / row.length));
  assert.ok(text.includes(grouped.texts[prompt - 1].slice(0, 20)));
});

// ---- attention

/** Weights beside the other column's tokens, by place; an absent one is 0. */
const weightsShown = (page, side) => page.locator(`#m0-attention .attention-${side} .token-weight`).evaluateAll((places) => places.map(({textContent}) => Number(textContent || 0)));

test("attention shows the weights of the chosen layer, head and token", async (t) => {
  const page = await open(t, main);
  await click(page, 2, 5);
  await page.locator("#m0-attention").scrollIntoViewIfNeeded();
  const query = page.locator("#m0-attention .attention-query .token");
  await query.nth(9).click();
  const n = grouped.model.tokens[0].length;
  const expected = grouped.weights(0, 2, 5);
  const shown = await weightsShown(page, "key");
  shown.forEach((weight, key) => assert.ok(Math.abs(weight - expected[9 * n + key]) <= 1 / 510 + 0.005, `key ${key}: ${weight}, not ${expected[9 * n + key]}`));
  const rows = (await csvOf(page, "m0-attention")).slice(1);
  for (const [prompt, layer, head, q, k, , , weight] of rows) {
    assert.deepEqual([prompt, layer, head], ["1", "2", "5"]);
    assert.ok(Math.abs(Number(weight) - expected[q * n + Number(k)]) <= 1 / 510 + 1e-7);
  }
  assert.equal(rows.length, expected.filter((w) => Math.round(255 * w) > 0).length);
  assert.match(await page.locator("#m0-attention .attention-summary").textContent(), /^head 5: 9 “.*” looks at \d+ “.*” [01]\.\d+/);
});

test("another prompt, the mean over heads, and the sink hidden", async (t) => {
  const page = await open(t, main);
  await page.locator("#m0-attention").scrollIntoViewIfNeeded();
  assert.deepEqual(await page.locator("#m0-attention").getByLabel("Prompt").locator("option").evaluateAll((options) => options.map(({value}) => value)), ["0", "2"]);
  await page.locator("#m0-attention").getByLabel("Prompt").selectOption("2");
  await page.locator("#m0-attention .attention-query .token").nth(grouped.model.tokens[2].length - 1).waitFor();
  await page.locator("#m0-attention").getByLabel("Layer").selectOption("4");
  await page.locator("#m0-attention .attention-query .token").nth(12).click();
  const n = grouped.model.tokens[2].length;
  const mean = (key) => Array.from({length: 8}, (_, h) => grouped.weights(2, 4, h)[12 * n + key]).reduce((a, b) => a + b) / 8;
  const shown = await weightsShown(page, "key");
  shown.forEach((weight, key) => assert.ok(Math.abs(weight - mean(key)) <= 1 / 510 + 0.005));
  assert.ok(shown[0] > 0);
  await page.locator("#m0-attention").getByLabel("hide the first token").check();
  const hidden = await weightsShown(page, "key");
  assert.equal(hidden[0], 0);
  assert.deepEqual(hidden.slice(1), shown.slice(1), "the other weights stay as they are");
});

test("the columns of tokens are moved through with the keyboard, and marked", async (t) => {
  const page = await open(t, main);
  await page.locator("#m0-attention").scrollIntoViewIfNeeded();
  const list = page.locator("#m0-attention .attention-query");
  await list.focus();
  for (let i = 0; i < 4; i += 1) await page.keyboard.press("ArrowDown");
  assert.equal(await list.locator("[aria-selected=true]").textContent(), "3 ␣is ");
  assert.equal(await list.getAttribute("aria-activedescendant"), await list.locator("[aria-selected=true]").getAttribute("id"));
  assert.equal(await list.locator(".token").first().textContent(), "0 <s> start of sequence ");
  assert.equal(await list.locator(".token-template").count(), 2);
  await page.keyboard.press("Escape");
  assert.equal(await list.locator("[aria-selected=true]").count(), 0);
});

test("the matrix names query, key and weight", async (t) => {
  const page = await open(t, main);
  await click(page, 1, 2);
  await page.locator("#m0-attention").scrollIntoViewIfNeeded();
  await page.locator("#m0-attention").getByLabel("matrix").check();
  const box = await page.locator("#m0-attention .attention-matrix image").boundingBox();
  const n = grouped.model.tokens[0].length;
  await page.mouse.move(box.x + ((3 + 0.5) * box.width) / n, box.y + ((10 + 0.5) * box.height) / n);
  const [what, query, key] = await tooltip(page);
  assert.match(what, /^head 2: /);
  assert.ok(Math.abs(Number(what.match(/^head 2: (.*)$/)[1]) - grouped.weights(0, 1, 2)[10 * n + 3]) <= 1 / 510 + 0.005, what);
  assert.match(query, /^query 10 “/);
  assert.match(key, /^key 3 “/);
});

test("attention that cannot be read is said, once, and another prompt is shown", async (t) => {
  const broken = structuredClone(grouped.attention);
  broken.prompts[0] = Buffer.from("this is no deflate stream").toString("base64");
  const page = await open(t, syntheticReport([{...grouped, attention: broken}]));
  await page.locator("#m0-attention").getByText("The attention of prompt 1 cannot be read").waitFor();
  await page.locator("#m0-attention").getByLabel("Prompt").selectOption("2");
  await page.locator("#m0-attention .token").first().waitFor();
  assert.equal(await page.locator("#m0-attention").getByText("cannot be read").count(), 0);
});

test("without kept attention one line says how to keep it", async (t) => {
  const page = await open(t, syntheticReport([plain]));
  assert.equal(await page.locator("#m0 .no-attention").textContent(), "Attention weights are not in this report; measure with --keep-attention to see them.");
});

// ---- a pair

test("the maps of a pair: their difference and both sides under one pointer", async (t) => {
  const stored = JSON.parse(readFileSync(new URL("fixtures/stored.json", import.meta.url), "utf8"));
  const report = "format" in stored ? stored : reportOf(stored);
  const {base, instruct} = report.comparison.results;
  const page = await open(t, report);
  await hover(page, 1, 2, "#difference-map .head-map");
  const [where, value] = await tooltip(page);
  assert.equal(where, "Layer 1, head 2");
  const difference = instruct.entropies[1][2] - base.entropies[1][2];
  const read = Number(value.match(/^Received entropy, tuned − base: (.*)$/)[1].replaceAll("−", "-"));
  assert.ok(Math.abs(read - difference) <= 1e-2 * Math.abs(difference), `${value}, not ${difference}`);
  assert.deepEqual(await page.locator("#side-maps .readout").allTextContents(), [base, instruct].map(({entropies}) => short(entropies[1][2])));
  const rows = await csvOf(page, "side-maps");
  assert.deepEqual(rows[0], ["side", "layer", "head", "value"]);
  assert.deepEqual(rows.slice(1), [["base", base], ["tuned", instruct]].flatMap(([side, {entropies}]) => flat(entropies).map((row) => [side, ...row])));
});

// ---- drawings

test("pictures leave the page as vectors and as PNG", async (t) => {
  const page = await open(t, main);
  await click(page, 2, 5);
  for (const id of ["map", "metrics", "profiles", "correlation", "spread", "influence", "attention"]) {
    await page.locator(`#m0-${id}`).scrollIntoViewIfNeeded();
    await page.locator(`#m0-${id} svg, #m0-${id} canvas`).first().waitFor();
    await page.locator(`#m0-${id} [data-copy=svg]`).click();
    await page.waitForFunction(() => typeof window.copied === "string");
    const found = await page.evaluate(() => {
      const parsed = new DOMParser().parseFromString(window.copied, "image/svg+xml");
      window.copied = undefined;
      return {error: parsed.querySelector("parsererror")?.textContent, images: parsed.querySelectorAll("image").length,
        shapes: parsed.querySelectorAll("path, rect, line").length, texts: parsed.querySelectorAll("text").length};
    });
    assert.deepEqual([found.error, found.images], [undefined, 0], id);
    assert.ok(found.shapes > 8 && found.texts > 5, `${id}: ${JSON.stringify(found)}`);
  }
  await page.locator("#m0-map [data-copy=png]").click();
  await page.waitForFunction(() => window.copied instanceof Blob);
  assert.equal(await page.evaluate(() => window.copied.type), "image/png");
});

/** Colour of the middle of each cell of the large map, from its pixels. */
function coloursShown(page, layers, heads) {
  return page.evaluate(async ([rows, columns]) => {
    const picture = new Image();
    picture.src = document.querySelector("#m0-map image").getAttribute("href");
    await picture.decode();
    const canvas = Object.assign(document.createElement("canvas"), {width: picture.width, height: picture.height});
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0);
    return Array.from({length: rows * columns}, (_, i) => {
      const [x, y] = [((i % columns) + 0.5) * (picture.width / columns), (Math.floor(i / columns) + 0.5) * (picture.height / rows)];
      const [r, g, b] = context.getImageData(x, y, 1, 1).data;
      return `rgb(${r} ${g} ${b})`;
    });
  }, [layers, heads]);
}

test("cells have the colours of their values, on the scale of this model or of all", async (t) => {
  const page = await open(t, main);
  const values = grouped.model.head_entropies.flat();
  // Received entropy has one scale with and without the sink.
  const scaleOf = (models) => {
    const all = models.flatMap(({model}) => [...model.head_entropies.flat(), ...model.head_metrics.received_entropy_without_first.flat()]);
    return colourScale("sequential", [Math.min(...all), Math.max(...all)]);
  };
  assert.deepEqual(await coloursShown(page, 6, 8), values.map(scaleOf([grouped]).css));
  await choose(page, "Scale of", "report");
  assert.notDeepEqual(scaleOf([grouped, plain]).domain, scaleOf([grouped]).domain);
  assert.deepEqual(await coloursShown(page, 6, 8), values.map(scaleOf([grouped, plain]).css));
});

test("96 x 96 cells are not drawn again while the pointer moves", async (t) => {
  const large = packed(syntheticModel({layers: 96, heads: 96, seed: 9, isFast: true}));
  const page = await open(t, syntheticReport([large]));
  await page.locator("#m0-map").scrollIntoViewIfNeeded();
  const draws = () => page.locator("#m0 .head-map").evaluateAll((plots) => plots.map(({dataset}) => dataset.draws));
  const before = await draws();
  for (const [row, column] of [[0, 0], [10, 90], [95, 95], [50, 3]]) {
    await hover(page, row, column);
    assert.match((await tooltip(page))[0], new RegExp(`^Layer ${row}, head ${column}$`));
  }
  await click(page, 50, 3);
  assert.deepEqual(await draws(), before);
  assert.equal(await page.locator("#m0-map image").count(), 1);
  assert.ok((await page.locator("#m0-map svg *").count()) < 250, "cells are no elements");
});

test("values that are not defined are hatched and counted", async (t) => {
  const holes = structuredClone(plain.model);
  holes.head_metrics.duplicate_token[1][2] = null;
  holes.head_metrics.duplicate_token[2][0] = null;
  const page = await open(t, syntheticReport([{...plain, model: holes}]));
  await choose(page, "Metric", "4");
  assert.match(await page.locator("#m0-map figcaption").textContent(), /2 hatched cells have no value/);
  assert.equal((await page.locator("#m0-map .missing").getAttribute("d")).match(/M/g).length, 2);
  await hover(page, 1, 2);
  assert.equal((await tooltip(page))[1], "Attention to equal tokens: not defined");
  assert.deepEqual((await csvOf(page, "m0-map"))[1 + 1 * 4 + 2], ["1", "2", ""]);
});

test("a model of one layer and one head, and one that failed", async (t) => {
  const tiny = syntheticModel({layers: 2, heads: 1, prompts: 1, seed: 4});
  Object.assign(tiny.model, {si_mean: null, corr_mean: null});
  tiny.model.statistics.head_correlation = [[null]];
  tiny.model.statistics.bootstrap = {reason: "one prompt"};
  const failed = {model: {model: "x/y", display: "Broken", size: "1B", error: "not enough memory"}, attention: null, texts: tiny.texts};
  const page = await open(t, syntheticReport([tiny, failed]));
  await click(page, 1, 0);
  assert.equal(await page.locator("#m0-profiles .profile").count(), 1);
  assert.match(await page.locator("#m1").textContent(), /not enough memory/);
});

test("the first model's views are open, the others are made when they are opened", async (t) => {
  const page = await open(t, main);
  assert.equal(await page.locator("#m1-map").count(), 0);
  await page.locator("#m1 summary").first().click();
  await page.locator("#m1-map").scrollIntoViewIfNeeded();
  await page.locator("#m1-map .head-map svg").waitFor();
  await hover(page, 2, 3, "#m1-map .head-map");
  assert.equal((await tooltip(page))[1], `Received entropy: ${short(plain.model.head_entropies[2][3])}`);
});

test("a finger selects, and a phone's page is no wider than the phone", async (t) => {
  const page = await open(t, main, {viewport: {width: 360, height: 740}, hasTouch: true, isMobile: true});
  const {x, y} = await pointOf(page, 1, 6);
  await page.touchscreen.tap(x, y);
  assert.equal(await page.locator(".selected-heads button").first().textContent(), "head 6 ×");
  assert.match((await tooltip(page))[0], /^Layer 1, head 6/);
  for (const id of ["map", "profiles", "correlation", "spread", "influence", "attention"]) {
    const figure = page.locator(`#m0-${id}`);
    await figure.scrollIntoViewIfNeeded();
    await figure.locator("svg, canvas").first().waitFor();
    const box = await figure.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 360, `${id} is ${box.x} + ${box.width} wide`);
    assert.ok(await figure.evaluate((node) => node.scrollWidth <= node.clientWidth), `${id} overflows`);
  }
});

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds no serious fault, ${colorScheme}`, async (t) => {
    const page = await open(t, main, {colorScheme});
    await click(page, 2, 5);
    for (const id of ["profiles", "correlation", "spread", "influence", "attention"]) await page.locator(`#m0-${id}`).scrollIntoViewIfNeeded();
    await page.locator("#m0-attention .token").first().waitFor();
    await page.evaluate(axeSource);
    const {violations} = await page.evaluate(() => axe.run("#m0"));
    assert.deepEqual(violations.filter(({impact}) => ["serious", "critical"].includes(impact)).map(({id, nodes}) => [id, nodes.slice(0, 3).map(({html, failureSummary}) => `${html} ${failureSummary}`)]), []);
  });
}
