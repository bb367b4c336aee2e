// The key `sensitivity` of one model in results.json.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "headspec/result.h"
#include "report/json_reader.h"

namespace headspec::report {

void AddSensitivity(nlohmann::ordered_json& json, const ModelResult& model);
void ReadSensitivity(const JsonReader& json, ModelResult& model);  // `json` is the model's object

}  // namespace headspec::report
