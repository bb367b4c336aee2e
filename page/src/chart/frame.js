// The frame of every chart: heading, drawing, caption, and the buttons that copy it. It draws when it comes near the screen, and
// again when its width or the theme changes or before it is printed.
import {element} from "../dom.js";
import {csvText, exportedSvg, pngOf, save, svgText} from "./export.js";
import {onThemeChange} from "./theme.js";

/** Charts near the screen draw; the margin is what a reader scrolls before noticing an empty one. */
const near = new IntersectionObserver((entries) => {
  for (const {isIntersecting, target} of entries) if (isIntersecting) frames.get(target)?.draw();
}, {rootMargin: "600px 0px"});

const resized = new ResizeObserver((entries) => {
  for (const {target} of entries) frames.get(target.closest("figure"))?.resized();
});

/** @type {Map<HTMLElement, {draw(): void, resized(): void, forget(): void}>} `forget` draws again when the chart is near the screen */
const frames = new Map();

onThemeChange(({printing}) => {
  for (const [figure, frame] of frames) {
    if (!figure.isConnected) continue;
    frame.forget();
    if (printing) frame.draw();
  }
});

const exportWidth = 760;

/**
 * @param {object} options
 * @param {string} options.id anchor, unique in the page
 * @param {string} options.title what is shown; heads the figure and its copies
 * @param {string | Node | null} [options.note] caption: what is seen, units, n
 * @param {number} [options.height] what the drawing will need, so that the page does not jump
 * @param {2 | 3 | 4 | 5} [options.level] of the heading
 * @param {HTMLElement | null} [options.controls] between heading and drawing
 * @param {() => {name: string, columns: string[], rows: any[][]}} options.csv
 * @param {(width: number, how: {forExport: boolean}) => Element} options.draw on the screen any element; for export an SVG that
 *   takes its colours from `colours({forExport})`. Same width, same drawing.
 * @returns {HTMLElement & {redraw(): void, retitle(title: string, note: string): void}} `redraw` after a control has changed
 */
export function chartFrame({id, title, note = null, height = 240, level = 3, controls = null, csv, draw}) {
  const body = element("div", {class: "chart-body"});
  body.style.minHeight = `${height}px`;
  const status = element("span", {class: "toolbar-status", role: "status"});
  const heading = element(`h${level}`, {id: `${id}-title`}, title);
  const caption = note ? element("figcaption", {}, note) : null;
  const figure = element("figure", {id, class: "chart", "aria-labelledby": `${id}-title`},
    element("div", {class: "chart-head"}, heading, toolbar()), controls, body, caption);

  let drawnWidth = 0, isStale = true;

  function drawNow() {
    const width = Math.floor(body.clientWidth);
    if (width === 0 || (!isStale && width === drawnWidth)) return;
    drawnWidth = width;
    isStale = false;
    const drawing = draw(width, {forExport: false});
    describe(drawing);
    if (body.firstChild !== drawing) body.replaceChildren(drawing); // moving it would cost it the focus
    body.style.minHeight = "";
  }

  function describe(drawing) {
    if (!(drawing instanceof SVGElement) || drawing.hasAttribute("role")) return;
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", `${title}. ${caption?.textContent ?? ""}`);
  }

  function forget() {
    isStale = true;
    near.unobserve(figure);
    near.observe(figure);
  }

  function forExport() {
    return exportedSvg(draw(exportWidth, {forExport: true}), {title, note: caption?.textContent});
  }

  /** Copies where the browser allows it and saves a file where it does not. */
  async function give(kind, makeBlob, extension) {
    const name = `${csv().name}.${extension}`;
    const button = `${kind.toUpperCase()}`;
    try {
      const blob = Promise.resolve(makeBlob());
      await copy(blob, extension);
      say(`${button} copied`);
    } catch {
      save(await makeBlob(), name);
      say(`Saved as ${name}: the clipboard was refused`);
    }
  }

  function say(text) {
    status.textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => { status.textContent = ""; }, 6000);
  }

  function toolbar() {
    const textBlob = (text, type) => new Blob([text], {type});
    const kinds = {
      csv: () => textBlob(csvText(csv()), "text/csv"),
      png: () => pngOf(forExport()),
      svg: () => textBlob(svgText(forExport()), "image/svg+xml")
    };
    const buttons = Object.entries(kinds).map(([kind, makeBlob]) => element("button", {
      type: "button", "data-copy": kind, "aria-label": `Copy ${kind.toUpperCase()}: ${title}`, title: `Copy as ${kind.toUpperCase()}`,
      onclick: () => give(kind, makeBlob, kind)
    }, kind.toUpperCase()));
    return element("div", {class: "toolbar", role: "group", "aria-label": `Copy ${title}`},
      element("span", {class: "toolbar-label", "aria-hidden": "true"}, "Copy"), buttons, status);
  }

  frames.set(figure, {draw: drawNow, resized: () => { if (Math.floor(body.clientWidth) !== drawnWidth) forget(); }, forget});
  near.observe(figure);
  resized.observe(body);
  figure.redraw = () => {
    const hasBeenNear = drawnWidth > 0;
    isStale = true;
    if (hasBeenNear) drawNow();
  };
  figure.retitle = (newTitle, newNote) => {
    for (const button of figure.querySelectorAll("[data-copy]"))
      button.setAttribute("aria-label", `Copy ${button.dataset.copy.toUpperCase()}: ${newTitle}`);
    title = newTitle;
    heading.textContent = newTitle;
    if (caption) caption.textContent = newNote;
  };
  return figure;
}

/** Pictures as pictures; CSV and SVG as text, which every program takes. */
async function copy(blob, extension) {
  if (extension === "png") await navigator.clipboard.write([new ClipboardItem({"image/png": blob})]);
  else await navigator.clipboard.writeText(await (await blob).text());
}
