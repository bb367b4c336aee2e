// The parts of a model's views that need no document.

import assert from "node:assert/strict";
import test from "node:test";

import {averageLinkage, brackets} from "../src/model/cluster.js";
import {colourScale, symmetric} from "../src/model/colours.js";
import {extent, headProfile, layerRow, mean, quantile, short, tickFormat, ticks} from "../src/model/numbers.js";
import {descending, inverse, orderHeads, orderLayers} from "../src/model/order.js";
import {createSelection} from "../src/model/selection.js";
import {isByteLevel, visible} from "../src/model/tokens.js";
import {isCausal, linesByLevel, strongest, weightsOf, withoutFirst} from "../src/model/weights.js";

const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 1e-12, `${actual} is not ${expected}`);

// ---- clustering

/** A correlation matrix whose distances 1 - r are given above the diagonal. */
function fromDistances(n, above) {
  const r = new Float64Array(n * n).fill(1);
  let next = 0;
  for (let i = 0; i < n; i += 1)
    for (let j = i + 1; j < n; j += 1) r[i * n + j] = r[j * n + i] = 1 - above[next++];
  return r;
}

test("average linkage joins the closest first and averages over leaves", () => {
  const {order, merges, leaves} = averageLinkage(
    fromDistances(5, [0.17, 0.21, 0.31, 0.23, 0.3, 0.34, 0.21, 0.28, 0.39, 0.43]),
    5,
  );
  // The textbooks' example of UPGMA, five bacteria by their 16S RNA: heights 17, 22, 28, 33.
  assert.equal(leaves, 5);
  assert.deepEqual(merges.map(({left, right, size}) => [left, right, size]), [
    [0, 1, 2],
    [5, 4, 3],
    [2, 3, 2],
    [6, 7, 5]
  ]);
  [0.17, 0.22, 0.28, 0.33].forEach((height, i) => near(merges[i].height, height));
  assert.deepEqual(order, [0, 1, 4, 2, 3]);
});

test("heads without a correlation come last and take no part", () => {
  const r = fromDistances(4, [0.5, 0.1, 0.5, 0.5, 0.9, 0.2]);
  for (let other = 0; other < 4; other += 1) r[1 * 4 + other] = r[other * 4 + 1] = NaN;
  const {order, merges, leaves} = averageLinkage(r, 4);
  assert.equal(leaves, 3);
  assert.deepEqual(order, [0, 2, 3, 1]);
  near(merges[0].height, 0.1);
  near(merges[1].height, 0.35);
});

test("one head, and heads that all lack a correlation", () => {
  assert.deepEqual(averageLinkage(Float64Array.of(1), 1), {order: [0], merges: [], leaves: 1});
  assert.deepEqual(averageLinkage(new Float64Array(4).fill(NaN), 2).order, [0, 1]);
});

test("the tree's brackets stand over their leaves", () => {
  const clustering = averageLinkage(fromDistances(3, [0.4, 0.1, 0.6]), 3);
  assert.deepEqual(clustering.order, [0, 2, 1]);
  const [first, second] = brackets(clustering, 3);
  assert.deepEqual([first.left, first.right, first.leftHeight, first.rightHeight], [0, 1, 0, 0]);
  near(first.height, 0.1);
  assert.deepEqual([second.left, second.right], [0.5, 2]);
  near(second.height, 0.5);
});

// ---- orders

const values = Float64Array.of(0.1, 0.9, 0.5, 0.7, 0.2, NaN); // 2 layers x 3 heads

test("heads are ordered by mean, by the current layer and by cluster; undefined values come last", () => {
  assert.deepEqual(orderHeads(values, 3, {by: "index"}), [0, 1, 2]);
  assert.deepEqual(orderHeads(values, 3, {by: "mean"}), [1, 2, 0]); // 0.55, 0.5, 0.4
  assert.deepEqual(orderHeads(values, 3, {by: "layer", layer: 0}), [1, 2, 0]);
  assert.deepEqual(orderHeads(values, 3, {by: "layer", layer: 1}), [0, 1, 2]);
  assert.deepEqual(orderHeads(values, 3, {by: "cluster", cluster: [2, 0, 1]}), [2, 0, 1]);
});

test("layers are ordered by mean", () => {
  assert.deepEqual(orderLayers(values, 3, {by: "index"}), [0, 1]);
  assert.deepEqual(orderLayers(Float64Array.of(1, 2, 5, 6, 3, 4), 2, {by: "mean"}), [1, 2, 0]);
});

test("equal values stay in index order, and inverse undoes an order", () => {
  assert.deepEqual(descending([1, 2, 1, 2, NaN, NaN]), [1, 3, 0, 2, 4, 5]);
  assert.deepEqual(inverse([2, 0, 1]), [1, 2, 0]);
});

// ---- numbers

test("means, extents and quantiles leave out what is not defined", () => {
  near(mean(values), 2.4 / 5);
  assert.deepEqual(extent(values), [0.1, 0.9]);
  assert.equal(extent([NaN]), null);
  near(quantile([4, NaN, 1, 3, 2], 0.25), 1.75);
  near(quantile([1, 2, 3, 4], 0.5), 2.5);
  assert.ok(Number.isNaN(quantile([NaN], 0.5)));
});

test("a profile is a column, a layer is a row", () => {
  assert.deepEqual([...headProfile(values, 3, 1)], [0.9, 0.2]);
  assert.deepEqual([...layerRow(values, 3, 0)], [0.1, 0.9, 0.5]);
});

test("ticks are round and inside", () => {
  assert.deepEqual(ticks(0.43, 0.97, 5), [0.5, 0.6, 0.7, 0.8, 0.9]);
  assert.deepEqual(ticks(0, 31, 5), [0, 5, 10, 15, 20, 25, 30]);
  assert.deepEqual(ticks(2, 2, 5), [2]);
});

test("ticks have as many decimals as they need", () => {
  assert.deepEqual([0, 0.5, 1].map(tickFormat([0, 0.5, 1])), ["0.0", "0.5", "1.0"]);
  assert.deepEqual([0, 5].map(tickFormat([0, 5])), ["0", "5"]);
  assert.deepEqual([-0.025, 0].map(tickFormat([-0.025, 0])), ["\u22120.025", "0.000"]);
});

test("numbers are short but keep three digits", () => {
  assert.deepEqual([0, 0.8123, -0.25, 12.34, 123.4, NaN, 0.00012].map(short), [
    "0",
    "0.812",
    "\u22120.250",
    "12.3",
    "123",
    "not defined",
    "1.2e\u22124"
  ]);
});

// ---- colours

test("a scale maps its domain to the ends of its colours and clamps", () => {
  const scale = colourScale("sequential", [0.2, 0.6]);
  assert.deepEqual([0.2, 0.4, 0.6, 0, 1].map(scale.place), [0, 128, 255, 0, 255]);
  assert.equal(scale.css(0.2), "rgb(68 1 84)");
  assert.equal(scale.css(0.6), "rgb(253 231 37)");
});

test("a diverging scale has its neutral colour at 0", () => {
  assert.deepEqual(symmetric([-0.2, 0.5]), [-0.5, 0.5]);
  const [r, g, b] = colourScale("diverging", [-0.5, 0.5]).css(0).match(/\d+/g).map(Number);
  assert.ok(Math.max(r, g, b) - Math.min(r, g, b) < 6, `${r} ${g} ${b} is not grey`);
});

// ---- selection

test("a chosen cell selects its head, another layer moves it, the same cell gives it up", () => {
  const selection = createSelection({layers: 4, heads: 12});
  let told = 0;
  selection.onSelected(() => ++told);
  assert.equal(selection.choose({layer: 2, head: 5}), "selected");
  assert.equal(selection.layer, 2);
  assert.equal(selection.choose({layer: 3, head: 5}), "moved");
  assert.equal(selection.choose({layer: 3, head: 7}), "selected");
  assert.deepEqual(selection.selected, [{head: 5, slot: 0}, {head: 7, slot: 1}]);
  assert.equal(selection.choose({layer: 3, head: 5}), "cleared");
  assert.equal(selection.choose({layer: 0, head: 1}), "selected");
  assert.deepEqual(selection.selected, [{head: 7, slot: 1}, {head: 1, slot: 0}]);
  selection.clear();
  assert.deepEqual(selection.selected, []);
  assert.equal(told, 6);
});

test("no ninth head is selected, and its layer does not become current", () => {
  const selection = createSelection({layers: 2, heads: 12});
  for (let head = 0; head < 8; head += 1) selection.choose({layer: 0, head});
  assert.equal(selection.choose({layer: 1, head: 8}), "full");
  assert.equal(selection.selected.length, 8);
  assert.equal(selection.layer, 0);
  assert.equal(new Set(selection.selected.map(({slot}) => slot)).size, 8);
});

test("hover is told once for each cell", () => {
  const selection = createSelection({layers: 2, heads: 2});
  const seen = [];
  selection.onHover((cell) => seen.push(cell));
  selection.setHover({layer: 1, head: 0});
  selection.setHover({layer: 1, head: 0});
  selection.setHover(null);
  selection.setHover(null);
  assert.deepEqual(seen, [{layer: 1, head: 0}, null]);
});

// ---- tokens

test("white space and bytes of tokens are made visible", () => {
  assert.ok(isByteLevel(["What", "\u0120is"]));
  assert.ok(!isByteLevel(["What", "\u2581is"]));
  assert.equal(visible("\u0120is", true), "\u2423is");
  assert.equal(visible("\u010a", true), "\u21b5");
  assert.equal(visible("caf\u00c3\u00a9", true), "caf\u00e9");
  assert.equal(visible("\u00c3", true), "\u00c3"); // half a character
  assert.equal(visible("\u2581is", false), "\u2423is");
  assert.equal(visible("<0x0A>", false), "\u21b5");
  assert.equal(visible("##ing", false), "##ing");
  assert.equal(visible("", false), "\u2205");
  assert.equal(visible("a\u200bb", false), "a\\u200bb");
});

// ---- attention

test("weights are read by layer, head, query and key", () => {
  // 1 layer, 2 heads, 2 tokens
  const weights = weightsOf(Uint8Array.of(255, 0, 51, 204, 255, 0, 255, 0), {layers: 1, heads: 2});
  assert.deepEqual([...weights.of(0, 0)].map((w) => Math.round(w * 255)), [255, 0, 51, 204]);
  assert.deepEqual([...weights.meanOf(0)].map((w) => Math.round(w * 510)), [510, 0, 306, 204]);
  assert.deepEqual([...withoutFirst(weights.of(0, 0), 2)].map((w) => Math.round(w * 255)), [0, 0, 0, 204]);
  assert.deepEqual(strongest(weights.of(0, 0), 2, 1, 5).map(({key}) => key), [1, 0]);
  assert.deepEqual(strongest(weights.of(0, 1), 2, 1, 5).map(({key}) => key), [0]);
});

test("lines are grouped by opacity, of one token if there is a focus", () => {
  const matrix = Float32Array.of(1, 0, 0, 0.2, 0.8, 0, 0.2, 0.004, 0.8);
  const line = (query, key) => `${query}-${key} `;
  const all = linesByLevel(matrix, 3, {focus: null, least: 0.01, line});
  assert.deepEqual([...all], [[255, "0-0 "], [51, "1-0 2-0 "], [204, "1-1 2-2 "]]);
  assert.deepEqual([...linesByLevel(matrix, 3, { focus: {side: "query", index: 2}, least: 0, line })], [[51, "2-0 "], [1, "2-1 "], [204, "2-2 "]]);
  assert.deepEqual([...linesByLevel(matrix, 3, { focus: {side: "key", index: 1}, least: 0, line })], [[204, "1-1 "], [1, "2-1 "]]);
});

test("attention that never looks ahead is causal", () => {
  assert.ok(isCausal(Float32Array.of(1, 0, 0.5, 0.5), 2));
  assert.ok(!isCausal(Float32Array.of(0.5, 0.5, 0.5, 0.5), 2));
});
