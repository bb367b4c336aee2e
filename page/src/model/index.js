// One model's own views.
import {section} from "../dom.js";

/** @returns {HTMLElement} */
export function modelSection(model, report) {
  return section({id: model.id, title: model.display});
}
