// Coloured cells of a table as pixels: one small image for the screen, paths for a drawing that leaves the page.
// Head maps, correlations and attention are all made of it.

import {svg} from "./svg.js";

/**
 * @param {{rows: number, columns: number, value: (row: number, column: number) => number, scale: object}} table
 * @returns {string} data URL of a PNG, some pixels a cell so that printers do not blur it; NaN is transparent
 */
export function gridImage({rows, columns, value, scale}) {
  const zoom = Math.max(1, Math.floor(480 / Math.max(rows, columns)));
  const small = canvas(columns, rows);
  const context = small.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let row = 0, at = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, at += 4) {
      const shown = value(row, column);
      if (Number.isNaN(shown)) continue;
      const colour = scale.place(shown) * 3;
      image.data[at] = scale.rgb[colour];
      image.data[at + 1] = scale.rgb[colour + 1];
      image.data[at + 2] = scale.rgb[colour + 2];
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
  const large = canvas(columns * zoom, rows * zoom);
  const zoomed = large.getContext("2d");
  zoomed.imageSmoothingEnabled = false;
  zoomed.drawImage(small, 0, 0, large.width, large.height);
  return large.toDataURL();
}

function canvas(width, height) {
  return Object.assign(document.createElement("canvas"), {width, height});
}

/** The same as vectors: one path for each colour that occurs, in units of cells. */
export function gridPaths({rows, columns, value, scale}) {
  const runs = new Map();
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; ) {
      const shown = value(row, column);
      let end = column + 1;
      if (!Number.isNaN(shown)) {
        const colour = scale.place(shown);
        while (end < columns && scale.place(value(row, end)) === colour && !Number.isNaN(value(row, end))) end += 1;
        const width = end - column;
        runs.set(colour, `${runs.get(colour) ?? ""}M${column} ${row}h${width}v1h-${width}z`);
      }
      column = end;
    }
  }
  return [...runs].map(([colour, d]) => svg("path", {d, fill: scale.at(colour)}));
}

/** One path over all cells without a value, or null. In units of cells. */
export function missingPath({rows, columns, value}) {
  let d = "";
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      if (Number.isNaN(value(row, column))) d += `M${column} ${row}h1v1h-1z`;
  return d || null;
}

/**
 * The cells at (x, y), `cellWidth` x `cellHeight` each.
 * @param {{vector: boolean, hatchId: string}} options
 */
export function gridCells(table, {x, y, cellWidth, cellHeight}, {vector, hatchId}) {
  const {rows, columns} = table;
  const missing = hatchId ? missingPath(table) : null;
  const scaled = `translate(${x} ${y}) scale(${cellWidth} ${cellHeight})`;
  return svg("g", {class: "cells"},
    vector
      ? svg("g", {transform: scaled, "shape-rendering": "crispEdges"}, gridPaths(table))
      : svg("image", {href: gridImage(table), x, y, width: columns * cellWidth, height: rows * cellHeight,
        preserveAspectRatio: "none", "image-rendering": "pixelated"}),
    missing ? svg("path", {d: scalePath(missing, cellWidth, cellHeight), transform: `translate(${x} ${y})`, fill: `url(#${hatchId})`,
      class: "missing"}) : null);
}

// Scaled by hand, as a transform would scale the hatching too.
function scalePath(d, cellWidth, cellHeight) {
  return d.replace(/M(\d+) (\d+)h1v1h-1z/g, (_, column, row) =>
    `M${column * cellWidth} ${row * cellHeight}h${cellWidth}v${cellHeight}h${-cellWidth}z`);
}
