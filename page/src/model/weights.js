// Attention of one prompt as data.js inflates it: bytes [layers][heads][tokens][tokens] (query, key), 255 for 1.

/**
 * @param {Uint8Array} bytes as many as the shape needs
 * @param {{layers: number, heads: number}} shape
 */
export function weightsOf(bytes, {layers, heads}) {
  const tokens = Math.round(Math.sqrt(bytes.length / (layers * heads)));
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
      for (let head = 0; head < heads; head += 1) {
        const bytesOf = matrix(layer, head);
        for (let i = 0; i < sum.length; i += 1) sum[i] += bytesOf[i];
      }
      return sum.map((total) => total / 255 / heads);
    }
  };
}

/** With position 0 left out: its column set to 0, the other weights as they are. */
export function withoutFirst(matrix, tokens) {
  const rest = Float32Array.from(matrix);
  for (let query = 0; query < tokens; query += 1) rest[query * tokens] = 0;
  return rest;
}

/** @returns {{key: number, weight: number}[]} the keys that a query attends to most, largest first */
export function strongest(matrix, tokens, query, count) {
  return Array.from(matrix.subarray(query * tokens, (query + 1) * tokens), (weight, key) => ({key, weight}))
    .filter(({weight}) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.key - b.key)
    .slice(0, count);
}

/** Does no query see a later key? Then cells above the diagonal are no zeros but blanks. */
export function isCausal(matrix, tokens) {
  for (let query = 0; query < tokens; query += 1)
    for (let key = query + 1; key < tokens; key += 1) if (matrix[query * tokens + key] > 0) return false;
  return true;
}

/**
 * Lines of one opacity together, as a path for each of the 255 levels.
 * @param {{focus: {side: "query" | "key", index: number} | null, least: number, line: (query: number, key: number) => string}} how
 *   `least` weight of a line that is drawn
 * @returns {Map<number, string>} by level
 */
export function linesByLevel(matrix, tokens, {focus, least, line}) {
  const levels = new Map();
  for (let query = 0; query < tokens; query += 1) {
    if (focus?.side === "query" && focus.index !== query) continue;
    for (let key = 0; key < tokens; key += 1) {
      if (focus?.side === "key" && focus.index !== key) continue;
      const weight = matrix[query * tokens + key];
      const level = Math.round(weight * 255);
      if (level === 0 || weight < least) continue;
      levels.set(level, (levels.get(level) ?? "") + line(query, key));
    }
  }
  return levels;
}
