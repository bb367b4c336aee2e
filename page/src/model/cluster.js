// Average-linkage clustering (UPGMA) of heads on the distance 1 - r.

/**
 * @typedef {{left: number, right: number, height: number, size: number}} Merge  ids below n are leaves,
 *   n + i is what the i-th merge made; `height` is the mean distance between the two sides
 * @typedef {{order: number[], merges: Merge[], leaves: number}} Clustering  `order` is the leaves from left to
 *   right, then those without any correlation by index; `leaves` counts the former
 */

/**
 * A head without a single correlation to another (a constant profile) takes no part and comes last. In O(n^3) at
 * the most; ties go to the lower indices, so the order does not depend on anything else.
 * @param {Float64Array} correlation n x n, NaN where it is not defined
 * @param {number} n
 * @returns {Clustering}
 */
export function averageLinkage(correlation, n) {
  const taking = [];
  const left = [];
  for (let i = 0; i < n; i += 1) (n === 1 || hasCorrelation(correlation, n, i) ? taking : left).push(i);

  const distance = distances(correlation, n);
  const ids = taking.slice(); // of the cluster that stands in each row of `distance`
  const rows = taking.slice();
  const sizes = new Map(taking.map((row) => [row, 1]));
  const merges = [];
  while (rows.length > 1) {
    const [i, j] = closest(distance, n, rows);
    const a = rows[i];
    const b = rows[j];
    const size = sizes.get(a) + sizes.get(b);
    merges.push({left: ids[i], right: ids[j], height: distance[a * n + b], size});
    for (const other of rows) {
      const joined = (sizes.get(a) * distance[a * n + other] + sizes.get(b) * distance[b * n + other]) / size;
      distance[a * n + other] = joined;
      distance[other * n + a] = joined;
    }
    sizes.set(a, size);
    ids[i] = n + merges.length - 1;
    ids.splice(j, 1);
    rows.splice(j, 1);
  }
  const order = merges.length ? leavesOf(merges, n) : taking;
  return {order: order.concat(left), merges, leaves: taking.length};
}

function hasCorrelation(correlation, n, row) {
  for (let other = 0; other < n; other += 1)
    if (other !== row && !Number.isNaN(correlation[row * n + other])) return true;
  return false;
}

// A single pair without a correlation among heads that have some counts as unrelated.
function distances(correlation, n) {
  const distance = new Float64Array(n * n);
  for (let i = 0; i < n * n; i += 1) distance[i] = Number.isNaN(correlation[i]) ? 1 : 1 - correlation[i];
  return distance;
}

function closest(distance, n, rows) {
  let best = [0, 1];
  let least = Infinity;
  for (let i = 0; i < rows.length; i += 1) {
    for (let j = i + 1; j < rows.length; j += 1) {
      const d = distance[rows[i] * n + rows[j]];
      if (d < least) {
        least = d;
        best = [i, j];
      }
    }
  }
  return best;
}

// `rows` stays sorted by each cluster's least leaf, so the left side of a merge is the one with the lower index.
function leavesOf(merges, n) {
  const leaves = [];
  const open = [n + merges.length - 1];
  while (open.length) {
    const id = open.pop();
    if (id < n) leaves.push(id);
    else open.push(merges[id - n].right, merges[id - n].left);
  }
  return leaves;
}

/**
 * Where to draw the tree over leaves at 0, 1, 2, ...: one bracket for each merge.
 * @returns {{left: number, right: number, leftHeight: number, rightHeight: number, height: number}[]}
 */
export function brackets({order, merges}, n) {
  const at = new Map(order.map((leaf, place) => [leaf, {x: place, height: 0}]));
  return merges.map((merge, i) => {
    const left = at.get(merge.left);
    const right = at.get(merge.right);
    at.set(n + i, {x: (left.x + right.x) / 2, height: merge.height});
    return {left: left.x, right: right.x, leftHeight: left.height, rightHeight: right.height, height: merge.height};
  });
}
