// The program's differences between base and tuned, as one list.
import {intervalOf} from "../data.js";

const names = {
  delta_specialization: "Specialization Index", delta_correlation: "Mean head correlation",
  delta_variance: "Mean head variance", delta_gqa_ratio: "Group ratio (within / between)"
};

/** Tuned less base. An interval or a null that is not there has a reason. */
export function differences(comparison) {
  return Object.entries(comparison.statistics).map(([key, found]) => ({
    key, name: names[key] ?? key.replaceAll("_", " "), value: found.value,
    interval: intervalOf(found.bootstrap), whyNoInterval: found.bootstrap?.reason ?? null,
    null_: found.permutation_null?.shuffles ? found.permutation_null : null, whyNoNull: found.permutation_null?.reason ?? null,
    readings: [found.bootstrap_reading, found.null_reading]
  }));
}
