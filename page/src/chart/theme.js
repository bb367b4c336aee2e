// Colours of the page and its charts: one table for each theme, from which both the style sheet and the charts take theirs.

export const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif';

/** `series` are six hues told apart by colour-blind readers, `mark` is the one a single series has. */
export const palettes = {
  light: {
    surface: "#ffffff", raised: "#f6f5f1", ink: "#1d2126", muted: "#5a616b", line: "#d9d8d2", grid: "#e9e8e3",
    mark: "#23568f", accent: "#1f5fa8", warm: "#a8500f", zone: "#dbe6d2", zoneLine: "#7f9a6b", band: "#c9ccd2",
    warning: "#7a4a00", warningSurface: "#fdf3dc", reference: "#6b4f8f", missing: "#efeee9",
    series: ["#23568f", "#b85c00", "#117a65", "#8a3b8f", "#8a6d00", "#4a5568"]
  },
  dark: {
    surface: "#15181c", raised: "#1d2127", ink: "#e7e6e2", muted: "#a4abb5", line: "#3a4049", grid: "#2a2f36",
    mark: "#7fb2ea", accent: "#8cbcf2", warm: "#f0a35e", zone: "#2c3b2a", zoneLine: "#88a874", band: "#4b525d",
    warning: "#f3cf8e", warningSurface: "#33290f", reference: "#c3a6e8", missing: "#23282e",
    series: ["#7fb2ea", "#f0a35e", "#5cc3a9", "#d596da", "#d9bb4a", "#b4bcc8"]
  }
};

const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function declarations(palette) {
  return Object.entries(palette).flatMap(([name, value]) => Array.isArray(value)
    ? value.map((colour, i) => `--${kebab(name)}-${i}:${colour};`)
    : [`--${kebab(name)}:${value};`]).join("");
}

/** The style sheet's variables: `--ink`, `--zone-line`, `--series-0`... Paper is light. */
export function colourRules() {
  const light = declarations(palettes.light), dark = declarations(palettes.dark);
  return `:root{color-scheme:light;--font:${font};${light}}
@media screen and (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;${dark}}}
@media screen{:root[data-theme=dark]{color-scheme:dark;${dark}}}
`;
}

/** @returns {"light" | "dark"} what is on the screen, or on paper, now */
export function currentTheme() {
  if (matchMedia("print").matches || printing) return "light";
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

/** Colours as plain values. A chart that leaves the page is always light. */
export const colours = ({forExport = false} = {}) => palettes[forExport ? "light" : currentTheme()];

let printing = false;
const listeners = new Set();

/** Calls `listener({printing})` whenever colours may have changed. */
export const onThemeChange = (listener) => { listeners.add(listener); };

/** Calls `prepare(printing)` before charts are drawn for the printer, and after it. */
export const onPrint = (prepare) => { preparations.add(prepare); };
const preparations = new Set();

function tell() {
  for (const listener of listeners) listener({printing});
}

/** "auto", "light" or "dark"; kept for the next visit where the browser allows it. */
export function setTheme(choice) {
  if (choice === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  try {
    localStorage.setItem("headspec-theme", choice);
  } catch {
    // Some browsers keep nothing for local files.
  }
  tell();
}

export function storedTheme() {
  try {
    const stored = localStorage.getItem("headspec-theme");
    return ["light", "dark"].includes(stored) ? stored : "auto";
  } catch {
    return "auto";
  }
}

/** Follows the system's theme and the printer. */
export function watchTheme() {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
  const setPrinting = (value) => {
    if (printing === value) return;
    printing = value;
    for (const prepare of preparations) prepare(printing);
    tell();
  };
  addEventListener("beforeprint", () => setPrinting(true));
  addEventListener("afterprint", () => setPrinting(false));
  matchMedia("print").addEventListener("change", (event) => setPrinting(event.matches));
}
