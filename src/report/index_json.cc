#include "report/index_json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "report/json_text.h"
#include "report/statistics_json.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;  // of docs/si.schema.json

}  // namespace

std::string IndexJson(const std::vector<StoredIndex>& indices) {
  Json list = Json::array();
  for (const StoredIndex& one : indices) {
    Json item = {{"place", one.place},
                 {"num_layers", one.layers},
                 {"num_heads", one.heads},
                 {"specialization_index", one.specialization_index},
                 {"mean_head_correlation", one.mean_head_correlation},
                 {"constant_heads", one.constant_heads},
                 {"head_correlation_matrix", one.head_correlation}};
    AddIndexStatistics(one.statistics, item["statistics"]);
    list.push_back(std::move(item));
  }
  return JsonText({{"schema_version", kSchemaVersion}, {"matrices", std::move(list)}});
}

}  // namespace headspec::report
