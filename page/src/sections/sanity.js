// The eight-step check before the measurement: what was tried, how far each came.
import {element, foldable, section} from "../dom.js";
import {fixed, index, missing, significant} from "../format.js";
import {plainType} from "./words.js";

const reasons = {
  valid_len_too_small: "too few tokens: more than 5 are needed", nan_inf: "attention holds NaN or infinity",
  degenerate_attn: "attention is all zero", baseline_si_below_threshold: "the index is below the threshold"
};

function steps(attempt) {
  const found = attempt;
  return [
    ["load", plainType(found.dtype)],
    ["prompt", `“${found.prompt ?? missing}”, ${found.use_chat_template ? "chat template" : "no chat template"}`],
    ["tokens", `${found.valid_len ?? missing}, no padding`],
    ["forward pass", "attention of every layer"],
    ["layer 0", `${found.num_layers ?? missing} layers, ${found.num_heads ?? missing} heads; |attention| mean ${fixed(found.attn_abs_mean, 6)}, deviation ${fixed(found.attn_std, 6)}`],
    ["heads 0 and 1", found.heads_identical === null ? missing : found.heads_identical ? "identical within 1e−4: the index may be 0" : "different"],
    ["entropy", found.entropy_range ? `${fixed(found.entropy_range[0], 4)} to ${fixed(found.entropy_range[1], 4)}, mean ${fixed(found.entropy_mean, 4)}` : missing],
    ["baseline SI", `${index(found.baseline_si)}, mean head correlation ${significant(found.mean_corr)}`]
  ].slice(0, found.reached_step);
}

function attemptPart(attempt, isOnly) {
  const list = steps(attempt).map(([name, result], i) => {
    const failed = !attempt.ok && i === attempt.reached_step - 1;
    return element("li", {class: failed ? "failed" : null}, element("span", {class: "step-name"}, name),
      element("span", {}, failed ? `failed: ${reasons[attempt.reason] ?? attempt.reason ?? "unknown"}` : result));
  });
  const outcome = attempt.ok ? `passed, SI ${index(attempt.baseline_si)}` : `failed at step ${attempt.reached_step} of 8`;
  return foldable({summary: `${attempt.label}: ${outcome}`, open: isOnly && !attempt.ok}, element("ol", {class: "steps"}, list));
}

/** @returns {HTMLElement | null} */
export function sanitySection(report) {
  const attempts = report.results?.sanity_attempts;
  if (!attempts || attempts.length === 0) return null;
  return section({id: "sanity", title: "Sanity check"},
    element("p", {}, "Before anything is measured, one prompt goes through the first model: tokens, finite attention, heads that differ, an index that is not zero. The first variant that passes decides the number type."),
    attempts.map((attempt) => attemptPart(attempt, attempts.length === 1)));
}
