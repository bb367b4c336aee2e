// Attention of one prompt as data.js inflates it: bytes [layers][heads][tokens][tokens] (query, key), 255 for 1.

/**
 * @param {Uint8Array} bytes
 * @param {{layers: number, heads: number, tokens: number}} shape
 */
export function weightsOf(bytes, { layers, heads, tokens }) {
  const wanted = layers * heads * tokens * tokens;
  if (bytes.length !== wanted)
    throw new Error(`attention has ${bytes.length} bytes; ${layers} layers x ${heads} heads x ${tokens} x ${tokens} tokens need ${wanted}`);
  const matrix = (layer, head) => {
    const from = (layer * heads + head) * tokens * tokens;
    return bytes.subarray(from, from + tokens * tokens);
  };
  return {
    tokens,
    /** @returns {Float32Array} [query][key], weights 0..1 */
    of: (layer, head) => Float32Array.from(matrix(layer, head), (byte) => byte / 255),
    /** Mean over the heads of a layer. */
    meanOf(layer) {
      const sum = new Float32Array(tokens * tokens);
      for (let head = 0; head < heads; ++head) {
        const bytesOf = matrix(layer, head);
        for (let i = 0; i < sum.length; ++i) sum[i] += bytesOf[i];
      }
      return sum.map((total) => total / 255 / heads);
    },
  };
}

/** With position 0 left out: its column set to 0, the other weights as they are. */
export function withoutFirst(matrix, tokens) {
  const rest = Float32Array.from(matrix);
  for (let query = 0; query < tokens; ++query) rest[query * tokens] = 0;
  return rest;
}

/** @returns {{key: number, weight: number}[]} the keys that a query attends to most, largest first */
export function strongest(matrix, tokens, query, count) {
  return Array.from(matrix.subarray(query * tokens, (query + 1) * tokens), (weight, key) => ({ key, weight }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.key - b.key)
    .slice(0, count);
}
