#include "report/sensitivity_json.h"

#include <nlohmann/json.hpp>

namespace headspec::report {

using Json = nlohmann::ordered_json;

void AddSensitivity(Json& json, const ModelResult& model) {
  if (model.sensitivity.empty()) return;
  Json& rows = json["sensitivity"] = Json::array();
  for (const SensitivityRow& row : model.sensitivity) {
    rows.push_back({{"kind", row.kind},
                    {"label", row.label},
                    {"si", row.si},
                    {"note", row.note.empty() ? Json(nullptr) : Json(row.note)}});
  }
}

void ReadSensitivity(const JsonReader& json, ModelResult& model) {
  if (!json.Has("sensitivity")) return;
  for (const JsonReader& row : json.At("sensitivity").Items()) {
    model.sensitivity.push_back({row.At("kind").String(), row.At("label").String(), row.At("si").Number(),
                                 row.At("note").StringOrNull()});
    row.RefuseOtherKeys();
  }
}

}  // namespace headspec::report
