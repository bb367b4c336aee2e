// Observable Plot with this page's looks, and legends that are part of the drawing, so that copies have them.
import * as Plot from "@observablehq/plot";
import {colours, font} from "./theme.js";

const namespace = "http://www.w3.org/2000/svg";

/** An SVG of Plot's marks. `options` are Plot's; axes are quiet, text is the page's. */
export function plotSvg(options, {forExport}) {
  const palette = colours({forExport});
  const svg = Plot.plot({
    ...options, figure: false,
    style: {background: "transparent", color: palette.ink, fontFamily: font, fontSize: "12px", overflow: "visible"}
  });
  // Plot names its groups by their marks ("dot", "link"), which tells a listener nothing: the frame describes the chart.
  for (const group of svg.querySelectorAll("[aria-label], [aria-description]")) {
    group.removeAttribute("aria-label");
    group.removeAttribute("aria-description");
  }
  svg.setAttribute("font-family", font);
  svg.setAttribute("font-size", 12);
  svg.setAttribute("fill", palette.ink);
  return svg;
}

const context = document.createElement("canvas").getContext("2d");

/** Width of a line of text in the page's font. */
export function textWidth(text, size = 12, weight = 400) {
  context.font = `${weight} ${size}px ${font}`;
  return context.measureText(text).width;
}

/** `text` shortened to a width. */
export function shortened(text, width, size = 12) {
  if (textWidth(text, size) <= width) return text;
  let end = text.length - 1;
  while (end > 1 && textWidth(`${text.slice(0, end)}…`, size) > width) end -= 1;
  return `${text.slice(0, end)}…`;
}

function svgElement(name, attributes, ...children) {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const swatches = {
  dot: ({colour}) => [svgElement("circle", {cx: 9, cy: 0, r: 4.5, fill: colour})],
  diamond: ({colour}) => [svgElement("path", {d: "M9 -6L15 0L9 6L3 0Z", fill: colour})],
  line: ({colour, dash}) => [svgElement("line", {x1: 0, x2: 18, y1: 0, y2: 0, stroke: colour, "stroke-width": 2, ...dash ? {"stroke-dasharray": dash} : {}})],
  interval: ({colour}) => [svgElement("line", {x1: 0, x2: 18, y1: 0, y2: 0, stroke: colour, "stroke-width": 2}), svgElement("circle", {cx: 9, cy: 0, r: 4.5, fill: colour})],
  area: ({colour}) => [svgElement("rect", {x: 0, y: -5, width: 18, height: 10, fill: colour})]
};

/**
 * The drawing with a legend above it, in as many lines as the width needs.
 * @param {{kind: keyof swatches, label: string, colour: string, dash?: string}[]} items
 */
export function withLegend(drawing, items, {forExport}) {
  const palette = colours({forExport});
  const [width, height] = [Number(drawing.getAttribute("width")), Number(drawing.getAttribute("height"))];
  const legend = svgElement("g", {fill: palette.muted, "font-size": 12, "font-family": font, class: "legend"});
  let x = 0, y = 8;
  for (const item of items) {
    const needed = 26 + textWidth(item.label) + 18;
    if (x > 0 && x + needed - 18 > width) { x = 0; y += 20; }
    const label = svgElement("text", {x: 25, y: 4}, item.label);
    legend.append(svgElement("g", {transform: `translate(${x},${y})`}, ...swatches[item.kind](item), label));
    x += needed;
  }
  const top = y + 16;
  drawing.setAttribute("y", top);
  // An SVG within another feels the pointer only on what is painted.
  if (!forExport) drawing.prepend(svgElement("rect", {width, height, fill: "none", "pointer-events": "all"}));
  const svg = svgElement("svg", {width, height: height + top, viewBox: `0 0 ${width} ${height + top}`}, legend, drawing);
  svg.style.setProperty("overflow", "visible");
  return svg;
}
