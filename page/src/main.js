// The page: reads the data and builds its sections.
import {readReport} from "./data.js";
import {element} from "./dom.js";
import {setTheme, storedTheme, watchTheme} from "./chart/theme.js";
import {modelSection} from "./model/index.js";

function show(report) {
  document.body.append(element("main", {}, element("h1", {}, report.title),
    report.models.map((model) => modelSection(model, report))));
}

setTheme(storedTheme());
watchTheme();
show(readReport(document));
