// Whole pages in a real browser: the numbers are those of results.json, every chart has its marks and its copies, and the page is
// usable by keyboard, in the dark, on a phone and on paper.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import test, {after, before} from "node:test";
import {launch, openPage, scrollThrough} from "./browser.mjs";
import {palettes} from "../src/chart/theme.js";
import {fixture, largeReport, pageOf, reports} from "./reports.mjs";

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const phone = {viewport: {width: 360, height: 740}};
const all = reports();
const named = (name) => all.find((report) => report.name === name);

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

const open = (t, address, options) => openPage(t, browser, address, options);

const unfold = (page) => page.evaluate(() => {
  for (let folded; (folded = document.querySelector("main details:not([open])"));) {
    folded.fill?.();
    folded.open = true;
  }
});

const fixed = (value, digits = 4) => value === null || value === undefined ? "–" : value.toFixed(digits).replace("-", "−");
const chosen = (bootstrap) => bootstrap.bca_95 ?? bootstrap.percentile_95;

async function tableOf(page, selector) {
  const rows = await page.locator(`${selector} tr`).evaluateAll((found) => found.map((row) => [...row.cells].map((cell) => cell.textContent)));
  return {head: rows[0], rows: rows.slice(1)};
}

async function copied(page, id, kind) {
  await page.evaluate(() => { window.copied = undefined; });
  await page.locator(`#${id} [data-copy=${kind}]`).click();
  await page.waitForFunction(() => window.copied !== undefined);
  return page.evaluate(() => window.copied);
}

const csv = (text) => text.trimEnd().split("\n").map((line) => line.split(","));

for (const report of all.filter(({isComparison}) => !isComparison)) {
  test(`${report.name}: the key numbers are those of results.json`, async (t) => {
    const page = await open(t, report.address);
    const {head, rows} = await tableOf(page, "#numbers table");
    const cell = (row, title) => row[head.indexOf(title)];
    assert.equal(rows.length, report.expected.results.length);
    report.expected.results.forEach((model, i) => {
      const {bootstrap, variance_shares: shares, permutation_null: null_} = model.statistics;
      assert.equal(cell(rows[i], "Model"), model.display);
      assert.equal(cell(rows[i], "SI"), fixed(model.si_mean));
      assert.equal(cell(rows[i], "95 % interval"), chosen(bootstrap).map((bound) => fixed(bound)).join(" to "));
      assert.equal(cell(rows[i], "Depth share"), fixed(shares.depth_share));
      assert.equal(cell(rows[i], "Null mean"), fixed(null_.mean));
      assert.equal(cell(rows[i], "p").replace("≤ ", ""), null_.p.toPrecision(2));
      assert.equal(cell(rows[i], "Layers × heads"), `${model.num_layers} × ${model.num_heads}`);
    });
  });

  test(`${report.name}: the ladder has a dot, an interval and a null for each model`, async (t) => {
    const page = await open(t, report.address);
    await scrollThrough(page);
    const {results: models, reference_phi3: references = {}, hypothesis} = report.expected;
    const ladder = page.locator("#ladder-chart svg").first();
    const dots = models.length + Object.keys(references).length;
    assert.equal(await ladder.locator("g.value > path, g.value > circle").count(), dots);
    assert.equal(await ladder.locator("g.interval > *").count(), models.length);
    assert.equal(await ladder.locator("g.null-band > *").count(), models.length);
    const rows = csv(await copied(page, "ladder-chart", "csv"));
    assert.deepEqual(rows[0], ["name", "kind", "size_b", "si", "low_95", "high_95", "null_low_95", "null_high_95", "p"]);
    models.forEach((model, i) => {
      const {bootstrap, permutation_null: null_} = model.statistics;
      assert.deepEqual(rows[i + 1].slice(3).map(Number), [model.si_mean, ...chosen(bootstrap), ...null_.middle_95, null_.p]);
    });
    Object.entries(references).forEach(([name, {si}], i) => {
      assert.equal(rows[models.length + 1 + i][0], name);
      assert.equal(Number(rows[models.length + 1 + i][3]), si);
    });
    if (!hypothesis) return;
    const size = page.locator("#size-chart svg").first();
    assert.equal(await size.locator("g.value > path, g.value > circle").count(), dots);
    assert.equal(await size.locator("g.trend path").count(), 1);
  });
}

test("experiment: verdict, rules, hypothesis and readings are said", { skip: !named("experiment") }, async (t) => {
  const {address, expected} = named("experiment");
  const page = await open(t, address);
  assert.equal(await page.locator(".verdict").getAttribute("data-conclusion"), expected.verdict.conclusion);
  const text = (await page.locator("#verdict").textContent()).toLowerCase();
  assert.ok(text.includes(expected.hypothesis.H0.toLowerCase()));
  assert.ok(text.includes(`${expected.verdict.models_within_target} of ${expected.verdict.total_models_with_reference}`));
  for (const reading of expected.readings) assert.ok(text.includes(reading.toLowerCase().replace(/(^|[\s(])-(?=\d)/g, "$1−")), reading);
});

test("two rules that differ are shown side by side", async (t) => {
  const report = fixture("experiment");
  Object.assign(report.results.verdict, {conclusion: "INCONCLUSIVE", b11_recommendation: "B-Tier (unchanged)"});
  Object.assign(report.results.verdict_printed, {conclusion: "HERITAGE_CONFIRMED", recommendation: "A-Tier", agrees_with_stored: false});
  const page = await open(t, pageOf("two-rules", report));
  const {rows} = await tableOf(page, "#verdict table");
  assert.deepEqual(rows.map((row) => row.slice(1, 4)), [["3", "Heritage hypothesis confirmed", "A-Tier"], ["4", "Inconclusive", "B-Tier (unchanged)"]]);
});

test("a model that failed and warnings stand at the top", async (t) => {
  const report = fixture("experiment");
  const {model, display, size} = report.results.results[1];
  report.results.results[1] = {model, display, size, error: "out of memory <b>"};
  report.results.warnings = ["the ladder mixes models with and without BOS"];
  report.results.results[0].warnings = ["NaN first in softmax: the index is not to be trusted"];
  const page = await open(t, pageOf("failed", report));
  const items = await page.locator(".warnings li").allTextContents();
  assert.deepEqual(items, ["The ladder mixes models with and without BOS.", "Nano 0.5M: NaN first in softmax: the index is not to be trusted",
    `${display}: not measured: out of memory <b>`]);
  assert.equal(await page.locator("main").evaluate((main) => main.firstElementChild.className), "warnings");
  await unfold(page);
  await scrollThrough(page);
  const {rows} = await tableOf(page, "#numbers table");
  assert.deepEqual(rows[1].slice(4, 9), ["–", "–", "–", "–", "–"]);
});

test("measurement: sensitivity and baselines", { skip: !named("measurement") }, async (t) => {
  const {address, expected: {results: [model]}} = named("measurement");
  const page = await open(t, address);
  await unfold(page);
  await scrollThrough(page);
  const chart = page.locator("#m0-sensitivity svg").first();
  const many = model.sensitivity.filter(({kind, si}) => kind.startsWith("without") && si !== null).length;
  assert.equal(await chart.locator("g.each > *").count(), many);
  assert.equal(await chart.locator("g.value > *").count(), model.sensitivity.filter(({si}) => si !== null).length - many);
  const rows = csv(await copied(page, "m0-sensitivity", "csv")).slice(1);
  assert.equal(rows.length, model.sensitivity.length);
  rows.forEach((row, i) => assert.equal(Number(row.at(-2)), model.sensitivity[i].si));
  const table = await tableOf(page, "#sensitivity .table-box[aria-label^=Sensitivity] table");
  assert.deepEqual(table.rows.map((row) => row[2]), model.sensitivity.map(({si}) => fixed(si)));
  const baselines = await tableOf(page, "#sensitivity .table-box[aria-label^=Baselines] table");
  assert.deepEqual(baselines.rows[0].slice(1), [fixed(model.si_mean), "–", fixed(model.baselines.random_weights?.si)]);
  assert.deepEqual(baselines.rows.slice(1).map((row) => row[2]), Object.values(model.baselines.uniform_head).map((value) => fixed(value)));
});

for (const report of all.filter(({isComparison}) => isComparison)) {
  test(`${report.name}: verdict, differences and variances are those of results.json`, async (t) => {
    const page = await open(t, report.address);
    await scrollThrough(page);
    const {results: {base, instruct, verdict}, statistics} = report.expected;
    assert.equal(await page.locator(".verdict").getAttribute("data-conclusion"), verdict.code);
    assert.equal(await page.locator(".criteria .met").count(),
      [verdict.specialization_decreased, verdict.correlation_increased, verdict.variance_decreased].filter(Boolean).length);
    const numbers = await tableOf(page, "#numbers table");
    assert.deepEqual(numbers.rows[0].slice(1, 3), [base, instruct].map((side) => fixed(side.specialization.specialization_index)));

    const rows = csv(await copied(page, "differences-chart", "csv")).slice(1);
    const deltas = Object.entries(statistics);
    assert.equal(rows.length, deltas.length);
    deltas.forEach(([key, delta], i) => {
      const none = ["", ""];
      const bounds = delta.bootstrap.reason ? none : chosen(delta.bootstrap).map(String);
      const null_ = delta.permutation_null.reason ? [...none, ""] : [...delta.permutation_null.band_95.map(String), String(delta.permutation_null.p)];
      assert.deepEqual(rows[i], [key, String(delta.value), ...bounds, ...null_]);
    });
    const chart = page.locator("#differences-chart .chart-body");
    assert.equal(await chart.locator("g.value > *").count(), deltas.length);
    assert.equal(await chart.locator("g.interval > *").count(), deltas.filter(([, delta]) => !delta.bootstrap.reason).length);
    assert.equal(await chart.locator("g.null-band > *").count(), deltas.filter(([, delta]) => !delta.permutation_null.reason).length);

    const variances = csv(await copied(page, "variance-chart", "csv")).slice(1);
    assert.deepEqual(variances.map((row) => Number(row[2])), [base, instruct].flatMap((side) => side.specialization.layer_variances));
    assert.equal(await page.locator("#variance-chart g.value > *").count(), variances.length);

    const hasMap = base.specialization.num_layers === instruct.specialization.num_layers && base.specialization.num_heads === instruct.specialization.num_heads;
    assert.equal(await page.locator("#difference-map").count(), hasMap ? 1 : 0);
    if (!hasMap) return;
    const cells = csv(await copied(page, "difference-map", "csv")).slice(1);
    assert.equal(cells.length, base.specialization.num_layers * base.specialization.num_heads);
    for (const [layer, head, value] of cells) assert.equal(Number(value), instruct.entropies[layer][head] - base.entropies[layer][head]);
  });
}

for (const report of all) {
  test(`${report.name}: every chart copies as CSV, SVG and PNG`, async (t) => {
    const page = await open(t, report.address);
    await unfold(page);
    await scrollThrough(page);
    const ids = await page.locator("figure.chart").evaluateAll((figures) => figures.filter((figure) => figure.checkVisibility()).map((figure) => figure.id));
    assert.ok(ids.length >= 5, ids.join());
    assert.equal(new Set(ids).size, ids.length);
    for (const id of ids) {
      const table = csv(await copied(page, id, "csv"));
      assert.ok(table.length > 1, id);
      const text = await copied(page, id, "svg");
      const faults = await page.evaluate((source) => {
        const svg = new DOMParser().parseFromString(source, "image/svg+xml");
        const found = [];
        if (svg.querySelector("parsererror")) return [svg.querySelector("parsererror").textContent];
        const {documentElement: root} = svg;
        if (root.localName !== "svg" || !(Number(root.getAttribute("width")) > 0)) found.push("no size");
        if (!root.querySelector("rect")) found.push("no background");
        if (!root.getAttribute("font-family")) found.push("no font");
        if (svg.querySelector("script, foreignObject, image:not([href^='data:']), style")) found.push("more than a drawing");
        for (const node of svg.querySelectorAll("*")) for (const {name, value} of node.attributes) {
          if (/var\(|currentColor/.test(value)) found.push(`${name}=${value}`);
          if (!/^xmlns/.test(name) && /(https?:|\/\/|url\((?!["']?#))/.test(value)) found.push(`${name}=${value}`);
          if (/NaN|Infinity|undefined/.test(value)) found.push(`${name}=${value.slice(0, 80)}`);
        }
        return found;
      }, text);
      assert.deepEqual(faults, [], id);
      assert.deepEqual((await copied(page, id, "png")).slice(0, 4), [0x89, 0x50, 0x4e, 0x47], id);
    }
  });

  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [{width: 1280, height: 900}, phone.viewport]) {
      test(`${report.name}: axe finds nothing serious, ${colorScheme}, ${viewport.width} px`, async (t) => {
        const page = await open(t, report.address, {colorScheme, viewport});
        await unfold(page);
        await scrollThrough(page);
        await page.evaluate(axeSource);
        const {violations} = await page.evaluate(() => window.axe.run(document, {resultTypes: ["violations"]}));
        const grave = violations.filter(({impact}) => impact === "serious" || impact === "critical")
          .map(({id, nodes}) => `${id}: ${nodes.slice(0, 3).map(({html, failureSummary}) => `${html.slice(0, 120)} ${failureSummary}`).join("; ")}`);
        assert.deepEqual(grave, []);
      });
    }
  }

  test(`${report.name}: nothing is wider than a phone`, async (t) => {
    const page = await open(t, report.address, phone);
    await unfold(page);
    await scrollThrough(page);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
      .filter((node) => node.getBoundingClientRect().right > innerWidth + 1 && !node.closest(".table-box")).map((node) => node.outerHTML.slice(0, 100)));
    assert.deepEqual(wide, []);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  });

  test(`${report.name}: paper shows what is folded, in light colours and without tools`, async (t) => {
    const page = await open(t, report.address, {colorScheme: "dark"});
    await scrollThrough(page);
    await page.emulateMedia({media: "print", colorScheme: "dark"});
    await page.waitForFunction(() => !document.querySelector("main details:not([open])"));
    const state = await page.evaluate(() => ({
      background: getComputedStyle(document.body).backgroundColor,
      tools: [...document.querySelectorAll(".toolbar, .contents, .theme-switch")].filter((node) => node.checkVisibility()).length,
      empty: [...document.querySelectorAll("figure.chart .chart-body")].filter((body) => body.checkVisibility() && body.childElementCount === 0).map((body) => body.parentElement.id),
      legends: [...new Set([...document.querySelectorAll("figure.chart .legend[font-family]")].map((legend) => legend.getAttribute("fill")))],
      tokens: document.querySelectorAll(".piece").length
    }));
    assert.deepEqual({...state, tokens: 0}, {background: "rgb(255, 255, 255)", tools: 0, empty: [], legends: [palettes.light.muted], tokens: 0});
    if (report.expected.results[0]?.tokens) assert.ok(state.tokens > 10);
    assert.equal((await page.pdf({format: "A4"})).subarray(0, 5).toString(), "%PDF-");
  });
}

test("a refused clipboard saves a file instead, and says so", async (t) => {
  const {address} = all[0];
  const page = await open(t, address, {clipboard: "refused"});
  await scrollThrough(page);
  const figure = all[0].isComparison ? "differences-chart" : "ladder-chart";
  for (const kind of ["csv", "svg", "png"]) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(`#${figure} [data-copy=${kind}]`).click()]);
    assert.match(download.suggestedFilename(), new RegExp(`\\.${kind}$`));
    await page.waitForFunction(([id, end]) => document.querySelector(`#${id} .toolbar-status`).textContent.includes(end), [figure, `.${kind}: the clipboard was refused`]);
    const start = readFileSync(await download.path()).subarray(0, 4);
    assert.deepEqual([...start], [...{csv: "name", svg: "<svg", png: "\x89PNG"}[kind]].map((c) => c.charCodeAt(0)));
  }
});

test("everything can be reached and used by keyboard", async (t) => {
  const {address, isComparison} = all[0];
  const page = await open(t, address);
  await unfold(page);
  await scrollThrough(page);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => location.hash), "#content");
  await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0); });

  // One of a group of radio buttons has the focus for all of them.
  const controls = await page.evaluate(() => {
    const seen = new Set();
    return [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")].filter((node) => {
      if (!node.checkVisibility({visibilityProperty: true}) || node.disabled || node.tabIndex < 0) return false;
      const group = node.type === "radio" ? node.name : node;
      return !seen.has(group) && seen.add(group);
    }).length;
  });
  await page.locator("h1").click();
  const reached = await page.evaluate(() => { window.reached = new Set(); addEventListener("focusin", ({target}) => window.reached.add(target)); return 0; });
  assert.equal(reached, 0);
  for (let i = 0; i < controls + 5; i += 1) await page.keyboard.press("Tab");
  assert.ok(await page.evaluate(() => window.reached.size) >= controls - 1);

  const figure = isComparison ? "differences-chart" : "ladder-chart";
  await page.locator(`#${figure} [data-copy=csv]`).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => typeof window.copied === "string");
  assert.equal(await page.locator(`#${figure} .toolbar-status`).textContent(), "CSV copied");
});

test("the theme follows the system, and the switch has the last word", async (t) => {
  const page = await open(t, all[0].address, {colorScheme: "dark"});
  await scrollThrough(page);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const legend = () => page.locator(".legend").first().getAttribute("fill");
  const [dark, darkLegend] = [await background(), await legend()];
  assert.notEqual(dark, "rgb(255, 255, 255)");
  await page.getByRole("radio", {name: "Light"}).check();
  assert.equal(await background(), "rgb(255, 255, 255)");
  await page.locator(".legend").first().scrollIntoViewIfNeeded();
  await page.waitForFunction((before) => document.querySelector(".legend").getAttribute("fill") !== before, darkLegend);
  await page.getByRole("radio", {name: "Auto"}).check();
  assert.equal(await background(), dark);
  await page.emulateMedia({colorScheme: "light"});
  assert.equal(await background(), "rgb(255, 255, 255)");
});

test("the pointer reads a value in a chart", { skip: !named("experiment") }, async (t) => {
  const {address, expected: {results: [model]}} = named("experiment");
  const page = await open(t, address);
  await scrollThrough(page);
  await page.locator("#ladder-chart").scrollIntoViewIfNeeded();
  const box = await page.locator("#ladder-chart g.interval > *").first().boundingBox();
  await page.mouse.move(box.x - 120, box.y + 4);
  await page.mouse.move(box.x - 100, box.y + 4);
  await page.waitForFunction(() => document.querySelector("#ladder-chart g[aria-label=tip] text"));
  const lines = await page.locator("#ladder-chart g[aria-label=tip] tspan").allTextContents().then((found) => found.map((line) => line.replace("\u200b", "")));
  assert.ok(lines.join("|").includes(`${model.display}|SI ${fixed(model.si_mean)}|95 % interval ${chosen(model.statistics.bootstrap).map((bound) => fixed(bound)).join(" to ")}`), lines.join("|"));
});

test("tokens of a prompt with their roles and ids", async (t) => {
  const report = largeReport({layers: 4, heads: 4, models: 2});
  const page = await open(t, pageOf("tokens", report));
  const prompt = page.locator("#prompts .prompts > details").first();
  await prompt.locator("summary").click();
  const [model] = report.results.results;
  const pieces = prompt.locator(".piece");
  await pieces.first().waitFor();
  assert.equal(await pieces.count(), model.tokens[0].length);
  assert.equal(await prompt.locator(".role-bos").count(), 1);
  assert.equal(await prompt.locator(".role-template").count(), model.token_roles[0].filter((role) => role === "template").length);
  assert.equal(await prompt.locator(".token-models").textContent(), `made-up 1 and made-up 2: ${model.tokens[0].length} tokens`);
  assert.equal(await prompt.locator(".piece-id").first().isVisible(), false);
  await page.getByLabel("show token ids").check();
  assert.deepEqual(await prompt.locator(".piece-id").allTextContents(), model.token_ids[0].map(String));
  assert.equal(await prompt.locator(".piece-id").first().isVisible(), true);
});

test("the contents name every section, and a link to a model opens its views", { skip: !named("experiment") }, async (t) => {
  const page = await open(t, named("experiment").address);
  const links = await page.locator(".contents a").evaluateAll((found) => found.map((link) => link.getAttribute("href")));
  for (const link of links) assert.equal(await page.locator(link).count(), 1, link);
  assert.ok(["#verdict", "#numbers", "#ladder", "#models", "#m1", "#prompts", "#provenance"].every((link) => links.includes(link)));
  assert.equal(await page.locator("#m1 > details").getAttribute("open"), null);
  await page.locator(".contents a[href='#m1']").click();
  await page.locator("#m1 > details[open]").waitFor();
  await page.locator("#m1-map svg").waitFor();
});

test("provenance holds every file's hash", async (t) => {
  const {address, expected} = named("measurement") ?? named("experiment") ?? all[0];
  const page = await open(t, address);
  await unfold(page);
  const text = await page.locator("#provenance").textContent();
  for (const model of Array.isArray(expected.results) ? expected.results : []) {
    for (const {name, hash} of model.provenance.files) assert.ok(text.includes(name) && text.includes(hash), name);
    assert.ok(text.includes(model.numerics.profile));
  }
  assert.ok(text.includes(expected.environment.compiler));
});

for (const shape of [{layers: 32, heads: 32, models: 1}, {layers: 96, heads: 96, models: 10}]) {
  test(`${shape.models} of ${shape.layers} layers x ${shape.heads} heads open and draw only what is near`, async (t) => {
    const report = largeReport(shape);
    const page = await open(t, pageOf(`large-${shape.layers}`, report));
    await page.locator("#numbers table").waitFor();
    const {rows} = await tableOf(page, "#numbers table");
    assert.deepEqual(rows.map((row) => row[4]), report.results.results.map((model) => fixed(model.si_mean)));
    const {duration, nodes, drawn} = await page.evaluate(() => ({
      duration: performance.timing.loadEventEnd - performance.timing.navigationStart, nodes: document.querySelectorAll("*").length,
      drawn: [...document.querySelectorAll("figure.chart .chart-body")].filter((body) => body.childElementCount > 0).length
    }));
    t.diagnostic(`${shape.models} x ${shape.layers} x ${shape.heads}: loaded in ${duration} ms, ${nodes} elements, ${drawn} charts drawn`);
    assert.ok(nodes < 5000);
    assert.equal(await page.locator("#m1-map").count(), 0);
    await scrollThrough(page);
    await page.locator("#m0-map svg").waitFor();
    if (shape.models === 1) return;
    await page.locator("#m9 > details > summary").click();
    await page.locator("#m9-map svg").waitFor();
  });
}

test("the empty page says what it is", async (t) => {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(new URL("../bundle/report.html", import.meta.url).href);
  assert.match(await page.locator("main").textContent(), /headspec run/);
});
