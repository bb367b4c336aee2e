// What the views of one model share: the cell under the pointer, the selected heads, the current layer. Views
// subscribe and draw themselves; nothing here touches the document.

import {headColourCount} from "./colours.js";

/**
 * @typedef {{layer: number, head: number}} Cell
 * @typedef {{head: number, slot: number}} Selected  `slot` is its colour
 */

export function createSelection({layers, heads}) {
  /** @type {{hover: Cell | null, selected: Selected[], layer: number}} */
  const state = {hover: null, selected: [], layer: 0};
  const listeners = {hover: new Set(), selected: new Set()};
  const tell = (kind, ...details) => listeners[kind].forEach((listener) => listener(...details));

  function freeSlot() {
    const taken = new Set(state.selected.map(({slot}) => slot));
    for (let slot = 0; slot < headColourCount; slot += 1) if (!taken.has(slot)) return slot;
    return null;
  }

  const api = {
    layers,
    heads,
    get hover() {
      return state.hover;
    },
    /** In the order of selection. */
    get selected() {
      return state.selected;
    },
    /** The layer of the cell that was chosen last. */
    get layer() {
      return state.layer;
    },
    slotOf: (head) => state.selected.find((one) => one.head === head)?.slot ?? null,

    /** @param {Cell | null} cell  `source` is passed on: a view may treat its own hover in another way */
    setHover(cell, source = null) {
      if (cell?.layer === state.hover?.layer && cell?.head === state.hover?.head) return;
      state.hover = cell;
      tell("hover", cell, source);
    },

    /**
     * A cell that is chosen makes its layer current and selects its head; the same cell chosen again gives the head
     * up. @returns {"selected" | "moved" | "cleared" | "full"}
     */
    choose({layer, head}) {
      const had = api.slotOf(head) !== null;
      if (had && layer === state.layer) return api.drop(head);
      if (!had && freeSlot() === null) return "full";
      state.layer = layer;
      if (!had) state.selected = [...state.selected, {head, slot: freeSlot()}];
      tell("selected");
      return had ? "moved" : "selected";
    },

    drop(head) {
      state.selected = state.selected.filter((one) => one.head !== head);
      tell("selected");
      return "cleared";
    },

    setLayer(layer) {
      if (layer === state.layer) return;
      state.layer = layer;
      tell("selected");
    },

    clear() {
      if (!state.selected.length) return;
      state.selected = [];
      tell("selected");
    },

    onHover: (listener) => listeners.hover.add(listener),
    onSelected: (listener) => listeners.selected.add(listener)
  };
  return api;
}
