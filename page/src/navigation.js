// The contents beside the text, the switch of the theme, and what printing needs.
import {element} from "./dom.js";
import {onPrint, setTheme, storedTheme} from "./chart/theme.js";

/** Names of all sections as links; models stand under their own heading. */
export function contents(main) {
  const links = new Map();
  const item = (part) => {
    const link = element("a", {href: `#${part.id}`}, part.dataset.navigation);
    links.set(part, link);
    const inner = [...part.querySelectorAll(":scope > section[data-navigation]")];
    return element("li", {}, link, inner.length ? element("ul", {}, inner.map(item)) : null);
  };
  const list = element("ul", {}, [...main.querySelectorAll(":scope > section[data-navigation]")].map(item));
  const navigation = element("details", {class: "contents-fold"}, element("summary", {}, "Contents"), list);
  const wide = matchMedia("(min-width: 1100px)");
  const follow = () => { navigation.open = wide.matches; };
  wide.addEventListener("change", follow);
  follow();
  list.addEventListener("click", () => { if (!wide.matches) navigation.open = false; });
  markCurrent(links);
  return element("nav", {class: "contents", "aria-label": "Contents"}, navigation);
}

/** The section that the reader is in. */
function markCurrent(links) {
  const visible = new Set();
  const seen = new IntersectionObserver((entries) => {
    for (const {isIntersecting, target} of entries) visible[isIntersecting ? "add" : "delete"](target);
    const current = [...links.keys()].filter((part) => visible.has(part)).at(-1);
    for (const [part, link] of links) part === current ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current");
  }, {rootMargin: "-15% 0px -75% 0px"});
  for (const part of links.keys()) seen.observe(part);
}

/** Auto follows the system. */
export function themeSwitch() {
  const chosen = storedTheme();
  const choice = (value, label) => element("label", {}, element("input", {
    type: "radio", name: "theme", value, checked: value === chosen, onchange: () => setTheme(value)
  }), element("span", {}, label));
  return element("fieldset", {class: "theme-switch"}, element("legend", {class: "visually-hidden"}, "Colours"),
    choice("auto", "Auto"), choice("light", "Light"), choice("dark", "Dark"));
}

/** A link to something folded opens it. */
export function openTargets() {
  const reveal = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    if (!target) return;
    for (let part = target; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
    const views = target.matches("section.model") ? target.querySelector(":scope > details") : null;
    if (views) views.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();
}

/** On paper nothing is folded. */
export function unfoldForPrint() {
  let opened = [];
  onPrint((printing) => {
    if (!printing) {
      for (const details of opened) details.open = false;
      opened = [];
      return;
    }
    // What is filled may hold folded parts of its own.
    for (let folded; (folded = document.querySelector("main details:not([open])")) !== null;) {
      folded.fill?.();
      folded.open = true;
      opened.push(folded);
    }
  });
}
