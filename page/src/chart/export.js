// A chart that leaves the page: one SVG file with explicit colours, its own font and background, or a PNG of it.
import {colours, font} from "./theme.js";

const namespace = "http://www.w3.org/2000/svg";
const margin = 12;

function svgElement(name, attributes, ...children) {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function sizeOf(svg) {
  const box = svg.getAttribute("viewBox")?.split(/[\s,]+/).map(Number);
  return {width: Number(svg.getAttribute("width")) || box[2], height: Number(svg.getAttribute("height")) || box[3]};
}

/** Plot's style sheet and what only a page can resolve become plain attributes. */
function makePlain(svg) {
  const {ink, surface} = colours({forExport: true});
  for (const style of svg.querySelectorAll("style")) style.remove();
  for (const node of [svg, ...svg.querySelectorAll("*")]) {
    for (const {name, value} of [...node.attributes]) {
      if (name === "class" || name.startsWith("aria-") || name.startsWith("data-") || name === "tabindex") node.removeAttribute(name);
      else if (value.includes("currentColor")) node.setAttribute(name, value.replaceAll("currentColor", ink));
      else if (value.includes("var(")) node.setAttribute(name, value.replace(/var\([^)]*\)/g, surface));
    }
    if (node.tagName === "text") node.setAttribute("xml:space", "preserve");
  }
}

/**
 * The drawn SVG within a page of its own: background, title above, description for those who do not see it.
 * @returns {SVGSVGElement}
 */
export function exportedSvg(svg, {title, note}) {
  const {ink, surface} = colours({forExport: true});
  const {width, height} = sizeOf(svg);
  makePlain(svg);
  const headroom = 24;
  const full = {width: width + 2 * margin, height: height + headroom + 2 * margin};
  svg.setAttribute("x", margin);
  svg.setAttribute("y", margin + headroom);
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  const heading = svgElement("text", {x: margin, y: margin + 12, fill: ink, "font-size": 14, "font-weight": 600}, title);
  return svgElement("svg", {xmlns: namespace, ...full, viewBox: `0 0 ${full.width} ${full.height}`, "font-family": font, fill: ink},
    svgElement("title", {}, title), svgElement("desc", {}, note ?? ""),
    svgElement("rect", {width: full.width, height: full.height, fill: surface}), heading, svg);
}

export const svgText = (svg) => new XMLSerializer().serializeToString(svg);

/** @returns {Promise<Blob>} PNG with two pixels for each unit of the drawing */
export async function pngOf(svg) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svgText(svg))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * image.width;
  canvas.height = 2 * image.height;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => blob ? resolve(blob) : reject(new Error("the browser made no PNG")), "image/png");
  });
}

function csvCell(value) {
  if (value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value))) return "";
  const text = String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Full precision; empty where there is no number. */
export const csvText = ({columns, rows}) => [columns, ...rows].map((row) => Array.from(row, csvCell).join(",")).join("\n") + "\n";

/** Hands a file to the reader. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
