#include "report/head_metrics_json.h"

#include <cstddef>
#include <nlohmann/json.hpp>

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kEntropy = "received_entropy";

}  // namespace

void AddHeadMetrics(Json& json, const ModelResult& model) {
  if (!model.head_metrics.empty()) {
    Json& metrics = json["head_metrics"] = Json::object();
    for (const HeadMetric& metric : model.head_metrics) metrics[metric.name] = metric.mean;
  }
  if (!model.kv_group_entropies.empty()) {
    Json& groups = json["kv_group_means"] = {{kEntropy, model.kv_group_entropies}};
    for (const HeadMetric& metric : model.head_metrics) groups[metric.name] = metric.kv_group_means;
  }
  if (!model.induction_ids.empty()) json["induction_ids"] = model.induction_ids;
}

void ReadHeadMetrics(const JsonReader& json, ModelResult& model) {
  const auto layers = static_cast<std::size_t>(model.num_layers);
  if (json.Has("head_metrics")) {
    for (const auto& [name, table] : json.At("head_metrics").Members())
      model.head_metrics.push_back(
          {.name = name, .mean = table.Rows(layers, static_cast<std::size_t>(model.num_heads))});
  }
  if (json.Has("kv_group_means")) {
    const JsonReader groups = json.At("kv_group_means");
    const auto count = static_cast<std::size_t>(model.num_kv_heads);
    model.kv_group_entropies = groups.At(kEntropy).Rows(layers, count);
    for (HeadMetric& metric : model.head_metrics)
      metric.kv_group_means = groups.At(metric.name).Rows(layers, count);
    groups.RefuseOtherKeys();
  }
  if (json.Has("induction_ids")) model.induction_ids = json.At("induction_ids").Ints();
}

}  // namespace headspec::report
