// Made-up models of any size that look like real ones: attention of sink, previous-token, local, equal-token and broad heads whose
// sharpness changes with depth, and the metrics that go with it. Deterministic.
import {deflateRawSync} from "node:zlib";

/** @returns {() => number} uniform in [0, 1) (mulberry32) */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const texts = [
  "What is the capital of France and what is its population?",
  "If all roses are flowers and some flowers fade quickly, do some roses fade quickly?\nAnswer yes or no, then explain.",
  "Explain how a rainbow forms.", "Write a short story about a robot that learns to paint.",
  "Translate to German: The weather is nice today.", "Sort these numbers: 8, 3, 5, 1.", "Name three uses of copper.",
  "Why is the sky blue at noon and red at dusk?", "Summarise the plot of Hamlet in one sentence.", "What is 17 times 23?"
];

function tokensOf(text, length) {
  const words = text.replaceAll("\n", " \u010a ").split(" ").filter(Boolean);
  const tokens = ["<s>", "<|user|>"];
  for (let i = 0; tokens.length < length - 1; i += 1) {
    const word = words[i % words.length];
    tokens.push(word === "\u010a" ? word : i === 0 ? word : `\u0120${word}`);
  }
  return [...tokens, "<|end|>"];
}

const rolesOf = (tokens) => tokens.map((token, i) => (i === 0 ? "bos" : token.startsWith("<|") ? "template" : "text"));

/** Causal rows of one head that sum to 1. */
function attentionOfHead(tokens, {kind, sharpness, noise, next}) {
  const n = tokens.length;
  const rows = new Float64Array(n * n);
  for (let query = 0; query < n; query += 1) {
    let sum = 0;
    for (let key = 0; key <= query; key += 1) {
      const distance = query - key;
      let score = noise * (next() - 0.5) + (key === 0 ? 1 : 0);
      if (kind === 0) score += key === 0 ? 3 * sharpness : 0;
      if (kind === 1) score += distance === 1 ? 4 * sharpness : 0;
      if (kind === 2) score -= (distance * sharpness) / 3;
      if (kind === 3) score += distance > 0 && tokens[key] === tokens[query] ? 4 * sharpness : 0;
      rows[query * n + key] = Math.exp(score);
      sum += rows[query * n + key];
    }
    for (let key = 0; key <= query; key += 1) rows[query * n + key] /= sum;
  }
  return rows;
}

const entropy = (weights) => {
  const total = weights.reduce((a, b) => a + b, 0);
  const kept = weights.filter((w) => w > 0);
  return kept.length < 2 ? 0 : -kept.reduce((sum, w) => sum + (w / total) * Math.log2(w / total), 0) / Math.log2(kept.length);
};

function metricsOfHead(rows, tokens) {
  const n = tokens.length;
  const received = Array.from({length: n}, (_, key) => Array.from({length: n}, (_, query) => rows[query * n + key]).reduce((a, b) => a + b, 0) / n);
  const sums = {query_entropy: 0, sink_mass: 0, previous_token: 0, duplicate_token: 0, mean_distance: 0, local_mass: 0, max_weight: 0, effective_support: 0};
  for (let query = 0; query < n; query += 1) {
    const row = rows.subarray(query * n, query * n + query + 1);
    const own = entropy([...row]);
    sums.query_entropy += own / n;
    sums.sink_mass += row[0] / n;
    sums.max_weight += Math.max(...row) / n;
    sums.effective_support += 2 ** (own * Math.log2(Math.max(2, query + 1))) / n;
    row.forEach((w, key) => {
      if (query - key === 1) sums.previous_token += w / n;
      if (key < query && tokens[key] === tokens[query]) sums.duplicate_token += w / n;
      if (query - key <= 8) sums.local_mass += w / n;
      sums.mean_distance += (w * (query - key)) / n;
    });
  }
  return {received_entropy: entropy(received), received_entropy_without_first: entropy(received.slice(1)), ...sums};
}

const average = (tables) => tables[0].map((row, l) => row.map((_, h) => tables.reduce((sum, table) => sum + table[l][h], 0) / tables.length));

export function correlationOf(table) {
  const [layers, heads] = [table.length, table[0].length];
  const centred = Array.from({length: heads}, (_, h) => {
    const mean = table.reduce((sum, row) => sum + row[h], 0) / layers;
    return table.map((row) => row[h] - mean);
  });
  const norms = centred.map((column) => Math.hypot(...column));
  return centred.map((a, i) => centred.map((b, j) => (norms[i] && norms[j] ? a.reduce((sum, x, l) => sum + x * b[l], 0) / norms[i] / norms[j] : null)));
}

const meanAbove = (r) => {
  const above = r.flatMap((row, i) => row.slice(i + 1)).filter((x) => x !== null);
  return above.reduce((a, b) => a + b, 0) / above.length;
};

const nested = (layers, heads, of) => Array.from({length: layers}, (_, l) => Array.from({length: heads}, (_, h) => of(l, h)));

/**
 * A model of results.json, and its attention as a report carries it.
 * @param {{layers: number, heads: number, kvHeads?: number, prompts?: number, length?: number, seed?: number, name?: string,
 *   attention?: number[], isFast?: boolean}} options `attention`: which prompts keep it; `isFast`: entropies drawn, not computed,
 *   and no prompt is longer than `length`
 */
export function syntheticModel({layers, heads, kvHeads = heads, prompts = 10, length = 24, seed = 1, name = `made-up-${seed}`, attention = [], isFast = false}) {
  const next = random(seed);
  const tokens = Array.from({length: prompts}, (_, p) => tokensOf(texts[p % texts.length], length + (isFast ? 0 : p * 2)));
  const kinds = nested(layers, heads, () => Math.floor(next() * 5));
  const sharpness = nested(layers, heads, (l, h) => 0.4 + 1.2 * Math.sin((Math.PI * (l + 1)) / (layers + 1)) * next() + 0.3 * Math.cos(h));
  const headAttention = (p, l, h) => attentionOfHead(tokens[p], {kind: kinds[l][h], sharpness: sharpness[l][h], noise: 1, next: random(seed * 1e6 + p * 1e5 + l * 500 + h)});

  const perPrompt = {};
  const keys = ["received_entropy", "received_entropy_without_first", "query_entropy", "sink_mass", "previous_token", "duplicate_token",
    "mean_distance", "local_mass", "max_weight", "effective_support"];
  if (isFast) for (const [k, key] of keys.entries()) perPrompt[key] = drawnTables({k, key, prompts, layers, heads, kinds, sharpness, next});
  else {
    const all = tokens.map((_, p) => nested(layers, heads, (l, h) => metricsOfHead(headAttention(p, l, h), tokens[p])));
    for (const key of keys) perPrompt[key] = all.map((table) => table.map((row) => row.map((head) => head[key])));
  }

  const entropies = average(perPrompt.received_entropy);
  const correlation = correlationOf(entropies);
  const si = 1 - meanAbove(correlation);
  const without = prompts === 1 ? [] : perPrompt.received_entropy.map((_, p) => 1 - meanAbove(correlationOf(average(perPrompt.received_entropy.filter((_, q) => q !== p)))));
  const meanWithout = without.reduce((a, b) => a + b, 0) / prompts;
  const model = {
    model: name, display: name, size: "1B", architecture: kvHeads < heads ? `GQA (${heads / kvHeads}:1)` : "MHA",
    num_layers: layers, num_heads: heads, num_kv_heads: kvHeads, hidden_size: heads * 64, d_head: 64, rho_head: 1, rho_kv: kvHeads / layers,
    sanity_override: {use_chat_template: true, dtype: "torch.bfloat16", label: "template+bf16"},
    si_mean: si, si_std: 0, si_values: [si, si, si], corr_mean: 1 - si, head_entropies: entropies,
    head_entropies_per_prompt: perPrompt.received_entropy, valid_lengths: tokens.map((list) => list.length),
    token_ids: tokens.map((list) => list.map((_, i) => i)), tokens, token_roles: tokens.map(rolesOf),
    head_metrics: Object.fromEntries(keys.slice(1).map((key) => [key, average(perPrompt[key])])),
    statistics: {
      head_correlation: correlation, constant_heads: [], si_std_reason: "no randomness in the forward pass", seed: 42,
      permutation_null: {reason: "not computed for a made-up model"}, variance_shares: {reason: "not computed for a made-up model"},
      bootstrap: {resamples: 2000, undefined: 0, standard_error: 0.01, bias: 0, percentile_95: [si - 0.02, si + 0.02],
        percentile_90: [si - 0.017, si + 0.017], bca_95: [si - 0.021, si + 0.019], bca_90: [si - 0.018, si + 0.016], why_no_bca: null,
        without_prompt: without, influence: without.map((value) => (prompts - 1) * (meanWithout - value))},
      equivalence: {target: 0.33, tolerance: 0.05, interval_90: [si - 0.018, si + 0.016], outcome: "different"},
      readings: {null: null, equivalence: null, point_rule: null}
    },
    numerics: {profile: "hf-4.57", dtype: "torch.bfloat16", cpu_target: "AVX3", products: "float32 fused multiply-add",
      non_finite: {count: 0, operation: null, layer: null, prompt: null, head: null}, largest_finite: 3.4e38, max_abs_score: new Array(layers).fill(50)},
    provenance: {folder: "made-up", repository: null, revision: null, model_type: "phi3", weights_dtype: "BF16", parameters: layers * heads * 1e6,
      files: [], conversions: [], tokenizer_class: "LlamaTokenizerFast", adds_bos: true, has_chat_template: true, chat_template_applied: true, chat_template_sha256: null},
    timing: {load_seconds: 1, forward_seconds: 1, weight_bytes: 1, reused_from: null}, warnings: []
  };
  const kept = attention.length ? {bits: 8, prompts: tokens.map((list, p) => (attention.includes(p) ? pack(list.length, layers, heads, (l, h) => headAttention(p, l, h)) : null))} : null;
  return {model, attention: kept, weights: headAttention, texts: tokens.map((_, p) => texts[p % texts.length])};
}

// Smooth over depth, other for each kind of head, as computed ones are; much faster for thousands of heads.
function drawnTables({k, key, prompts, layers, heads, kinds, sharpness, next}) {
  const scale = {mean_distance: 20, effective_support: 18}[key] ?? 1;
  const base = nested(layers, heads, (l, h) => {
    const wave = 0.25 * Math.sin((l / layers) * Math.PI + k + kinds[0][h]) - 0.12 * sharpness[l][h] + 0.04 * kinds[l][h] + 0.1 * next();
    return Math.min(0.98, Math.max(0.02, 0.6 + wave));
  });
  return Array.from({length: prompts}, () => base.map((row) => row.map((value) => scale * Math.min(1, Math.max(0, value + 0.08 * (next() - 0.5))))));
}

function pack(n, layers, heads, matrix) {
  const bytes = new Uint8Array(layers * heads * n * n);
  for (let l = 0; l < layers; l += 1)
    for (let h = 0; h < heads; h += 1) matrix(l, h).forEach((w, i) => { bytes[(l * heads + h) * n * n + i] = Math.round(255 * w); });
  return deflateRawSync(bytes).toString("base64");
}

const shapeOf = (array) => (Array.isArray(array) ? [array.length, ...shapeOf(array[0])] : []);

/** As the program packs large arrays: float32, null as NaN. */
export function packArray(array) {
  const values = array.flat(Infinity);
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeFloatLE(value ?? NaN, 4 * i));
  return {f32: bytes.toString("base64"), shape: shapeOf(array)};
}

/** The same model with its large arrays packed. */
export function packed({model, ...rest}) {
  const {head_entropies, head_entropies_per_prompt, head_metrics, statistics} = model;
  return {...rest, model: {...model, head_entropies: packArray(head_entropies), head_entropies_per_prompt: packArray(head_entropies_per_prompt),
    head_metrics: Object.fromEntries(Object.entries(head_metrics).map(([key, table]) => [key, packArray(table)])),
    statistics: {...statistics, head_correlation: packArray(statistics.head_correlation)}}};
}

/** A whole report of made-up models, as the program would put it into the page. */
export function syntheticReport(models) {
  return {
    format: 1, kind: "measurement", comparison: null, summary: ["These models are made up."],
    results: {experiment: "Made-up models", purpose: "To test the page", timestamp: "20260101_000000",
      methodology: {standard: "E11-v3", seeds: [42], prompts: "Standard-10 v3", prompt_md5: "0".repeat(32), max_length: 128, padding: false, use_cache: false,
        chat_template: true, dtype: "bfloat16", sanity_check: "PASSED", sanity_override: {use_chat_template: true, dtype: "torch.bfloat16", label: "template+bf16"}},
      results: models.map(({model}) => model), schema_version: 1, headspec_version: "0.1.0", prompts_text: models[0].texts,
      trend: {models_measured: models.length, references: 0, on_size: {reason: "made up"}, on_log_size: {reason: "made up"}}, readings: [],
      environment: {program: "headspec", commit: null, compiler: "", build: "", system: "", cpu: null, logical_cpus: 1, threads: 1, libraries: {}}, warnings: []},
    sizes: models.map((_, i) => i + 1), attention: models.map(({attention}) => attention)
  };
}
