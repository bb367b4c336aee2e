// heads.npz and heads.csv: what was measured of every head, for numpy and for data frames.
//
// heads.npz holds, M models in the order of results.json, i of them from 0: `models` (M) and `si` (M), and
// for each model that was measured
//   i/head_entropies, i/head_entropies_per_prompt, i/<metric>, i/<metric>_per_prompt   (L, H), (P, L, H)
//   i/received_entropy_kv_groups, i/<metric>_kv_groups                 (L, G), of grouped-query models
//   i/head_correlation (H, H), i/max_abs_score (L), i/valid_lengths (P)
//   i/token_ids                       (sum of valid_lengths), prompt after prompt; i/induction_ids
// Floats are float64 with NaN where a value is not defined, integers int64.
#pragma once

#include <filesystem>
#include <string>

#include "headspec/result.h"

namespace headspec::report {

// Throws Error(kSystem) if `target` exists or cannot be written.
void WriteHeadArrays(const RunResult& run, const std::filesystem::path& target);

// model,layer,head,metric,value: one line for each, means over prompts; no value where it is not defined.
// Metrics that end in _kv_groups have the key-value head in the column `head`.
std::string HeadsCsv(const RunResult& run);

}  // namespace headspec::report
