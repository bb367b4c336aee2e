// The page of a sweep: what its curves support, the curves, every cell.
import {element, section} from "../dom.js";
import {readableTime, sentence} from "../sections/words.js";
import {cellsSection} from "./cells.js";
import {curvesChart} from "./curves.js";
import {readSweep} from "./data.js";

const mostFailures = 10;

const list = (lines) => lines.length === 0 ? null : element("ul", {}, lines.map((line) => element("li", {}, sentence(line))));

function failureBox(sweep) {
  const failed = sweep.rows.filter((row) => row.status === "failed" && !row.repeat);
  const unfinished = sweep.rows.filter((row) => row.status === "missing" && !row.repeat).length;
  if (failed.length === 0 && unfinished === 0) return null;
  const items = failed.slice(0, mostFailures).map((row) => element("li", {}, element("strong", {}, row.name), `: ${row.error}`));
  if (failed.length > mostFailures) items.push(element("li", {}, `${failed.length - mostFailures} more: choose "failed" in the table of cells.`));
  if (unfinished > 0) items.push(element("li", {}, `${unfinished} not measured yet: the curves have gaps there.`));
  const title = [failed.length > 0 ? `${failed.length} failed` : "", unfinished > 0 ? `${unfinished} missing` : ""].filter(Boolean).join(", ");
  return element("aside", {class: "warnings", "aria-labelledby": "warnings-heading"}, element("h2", {id: "warnings-heading"}, title), element("ul", {}, items));
}

/** What stands under the title. */
export function sweepFacts(data) {
  const measured = data.cells.status.filter((status, i) => status === "measured" && !data.cells.repeat[i]).length;
  const all = data.cells.repeat.filter((repeat) => !repeat).length;
  return ["Sweep", readableTime(data.timestamp), `${measured} of ${all} measurements`, `headspec ${data.headspec_version}`];
}

/** @returns {HTMLElement[]} the sections of the page */
export function sweepSections(data) {
  const sweep = readSweep(data);
  return [failureBox(sweep),
    section({id: "reading", title: "Reading"}, list(sweep.readings) ?? element("p", {}, sweep.curves.length > 0 ? "The points say nothing beyond their numbers." : "Nothing is measured yet."),
      sweep.notes.length > 0 ? [element("h3", {}, "Notes"), list(sweep.notes)] : null),
    sweep.curves.length > 0 ? section({id: "curves", title: "Curves"}, curvesChart(sweep)) : null,
    cellsSection(sweep)].filter(Boolean);
}
