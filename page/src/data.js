// The data that the program put into the page, as objects that views can draw from. Nothing is recomputed here: numbers are
// those of results.json. Arrays are nested lists with null, or packed: {"f32": base64 of little-endian float32, "shape": [...]}.

/**
 * @typedef {{key: string, title: string, unit: string, description: string, domain: [number, number] | null,
 *   mean: Float64Array, perPrompt: Float64Array[] | null}} Metric `mean` is layers x heads, row after row
 * @typedef {{index: number, id: string, display: string, name: string, size: string, sizeB: number | null,
 *   error: string | null, architecture: string, layers: number, heads: number, kvHeads: number,
 *   si: number | null, interval: [number, number] | null, metrics: Metric[],
 *   correlation: {values: Float64Array} | null, constantHeads: number[], tokens: string[][] | null, tokenIds: number[][] | null,
 *   roles: string[][] | null, validLengths: number[] | null, promptCount: number,
 *   attention: null | {prompts: number[], prompt(p: number): Promise<Uint8Array>}, raw: object}} Model
 */

/** What each metric is. The first one is the entropy that the index is made of. */
const metricTable = [
  ["received_entropy", "Received entropy", "0 to 1", "Entropy of the attention each key receives, over the log of the number of keys: 1 is even, 0 is all on one key. The index is made of this.", [0, 1]],
  ["received_entropy_without_first", "Received entropy without position 0", "0 to 1", "The same with position 0 left out: the view with the attention sink removed.", [0, 1]],
  ["query_entropy", "Query entropy", "0 to 1", "Entropy of a query's attention over the log of the number of keys it sees, mean over queries.", [0, 1]],
  ["sink_mass", "Attention to position 0", "share", "Share of all attention that falls on position 0.", [0, 1]],
  ["previous_token", "Attention to the previous token", "share", "Share of attention on the position just before the query's.", [0, 1]],
  ["duplicate_token", "Attention to equal tokens", "share", "Share of attention on earlier positions of the same token. Empty where no prompt repeats one.", [0, 1]],
  ["mean_distance", "Mean distance", "tokens", "Distance between query and key in tokens, weighted by attention.", null],
  ["local_mass", "Attention within 8 positions", "share", "Share of attention at most 8 positions away.", [0, 1]],
  ["max_weight", "Largest weight", "share", "Mean over queries of the largest attention weight.", [0, 1]],
  ["effective_support", "Effective support", "keys", "Mean over queries of 2 to the power of the entropy in bits: how many keys a query uses.", null],
  ["induction", "Induction", "share", "Attention to the position after an earlier one of the same token, on random tokens that are repeated.", [0, 1]]
];

/** Names, units and descriptions by key, in the page's order. */
export const metricInfo = Object.fromEntries(metricTable.map(([key, title, unit, description, domain]) =>
  [key, {key, title, unit, description, domain}]));

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function shapeOf(nested) {
  const shape = [];
  for (let level = nested; Array.isArray(level); level = level[0]) shape.push(level.length);
  return shape;
}

/** A nested or packed array as {values: Float64Array, shape}; what is not a number is NaN. null stays null. */
export function unpack(array) {
  if (array === null || array === undefined) return null;
  if (Array.isArray(array)) {
    return {shape: shapeOf(array), values: Float64Array.from(array.flat(Infinity), (value) => value ?? NaN)};
  }
  const bytes = bytesOf(array.f32);
  const view = new DataView(bytes.buffer);
  const values = Float64Array.from({length: bytes.length / 4}, (_, i) => view.getFloat32(4 * i, true));
  const expected = array.shape.reduce((product, length) => product * length, 1);
  if (values.length !== expected) throw new Error(`an array has ${values.length} numbers, its shape ${array.shape} needs ${expected}`);
  return {shape: array.shape, values};
}

/** The slices of an array along its first axis. */
function slices(array) {
  if (array === null || array === undefined) return null;
  if (Array.isArray(array)) return array.map((slice) => unpack(slice).values);
  const {values, shape} = unpack(array);
  const size = values.length / shape[0];
  return Array.from({length: shape[0]}, (_, i) => values.subarray(i * size, (i + 1) * size));
}

/** Computes a property when it is first asked for, as most models of a long ladder are never opened. */
function lazy(object, name, compute) {
  Object.defineProperty(object, name, {configurable: true, enumerable: true, get() {
    const value = compute();
    Object.defineProperty(object, name, {value, enumerable: true});
    return value;
  }});
  return object;
}

function metric(key, mean, perPrompt) {
  const made = {...metricInfo[key] ?? {key, title: key.replaceAll("_", " "), unit: "", description: "", domain: null}};
  lazy(made, "mean", () => unpack(mean).values);
  return lazy(made, "perPrompt", () => slices(perPrompt));
}

/** Received entropy first, then the page's order, then what a later version of the program may add. */
function metricsOf(entropies, perPrompt, headMetrics) {
  const others = Object.keys(headMetrics ?? {});
  const known = Object.keys(metricInfo).filter((key) => others.includes(key));
  const unknown = others.filter((key) => !(key in metricInfo));
  return [metric("received_entropy", entropies, perPrompt), ...[...known, ...unknown].map((key) => metric(key, headMetrics[key], null))];
}

async function inflate(base64) {
  const stream = new Blob([bytesOf(base64)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Kept attention: weight = byte / 255, [layers][heads][queries][keys] of one prompt. Only the last prompt asked for is held. */
function attentionOf(stored, layers, heads, lengths) {
  const prompts = stored?.prompts?.flatMap((prompt, i) => prompt ? [i] : []) ?? [];
  if (prompts.length === 0) return null;
  let held = {prompt: -1, bytes: null};
  return {
    prompts,
    async prompt(p) {
      if (held.prompt !== p) held = {prompt: p, bytes: inflate(stored.prompts[p])};
      const bytes = await held.bytes;
      const length = lengths?.[p] ?? Math.round(Math.sqrt(bytes.length / (layers * heads)));
      if (bytes.length !== layers * heads * length * length) {
        throw new Error(`the attention of prompt ${p + 1} has ${bytes.length} bytes, ${layers} layers x ${heads} heads x ${length}² tokens were expected`);
      }
      return bytes;
    }
  };
}

/** The interval the program prints: corrected for bias where that was possible, else of percentiles. */
export const intervalOf = (bootstrap, level = 95) => bootstrap?.[`bca_${level}`] ?? bootstrap?.[`percentile_${level}`] ?? null;

/** How that interval was made, in words. */
export const intervalKind = (bootstrap) => bootstrap?.bca_95 ? "BCa bootstrap over prompts" : bootstrap?.percentile_95 ? "percentile bootstrap over prompts" : null;

const headModelFields = (raw, index) => ({
  index, id: `m${index}`, raw, display: raw.display ?? raw.model, name: raw.model, size: raw.size ?? "", error: raw.error ?? null
});

function failedModel(raw, index, sizeB) {
  return {...headModelFields(raw, index), sizeB, architecture: "", layers: 0, heads: 0, kvHeads: 0, si: null, interval: null,
    metrics: [], correlation: null, constantHeads: [], tokens: null, tokenIds: null, roles: null, validLengths: null, promptCount: 0,
    attention: null};
}

function tokensOf(raw) {
  return {tokens: raw?.tokens ?? null, tokenIds: raw?.token_ids ?? null, roles: raw?.token_roles ?? null,
    validLengths: raw?.valid_lengths ?? null};
}

function measuredModel(raw, index, sizeB, attention) {
  const {num_layers: layers, num_heads: heads} = raw;
  const model = {
    ...headModelFields(raw, index), sizeB, architecture: raw.architecture, layers, heads, kvHeads: raw.num_kv_heads,
    si: raw.si_mean, interval: intervalOf(raw.statistics.bootstrap),
    metrics: metricsOf(raw.head_entropies, raw.head_entropies_per_prompt, raw.head_metrics),
    constantHeads: raw.statistics.constant_heads ?? [],
    ...tokensOf(raw), attention: attentionOf(attention, layers, heads, raw.valid_lengths)
  };
  model.promptCount = model.metrics[0].perPrompt?.length ?? model.tokens?.length ?? 0;
  return lazy(model, "correlation", () => raw.statistics.head_correlation ? {values: unpack(raw.statistics.head_correlation).values} : null);
}

/** One side of a comparison. What it does not hold itself is taken from the measurement behind it, if there is one. */
function sideModel({side, name, label, index, promptCount, measured, sizeB, attention}) {
  const {num_layers: layers, num_heads: heads} = side.specialization;
  const base = measured ?? {};
  const model = {
    ...headModelFields({...base, model: name, display: `${label}: ${name.split("/").pop()}`}, index), raw: side, side: label, sizeB,
    architecture: side.architecture ?? "", layers, heads, kvHeads: side.num_kv_heads ?? heads,
    si: side.specialization.specialization_index, interval: intervalOf(base.statistics?.bootstrap),
    metrics: metricsOf(side.entropies, side.entropies_per_prompt ?? null, base.head_metrics),
    constantHeads: side.constant_heads ?? [], measured,
    ...tokensOf(base), attention: attentionOf(attention, layers, heads, base.valid_lengths)
  };
  model.promptCount = model.metrics[0].perPrompt?.length ?? model.tokens?.length ?? promptCount;
  return lazy(model, "correlation", () => side.specialization.head_correlation_matrix
    ? {values: unpack(side.specialization.head_correlation_matrix).values} : null);
}

function comparedModels({comparison, results, sizes, attention}) {
  const list = results?.results ?? [];
  return [["base", "Base"], ["instruct", "Tuned"]].map(([key, label], index) => {
    const name = comparison.config[key];
    const found = list.findIndex((model) => model.model === name && !model.error);
    return sideModel({side: comparison.results[key], name, label, index, promptCount: comparison.methodology.num_prompts ?? 0, measured: found < 0 ? null : list[found],
      sizeB: sizes?.[found] ?? null, attention: attention?.[found] ?? null});
  });
}

/** The JSON object in the page, or an Error that says what is wrong with it. */
export function readDocument(document) {
  const text = document.getElementById("headspec-data").textContent;
  if (text.startsWith("@")) throw new Error("This is the empty page. `headspec run`, `measure`, `compare` and `report` fill it with data.");
  const data = JSON.parse(text);
  if (data.format !== 1) throw new Error(`The data has format ${data.format}, this page reads format 1: write the report again with one version of headspec.`);
  return data;
}

/**
 * @returns {{kind: "experiment" | "measurement" | "comparison", title: string, summary: string[], models: Model[],
 *   results: object | null, comparison: object | null, document: object,
 *   references: {name: string, si: number, sizeB: number, architecture: string, withinTarget: boolean | null}[],
 *   hypothesis: null | {H0: string, H1: string, target: number, tolerance: number}, prompts: string[] | null, warnings: string[]}}
 *   `document` is whichever of results and comparison the report is about
 */
export function readReport(data) {
  const main = data.kind === "comparison" ? data.comparison : data.results;
  const models = data.kind === "comparison" ? comparedModels(data)
    : data.results.results.map((raw, i) => raw.error ? failedModel(raw, i, data.sizes?.[i] ?? null)
      : measuredModel(raw, i, data.sizes?.[i] ?? null, data.attention?.[i]));
  const within = data.results?.verdict_printed?.each_reference_within_target;
  const references = Object.entries(data.results?.reference_phi3 ?? {}).map(([name, {si, size_b, arch}], i) =>
    ({name, si, sizeB: size_b, architecture: arch, withinTarget: within?.[i] ?? null}));
  const hypothesis = data.results?.hypothesis;
  return {
    kind: data.kind, title: main.experiment, summary: data.summary ?? [], models, references, document: main,
    results: data.results, comparison: data.comparison,
    hypothesis: hypothesis ? {H0: hypothesis.H0, H1: hypothesis.H1, target: hypothesis.target_si, tolerance: hypothesis.tolerance} : null,
    prompts: data.results?.prompts_text ?? null, warnings: main.warnings ?? []
  };
}
