// Colour scales that colour-blind readers can use: viridis for amounts, purple to orange for what has a sign,
// eight hues for selected heads.

const stops = {
  sequential: ["440154", "482878", "3e4a89", "31688e", "26828e", "1f9e89", "35b779", "6ece58", "b5de2b", "fde725"],
  diverging: [
    "2d004b", "542788", "8073ac", "b2abd2", "d8daeb", "f4f4f4", "fee0b6", "fdb863", "e08214", "b35806", "7f3b08"
  ]
};

const table = {};

/** @returns {Uint8Array} 256 x RGB */
function colours(kind) {
  return (table[kind] ??= interpolate(stops[kind].map((hex) => [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)))));
}

function interpolate(points) {
  const rgb = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i += 1) {
    const at = (i / 255) * (points.length - 1);
    const below = Math.min(Math.floor(at), points.length - 2);
    for (let c = 0; c < 3; c += 1)
      rgb[i * 3 + c] = Math.round(points[below][c] + (at - below) * (points[below + 1][c] - points[below][c]));
  }
  return rgb;
}

/**
 * @param {"sequential" | "diverging"} kind
 * @param {[number, number]} domain symmetric about 0 for a diverging scale
 */
export function colourScale(kind, domain) {
  const rgb = colours(kind);
  const [from, to] = domain;
  const place = (value) => (to > from ? Math.max(0, Math.min(255, Math.round(((value - from) / (to - from)) * 255))) : 128);
  return {
    kind,
    domain,
    /** 0..255, the row of `rgb` */
    place,
    rgb,
    css: (value) => css(rgb, place(value)),
    at: (index) => css(rgb, index)
  };
}

const css = (rgb, i) => `rgb(${rgb[i * 3]} ${rgb[i * 3 + 1]} ${rgb[i * 3 + 2]})`;

/** The least interval symmetric about 0 that holds `extent`. */
export function symmetric([from, to]) {
  const reach = Math.max(Math.abs(from), Math.abs(to));
  return [-reach, reach];
}

/** Of selected heads, by slot: hues that colour-blind readers tell apart, strong enough for lines on either page. */
const headColours = {
  light: ["#1f6fb4", "#c8500a", "#00805c", "#c2478f", "#6a4fb3", "#8f7200", "#0090bd", "#555f6b"],
  dark: ["#6fb1f2", "#ff9557", "#3fcfa2", "#f08fc4", "#b09bf5", "#e0c04a", "#7fdcf5", "#b9c2cc"]
};

/** How many heads can be selected, each with a colour of its own. */
export const headColourCount = headColours.light.length;

/** @param {"light" | "dark"} theme */
export const headColour = (slot, theme) => headColours[theme][slot];
