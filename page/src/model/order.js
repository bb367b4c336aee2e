// In which order a head map shows its layers and heads.

import {headProfile, layerRow, mean} from "./numbers.js";

export const headOrders = [
  {key: "index", title: "index"},
  {key: "mean", title: "mean over layers"},
  {key: "layer", title: "value at the current layer"},
  {key: "cluster", title: "cluster of profiles"}
];

export const layerOrders = [
  {key: "index", title: "index"},
  {key: "mean", title: "mean over heads"}
];

const indices = (count) => Array.from({length: count}, (_, i) => i);

/** Indices by value, largest first; what is not defined comes last, ties stay in index order. */
export function descending(values) {
  const rank = (value) => (Number.isNaN(value) ? -Infinity : value);
  return indices(values.length).sort((a, b) => rank(values[b]) - rank(values[a]) || a - b || 0);
}

/**
 * @param {Float64Array} values [layers][heads]
 * @param {{by: string, layer: number, cluster: number[] | null}} how `layer` for "layer", `cluster` for "cluster"
 * @returns {number[]} heads from left to right
 */
export function orderHeads(values, heads, {by, layer, cluster}) {
  if (by === "mean") return descending(indices(heads).map((head) => mean(headProfile(values, heads, head))));
  if (by === "layer") return descending(layerRow(values, heads, layer));
  if (by === "cluster" && cluster) return cluster;
  return indices(heads);
}

/** @returns {number[]} layers from top to bottom */
export function orderLayers(values, heads, {by}) {
  const layers = values.length / heads;
  if (by === "mean") return descending(indices(layers).map((layer) => mean(layerRow(values, heads, layer))));
  return indices(layers);
}

/** @returns {number[]} of a permutation */
export function inverse(order) {
  const places = new Array(order.length);
  order.forEach((item, place) => (places[item] = place));
  return places;
}
