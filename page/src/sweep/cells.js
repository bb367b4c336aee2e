// Every cell of the plan in a table that can be filtered and sorted; a page of it at a time, as there may be ten thousand.
import {element, section, table} from "../dom.js";
import {fixed, index, interval, missing, significant} from "../format.js";
import {shortName} from "./data.js";

const pageLength = 50;

const results = (row) => element("a", {href: `${row.folder.split("/").map(encodeURIComponent).join("/")}/results.json`}, "results.json");

function columnsOf(sweep) {
  const differs = (key) => new Set(sweep.rows.map((row) => row[key] ?? "")).size > 1;
  const columns = [
    {key: "name", title: "Model", rowHeader: true, value: (row) => shortName(row.model), order: (row) => row.model},
    {key: "revision", title: "Revision", value: (row) => row.revision ?? missing, order: (row) => row.revision ?? ""},
    {key: "step", title: "Step", numeric: true, value: (row) => row.step === null ? missing : significant(row.step, 7), order: (row) => row.step, optional: true},
    {key: "size", title: "Size", numeric: true, value: (row) => row.size ?? missing, order: (row) => row.parameters},
    {key: "dtype", title: "Type", value: (row) => row.dtype, order: (row) => row.dtype, optional: true},
    {key: "prompts", title: "Prompts", value: (row) => shortName(row.prompts), order: (row) => row.prompts, optional: true},
    {key: "variant", title: "Variant", value: (row) => row.variant ?? missing, order: (row) => row.variant ?? "", optional: true},
    {key: "status", title: "Status", value: (row) => row.repeat ? `${row.status}, repeated` : row.status, order: (row) => row.status},
    {key: "si", title: "SI", numeric: true, value: (row) => index(row.value("si")), order: (row) => row.value("si")},
    {key: "interval", title: "95 % interval", numeric: true, value: (row) => interval(row.interval("si"))},
    {key: "p", title: "p", description: "two-sided, against heads shuffled within layers", numeric: true, value: (row) => significant(row.p, 2), order: (row) => row.p},
    {key: "depth_share", title: "Depth share", numeric: true, value: (row) => fixed(row.value("depth_share"), 4), order: (row) => row.value("depth_share")},
    {key: "result", title: "Result", value: (row) => row.status === "measured" ? results(row) : row.error ?? missing}
  ];
  return columns.filter((column) => !column.optional || differs(column.key));
}

/** Numbers by size, words by the alphabet, what is not there last either way. */
function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  return sign * (typeof a === "string" ? a.localeCompare(b, "en", {numeric: true}) : a - b);
}

const searched = (row) => [row.model, row.revision, row.size, row.dtype, row.prompts, row.variant, row.id, row.error].filter(Boolean).join(" ").toLowerCase();

/** @returns {HTMLElement} */
export function cellsSection(sweep) {
  const columns = columnsOf(sweep);
  const texts = sweep.rows.map(searched);
  const state = {words: "", status: "all", sort: null, sign: 1, page: 0};
  const body = element("div", {});
  const said = element("p", {class: "note", role: "status"});
  const matches = (row) => (state.status === "all" || (state.status === "repeated" ? row.repeat : row.status === state.status))
    && state.words.split(/\s+/).every((word) => texts[row.index].includes(word));

  function chosenRows() {
    const rows = sweep.rows.filter(matches);
    const column = columns.find(({key}) => key === state.sort);
    return column ? rows.sort((a, b) => compare(column.order(a), column.order(b), state.sign) || a.index - b.index) : rows;
  }

  function sortButton(column) {
    return element("button", {type: "button", class: "sort", "data-sort": column.key, onclick: () => {
      state.sign = state.sort === column.key ? -state.sign : 1;
      state.sort = column.key;
      state.page = 0;
      show();
      body.querySelector(`[data-sort=${column.key}]`).focus();
    }}, column.title);
  }

  function turn(by) {
    state.page += by;
    show();
    const wanted = pager.querySelector(by < 0 ? "[data-turn=back]" : "[data-turn=on]");
    (wanted.disabled ? pager.querySelector("button:not([disabled])") : wanted)?.focus();
  }

  const back = element("button", {type: "button", "data-turn": "back", onclick: () => turn(-1)}, "Previous");
  const on = element("button", {type: "button", "data-turn": "on", onclick: () => turn(1)}, "Next");
  const pager = element("div", {class: "pager", role: "group", "aria-label": "Pages of the table"}, back, on);

  function show() {
    const rows = chosenRows();
    const pages = Math.max(1, Math.ceil(rows.length / pageLength));
    state.page = Math.min(state.page, pages - 1);
    const first = state.page * pageLength;
    const made = table({label: "Cells of the sweep", rows: rows.slice(first, first + pageLength), columns});
    made.querySelectorAll("thead th").forEach((cell, i) => {
      if (!columns[i].order) return;
      cell.replaceChildren(sortButton(columns[i]));
      if (state.sort === columns[i].key) cell.setAttribute("aria-sort", state.sign > 0 ? "ascending" : "descending");
    });
    body.replaceChildren(made);
    pager.hidden = pages === 1;
    back.disabled = state.page === 0;
    on.disabled = state.page === pages - 1;
    const shown = pages === 1 ? "" : `, ${first + 1} to ${Math.min(first + pageLength, rows.length)} shown`;
    said.textContent = `${rows.length} of ${sweep.rows.length} cells${shown}`;
  }

  const again = (change) => (event) => {
    change(event.target.value);
    state.page = 0;
    show();
  };
  const controls = element("div", {class: "controls"},
    element("label", {}, "Find ", element("input", {type: "search", size: 24, oninput: again((value) => { state.words = value.trim().toLowerCase(); })})),
    element("label", {}, "Status ", element("select", {onchange: again((value) => { state.status = value; })},
      ["all", "measured", "failed", "missing", "repeated"].map((status) => element("option", {value: status}, status)))));
  show();
  return section({id: "cells", title: "Cells"}, controls, said, body, pager,
    element("p", {class: "note"}, "All numbers, also those of head metrics, are in table.csv beside this page."));
}
