// The page of a sweep in a real browser: its points are drawn, its table finds every cell, and it works by keyboard, in the dark,
// on a phone, on paper and for ten thousand points.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import test, {after, before} from "node:test";
import {launch, openPage, scrollThrough} from "./browser.mjs";
import {pageOf} from "./reports.mjs";
import {lose, syntheticSweep} from "./sweep-synthetic.mjs";
import {stepAxis, wantsLog} from "../src/sweep/axis.js";
import {readSweep} from "../src/sweep/data.js";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const sizes = [{name: "org/tiny-70m", parameters: 7e7}, {name: "org/tiny-160m", parameters: 1.6e8}, {name: "org/tiny-1b", parameters: 1e9}];
const steps = [0, 1, 10, 100, 1000, 10000, 100000];

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

async function open(t, name, report, options) {
  const page = await openPage(t, browser, pageOf(name, report), options);
  await scrollThrough(page);
  return page;
}

async function csvOf(page) {
  await page.evaluate(() => { window.copied = undefined; });
  await page.locator("#curves-chart [data-copy=csv]").click();
  await page.waitForFunction(() => window.copied !== undefined);
  return (await page.evaluate(() => window.copied)).trimEnd().split("\n").map((line) => line.split(","));
}

const cellNames = (page) => page.locator("#cells tbody tr").evaluateAll((rows) => rows.map((row) => row.cells[0].textContent));
const columnOf = async (page, title) => {
  const heads = await page.locator("#cells thead th").allTextContents();
  const at = heads.indexOf(title);
  return page.locator("#cells tbody tr").evaluateAll((rows, i) => rows.map((row) => row.cells[i].textContent), at);
};

test("steps over more than two decades are logarithmic, and zero stands apart", () => {
  assert.equal(wantsLog([0, 1000, 2000, 100000]), false);
  assert.equal(wantsLog([0, 1, 1000]), true);
  const axis = stepAxis([0, 1, 10, 1000], true, 10);
  assert.deepEqual([1, 10, 1000].map(axis.place), [0, 1, 3]);
  assert.ok(axis.place(0) < axis.breakAt && axis.breakAt < 0);
  assert.equal(axis.isApart(0), true);
  assert.deepEqual(axis.ticks.map(axis.tickText), ["0", "1", "10", "100", "1000"]);
  const linear = stepAxis([0, 1000, 5000], false, 10);
  assert.equal(linear.place(1000), 1000);
  assert.equal(linear.isApart(0), false);
});

test("curves over steps, over size, or by name", () => {
  assert.equal(readSweep(syntheticSweep({models: sizes, steps}).sweep).axis, "step");
  assert.equal(readSweep(syntheticSweep({models: sizes, steps: [null]}).sweep).axis, "size");
  const seeds = ["org/seed1", "org/seed2"].map((name) => ({name, parameters: 7e7}));
  const sweep = readSweep(syntheticSweep({models: seeds, steps: [null]}).sweep);
  assert.equal(sweep.axis, "name");
  assert.deepEqual(sweep.styles, ["seed1", "seed2"]);
  assert.deepEqual(readSweep(syntheticSweep({models: sizes, steps, dtypes: ["float32", "float16"]}).sweep).styles, ["float32", "float16"]);
});

test("every point is drawn, with its interval and the null, in a panel for each size", async (t) => {
  const report = syntheticSweep({models: sizes, steps});
  const page = await open(t, "sweep", report);
  assert.equal(await page.locator("h1").textContent(), "Made up over training");
  const chart = page.locator("#curves-chart .chart-body svg").first();
  assert.equal(await chart.locator("g.value circle").count(), 21);
  assert.equal(await chart.locator("g.curve path").count(), 3);
  const text = await chart.textContent();
  for (const size of ["70M parameters", "160M parameters", "1B parameters"]) assert.ok(text.includes(size), text);
  assert.ok((await page.locator("#reading").textContent()).includes("SI falls from 0.95 to 0.55."));
  const rows = await csvOf(page);
  assert.equal(rows.length, 22);
  assert.deepEqual(rows[2].slice(5).map(Number), [report.sweep.values.si[0][1], report.sweep.values.si[1][1], report.sweep.values.si[2][1], 0.93, 1.02]);
});

test("any quantity, on either scale", async (t) => {
  const page = await open(t, "quantity", syntheticSweep({models: sizes, steps}));
  const before = await page.locator("#curves-chart g.curve path").first().getAttribute("d");
  await page.getByLabel("Scale of the steps").selectOption("linear");
  assert.notEqual(await page.locator("#curves-chart g.curve path").first().getAttribute("d"), before);
  await page.getByLabel("Quantity", {exact: true}).selectOption("induction");
  assert.equal(await page.locator("#curves-chart-title").textContent(), "Induction over training");
  assert.deepEqual((await csvOf(page))[1].slice(5), ["0", "", "", "", ""]);
  assert.equal(await page.locator("#curves-chart g.null path").count(), 0);
});

test("the pointer reads a point", async (t) => {
  const page = await open(t, "pointer", syntheticSweep({models: sizes.slice(0, 1), steps}));
  await page.locator("#curves-chart").scrollIntoViewIfNeeded();
  const box = await page.locator("#curves-chart g.value circle").nth(3).boundingBox();
  await page.mouse.move(box.x - 6, box.y);
  await page.mouse.move(box.x + 2, box.y + 2);
  await page.waitForFunction(() => document.querySelector("#curves-chart g.tip text"));
  const said = (await page.locator("#curves-chart g.tip tspan").allTextContents()).map((line) => line.replace("\u200b", "")).join("|");
  assert.match(said, /tiny-70m@step100\|70M parameters\|Specialization Index 0\.816/);
  assert.match(said, /shuffled heads 0\.93 to 1\.02/);
});

test("failures and gaps are said, and each cell leads to its results", async (t) => {
  const report = syntheticSweep({models: sizes, steps});
  lose(report, 2, "no such revision <b>");
  lose(report, 3);
  const page = await open(t, "gaps", report);
  const box = await page.locator(".warnings").textContent();
  assert.ok(box.includes("1 failed, 1 missing") && box.includes("tiny-70m@step10: no such revision <b>"), box);
  assert.ok((await page.locator(".meta").textContent()).includes("19 of 21 measurements"));
  assert.equal(await page.locator("#curves-chart g.value circle").count(), 19);
  await page.getByLabel("Status").selectOption("failed");
  assert.deepEqual(await columnOf(page, "Result"), ["no such revision <b>"]);
  await page.getByLabel("Status").selectOption("measured");
  assert.equal(await page.locator("#cells tbody a").first().getAttribute("href"), "models/org--tiny-70m%400-0/results.json");
});

test("the table is found, sorted and turned by keyboard", async (t) => {
  const many = Array.from({length: 40}, (_, i) => i * 100);
  const page = await open(t, "table", syntheticSweep({models: sizes, steps: many}));
  assert.equal(await page.locator("#cells [role=status]").textContent(), "120 of 120 cells, 1 to 50 shown");
  await page.getByRole("button", {name: "Next"}).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#cells [role=status]").textContent(), "120 of 120 cells, 101 to 120 shown");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Previous");
  await page.locator("#cells [data-sort=si]").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#cells th[aria-sort]").getAttribute("aria-sort"), "descending");
  const shown = (await columnOf(page, "SI")).map(Number);
  assert.deepEqual(shown, [...shown].sort((a, b) => b - a));
  assert.equal(await page.evaluate(() => document.activeElement.dataset.sort), "si");
  await page.getByLabel("Find").fill("1b step3900");
  assert.deepEqual(await cellNames(page), ["tiny-1b"]);
  await page.getByLabel("Find").fill("nothing of the kind");
  assert.equal(await page.locator("#cells [role=status]").textContent(), "0 of 120 cells");
});

for (const [name, options] of [["desktop", {}], ["dark", {colorScheme: "dark"}], ["phone", {viewport: {width: 360, height: 740}}]]) {
  test(`${name}: nothing that axe finds, nothing wider than the screen`, async (t) => {
    const report = syntheticSweep({models: sizes, steps});
    lose(report, 2, "no such revision");
    const page = await open(t, `axe-${name}`, report, options);
    await page.evaluate(axeSource);
    const violations = await page.evaluate(async () => (await window.axe.run()).violations.map(({id, nodes}) => `${id}: ${nodes[0].html}`));
    assert.deepEqual(violations, []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  });
}

test("models without steps stand over size or by name", async (t) => {
  const page = await open(t, "by-size", syntheticSweep({models: sizes, steps: [null]}));
  assert.equal(await page.locator("#curves-chart g.value circle").count(), 3);
  assert.equal(await page.locator("#curves-chart g.interval > *").count(), 3);
  const seeds = Array.from({length: 5}, (_, i) => ({name: `org/seed${i}`, parameters: 7e7}));
  const byName = await open(t, "by-name", syntheticSweep({models: seeds, steps: [null]}));
  assert.equal(await byName.locator("#curves-chart g.value circle").count(), 5);
  assert.ok((await byName.locator("#curves-chart svg").first().textContent()).includes("seed4@main"));
});

test("ten thousand points stay usable", async (t) => {
  const many = Array.from({length: 1000}, (_, i) => i * 143);
  const models = Array.from({length: 10}, (_, i) => ({name: `org/model-${i}`, parameters: 7e7 * 2 ** i}));
  const page = await open(t, "many", syntheticSweep({models, steps: many}));
  assert.equal(await page.locator("#cells [role=status]").textContent(), "10000 of 10000 cells, 1 to 50 shown");
  const {nodes, duration} = await page.evaluate(() => ({nodes: document.querySelectorAll("*").length,
    duration: performance.timing.loadEventEnd - performance.timing.navigationStart}));
  t.diagnostic(`loaded in ${duration} ms, ${nodes} elements`);
  assert.ok(nodes < 5000);
  assert.equal(await page.locator("#curves-chart g.curve path").count(), 10);
  await page.getByLabel("Find").fill("model-9 step142857");
  assert.deepEqual(await cellNames(page), ["model-9"]);
});

test("a sweep of which nothing is measured says so", async (t) => {
  const report = syntheticSweep({models: sizes.slice(0, 1), steps: [1, 2]});
  lose(report, 0);
  lose(report, 1);
  report.sweep.curves = [];
  report.sweep.readings = [];
  const page = await open(t, "nothing", report);
  assert.ok((await page.locator("#reading").textContent()).includes("Nothing is measured yet."));
  assert.equal(await page.locator("#curves-chart").count(), 0);
});
