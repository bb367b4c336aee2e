// Small helpers to build elements.

/**
 * element("p", {class: "note"}, "text", child, ...): attributes that are null or false are left out, `on*` are listeners.
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** A section with its heading; `id` is its anchor, `navigation` its name in the contents. */
export function section({id, title, navigation = title, level = 2}, ...children) {
  const heading = element(`h${level}`, {id: `${id}-heading`, tabindex: "-1"}, title);
  return element("section", {id, "aria-labelledby": `${id}-heading`, "data-navigation": navigation}, heading, ...children);
}

/** A part that is folded until it is wanted. `onopen` is called once, when it opens for the first time or is printed. */
export function foldable({summary, open = false, id = null, onopen = null}, ...children) {
  const details = element("details", {id, open}, element("summary", {}, summary), ...children);
  details.fill = () => {
    const make = onopen;
    onopen = null;
    make?.(details);
  };
  details.addEventListener("toggle", () => { if (details.open) details.fill(); });
  return details;
}

/**
 * A table in its own scrolling box. A column: {title, value: (row) => string | Node, numeric?, rowHeader?, isWords?, description?}.
 */
export function table({caption, columns, rows, label = caption}) {
  const head = element("tr", {}, columns.map((column) =>
    element("th", {scope: "col", class: column.numeric ? "number" : null, title: column.description}, column.title)));
  const body = rows.map((row) => element("tr", {}, columns.map((column) => {
    const attributes = {class: column.numeric ? "number" : column.isWords ? "words" : null};
    return column.rowHeader ? element("th", {scope: "row", ...attributes}, column.value(row))
      : element("td", attributes, column.value(row));
  })));
  return element("div", {class: "table-box", role: "region", tabindex: "0", "aria-label": label},
    element("table", {}, caption ? element("caption", {}, caption) : null,
      element("thead", {}, head), element("tbody", {}, body)));
}
