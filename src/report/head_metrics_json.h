// The head metrics of one model in results.json: means over prompts. What they are for each prompt is in
// heads.npz alone.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "headspec/result.h"
#include "report/json_reader.h"

namespace headspec::report {

// Adds head_metrics, kv_group_means and induction_ids, those that there are.
void AddHeadMetrics(nlohmann::ordered_json& json, const ModelResult& model);
// The way back. `json` is the model's object; its sizes are read already.
void ReadHeadMetrics(const JsonReader& json, ModelResult& model);

}  // namespace headspec::report
