// SVG elements, and the few shapes that the charts of a model have in common.

import {tickFormat, ticks} from "./numbers.js";

/** svg("rect", {x: 1, ...}, child, ...): attributes that are null are left out. @returns {SVGElement} */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  set(made, attributes);
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) node.removeAttribute(key);
    else node.setAttribute(key, value);
  }
  return node;
}

/** The outermost element of a chart. */
export function drawing({width, height, font, label}, ...children) {
  return svg("svg", {
    xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, "font-family": font,
    "font-size": 11, role: label ? "img" : null, "aria-label": label ?? null
  }, ...children);
}

export const text = (x, y, content, attributes = {}) => svg("text", {x, y, ...attributes}, content);

/** @returns {(value: number) => number} */
export function linear([from, to], [start, end]) {
  const slope = to > from ? (end - start) / (to - from) : 0;
  return (value) => (to > from ? start + (value - from) * slope : (start + end) / 2);
}

/** Which of `count` places get a label so that labels are at least `room` apart: every 1, 2, 5, 10, ... */
export function labelStep(count, size, room) {
  return [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 100].find((step) => step * size >= room) ?? count;
}

/** Values up the left side, with faint lines across. */
export function valueAxis({scale, domain, left, right, palette, title, titleY}) {
  const marks = ticks(...domain, 5);
  const format = tickFormat(marks);
  return svg("g", {},
    marks.map((value) => [
      svg("line", {x1: left, x2: right, y1: scale(value), y2: scale(value), stroke: palette.grid}),
      text(left - 6, scale(value) + 4, format(value), {"text-anchor": "end", fill: palette.muted})
    ]),
    title ? text(0, titleY, title, {fill: palette.muted}) : null);
}

/** A name at `id` that is unique in the document, for what url(#...) refers to. */
let made = 0;
export const freshId = (prefix) => `${prefix}-${(made += 1)}`;

/** Slanted lines for cells without a value. */
export function hatch(id, palette) {
  return svg("pattern", {id, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)"},
    svg("rect", {width: 5, height: 5, fill: palette.missing}),
    svg("line", {x1: 0, y1: 0, x2: 0, y2: 5, stroke: palette.muted, "stroke-width": 1.5}));
}

/** A bar of a colour scale with its ticks. */
export function legend({scale, x, y, width, palette, title}) {
  const id = freshId("scale");
  const [from, to] = scale.domain;
  const place = linear(scale.domain, [x, x + width]);
  const {marks, format} = fittingTicks(from, to, width);
  return svg("g", {"font-size": 10.5},
    svg("defs", {}, svg("linearGradient", {id},
      Array.from({length: 17}, (_, i) => svg("stop", {offset: i / 16, "stop-color": scale.at(Math.round((i / 16) * 255))})))),
    title ? text(x, y - 5, title, {fill: palette.muted}) : null,
    svg("rect", {x, y, width, height: 9, fill: `url(#${id})`}),
    marks.map((value) => [
      svg("line", {x1: place(value), x2: place(value), y1: y + 9, y2: y + 13, stroke: palette.muted}),
      text(place(value), y + 24, format(value), {"text-anchor": "middle", fill: palette.muted})
    ]));
}

// As many ticks as have room for their words.
function fittingTicks(from, to, width) {
  if (!(to > from)) return {marks: [from], format: tickFormat([from])};
  for (let count = 4; ; count -= 1) {
    const marks = ticks(from, to, count);
    const format = tickFormat(marks);
    const letters = Math.max(...marks.map((value) => format(value).length));
    const room = ((marks[1] - marks[0]) / (to - from)) * width;
    if (count === 1 || marks.length < 2 || letters * 6.5 + 8 <= room) return {marks, format};
  }
}
