// The baselines of a model: in results.json and back, and for the console.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "headspec/result.h"
#include "report/json_reader.h"

namespace headspec::report {

void AddBaselines(nlohmann::ordered_json& json, const ModelResult& model);
void ReadBaselines(const JsonReader& json, ModelResult& model);  // `json` is the model's object

// The index beside that of random weights, and means over heads beside a uniform head, of every model that
// has baselines.
std::string BaselineTable(const RunResult& run);

}  // namespace headspec::report
