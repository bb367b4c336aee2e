// The note beside the pointer. One for the page, as there is one pointer; readers of a screen reader hear announcements
// instead.
import {element} from "../dom.js";

let box = null;

/** @param {{x: number, y: number}} point in the window @param {(string | Node)[]} lines the first one is strong */
export function showTooltip({x, y}, lines) {
  box ??= makeBox();
  box.replaceChildren(...lines.map((line, i) => element(i === 0 ? "strong" : "span", {}, line)));
  box.hidden = false;
  const {width, height} = box.getBoundingClientRect();
  const right = document.documentElement.clientWidth;
  const left = x + 14 + width > right ? Math.max(4, x - 14 - width) : x + 14;
  const top = y - height - 12 < 0 ? y + 18 : y - height - 12;
  box.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
}

// A finger leaves nothing that it could be taken away by: scrolling or a touch elsewhere does it.
function makeBox() {
  addEventListener("scroll", hideTooltip, {capture: true, passive: true});
  addEventListener("pointerdown", hideTooltip, {capture: true});
  return document.body.appendChild(element("div", {class: "tooltip", "aria-hidden": "true"}));
}

export function hideTooltip() {
  if (box) box.hidden = true;
}
