// What data.js makes of the program's JSON, and how numbers are written.
import assert from "node:assert/strict";
import test from "node:test";
import {readDocument, readReport, unpack} from "../src/data.js";
import {bytes, digits, fixed, interval, probability, significant} from "../src/format.js";
import {breadth, ticks} from "../src/model/numbers.js";
import {sentence} from "../src/sections/words.js";
import {fixture} from "./reports.mjs";
import {packArray, packed, syntheticModel, syntheticReport} from "./model-synthetic.mjs";

const documentOf = (report) => ({getElementById: () => ({textContent: JSON.stringify(report)})});
const read = (report) => readReport(readDocument(documentOf(report)));

test("arrays are read nested and packed alike", () => {
  const nested = [[0.5, null, 1], [0.25, 2, -3]];
  for (const array of [nested, packArray(nested)]) {
    const {values, shape} = unpack(array);
    assert.deepEqual(shape, [2, 3]);
    assert.deepEqual([...values], [0.5, NaN, 1, 0.25, 2, -3]);
  }
  assert.equal(unpack(null), null);
  assert.throws(() => unpack({...packArray(nested), shape: [2, 2]}), /6 numbers, its shape 2,2 needs 4/);
});

test("a packed model reads as its nested one, in float32", () => {
  const one = syntheticModel({layers: 3, heads: 4, prompts: 2, isFast: true});
  const [nested, compact] = [one, packed(one)].map((model) => read(syntheticReport([model])).models[0]);
  assert.deepEqual(nested.metrics.map(({key}) => key), compact.metrics.map(({key}) => key));
  nested.metrics.forEach((metric, i) => assert.deepEqual([...metric.mean].map(Math.fround), [...compact.metrics[i].mean]));
  assert.deepEqual(nested.metrics[0].perPrompt.map((values) => [...values].map(Math.fround)), compact.metrics[0].perPrompt.map((values) => [...values]));
  assert.deepEqual([...nested.correlation.values].map(Math.fround), [...compact.correlation.values]);
});

test("an experiment: models, references, target", () => {
  const raw = fixture("experiment");
  const report = read(raw);
  assert.equal(report.kind, "experiment");
  assert.deepEqual(report.models.map(({si}) => si), raw.results.results.map(({si_mean}) => si_mean));
  assert.deepEqual(report.models.map(({sizeB}) => sizeB), [0.0005, 0.0015, 0.004]);
  assert.deepEqual(report.models[0].interval, raw.results.results[0].statistics.bootstrap.bca_95);
  assert.deepEqual(report.references.map(({name}) => name), Object.keys(raw.results.reference_phi3));
  assert.equal(report.hypothesis.target, raw.results.hypothesis.target_si);
});

test("a comparison: two models with the tokens of the measurement behind them", () => {
  const raw = fixture("comparison");
  const {models} = read(raw);
  assert.deepEqual(models.map(({side}) => side), ["Base", "Tuned"]);
  assert.deepEqual([...models[1].metrics[0].mean], raw.comparison.results.instruct.entropies.flat());
  assert.deepEqual(models[1].tokens, raw.results.results[1].tokens);
  const stored = read(fixture("stored"));
  assert.equal(stored.models[0].tokens, null);
  assert.equal(stored.models[0].interval, null);
});

test("kept attention is inflated, and its size checked", async () => {
  const one = syntheticModel({layers: 2, heads: 2, prompts: 2, length: 6, attention: [1]});
  const {attention} = read(syntheticReport([one])).models[0];
  assert.deepEqual(attention.prompts, [1]);
  const weights = await attention.prompt(1);
  const tokens = one.model.tokens[1].length;
  assert.equal(weights.length, 2 * 2 * tokens * tokens);
  assert.equal(weights[0], 255);
  const report = syntheticReport([one]);
  report.results.results[0].valid_lengths[1] = 3;
  await assert.rejects(() => read(report).models[0].attention.prompt(1), /prompt 2 has .* bytes/);
});

test("data of another version is refused", () => {
  assert.throws(() => read({...fixture("experiment"), format: 2}), /format 2, this page reads format 1/);
  assert.throws(() => readDocument({getElementById: () => ({textContent: "@HEADSPEC_DATA@"})}), /empty page/);
});

test("numbers in print", () => {
  assert.equal(fixed(-0.05, 2), "−0.05");
  assert.equal(fixed(-0.00001, 2), "0.00");
  assert.equal(fixed(null, 2), "–");
  assert.equal(significant(0.0043771), "0.00438");
  assert.equal(significant(1.2345e-7), "1.23e−7");
  assert.equal(interval([0.9413, 1.00981]), "0.9413 to 1.0098");
  assert.equal(interval(null), "–");
  assert.equal(probability({p: 0.002, least_p: 0.002}), "≤ 0.0020");
  assert.equal(digits(0.003), "0.00300");
  assert.equal(digits(-0.00001), "−1.00e−5");
  assert.equal(probability({p: 0.4, least_p: 0.002}), "0.40");
  assert.equal(probability({p: 0.4795, least_p: 0.002}), "0.48");
  assert.equal(bytes(1097272), "1.1 MB");
  assert.equal(bytes(681), "681 B");
  assert.equal(sentence("SI changes by -0.05 (95 % interval -0.06 to -0.04), 1 +- 2"), "SI changes by −0.05 (95 % interval −0.06 to −0.04), 1 ± 2.");
});

test("values that differ by rounding alone get an axis", () => {
  assert.equal(breadth(1 - 1e-16, 1), 1);
  assert.equal(breadth(0, 0), 1);
  assert.equal(breadth(-1e-6, 3e-6), 4e-6);
  assert.deepEqual(ticks(1 - 1e-16, 1, 5), [1 - 1e-16]);
  assert.deepEqual(ticks(0, 1, 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
});
