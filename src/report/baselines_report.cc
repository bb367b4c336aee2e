#include "report/baselines_report.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "report/text.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Json RandomWeightsJson(const RandomWeights& random) {
  return {{"seed", random.seed},
          {"initializer_range", random.initializer_range},
          {"si", random.si},
          {"head_entropies", random.head_entropies}};
}

double MeanOverHeads(const Table& table) {
  double sum = 0;
  int count = 0;
  for (const auto& row : table) {
    for (const double value : row) {
      if (std::isnan(value)) continue;
      sum += value;
      ++count;
    }
  }
  return count > 0 ? sum / count : kNaN;
}

double MeanOf(std::string_view name, const ModelResult& model) {
  if (name == "received_entropy") return MeanOverHeads(model.head_entropies);
  for (const HeadMetric& metric : model.head_metrics) {
    if (metric.name == name) return MeanOverHeads(metric.mean);
  }
  return kNaN;
}

std::string Cell(double value) { return std::isnan(value) ? "-" : fmt::format("{:.4f}", value); }

std::string ModelTable(const ModelResult& model) {
  const Baselines& baselines = *model.baselines;
  const auto& random = baselines.random_weights;
  std::string text = fmt::format("Baselines: {}\n", OneLine(model.display));
  const auto line = [&](const std::string& name, double value, double uniform, double untrained) {
    text += fmt::format("  {:<20}{:<12}{:<14}{}\n", name, Cell(value), Cell(uniform), Cell(untrained));
  };
  text +=
      fmt::format("  {:<20}{:<12}{:<14}{}\n", "Mean over heads", "Model", "Uniform head", "Random weights");
  line("SI", model.si_mean, kNaN, random ? random->si : kNaN);
  for (const auto& [name, value] : baselines.uniform_head) {
    const bool is_entropy = name == "received_entropy";
    line(name, MeanOf(name, model), value,
         random && is_entropy ? MeanOverHeads(random->head_entropies) : kNaN);
  }
  if (!random) text += "  no random weights: " + OneLine(baselines.no_random_weights) + "\n";
  return text;
}

}  // namespace

void AddBaselines(Json& json, const ModelResult& model) {
  if (!model.baselines) return;
  Json& baselines = json["baselines"];
  Json uniform = Json::object();
  for (const auto& [name, value] : model.baselines->uniform_head) uniform[name] = value;
  const auto& random = model.baselines->random_weights;
  const std::string& reason = model.baselines->no_random_weights;
  baselines["uniform_head"] = std::move(uniform);
  baselines["random_weights"] = random ? RandomWeightsJson(*random) : Json(nullptr);
  baselines["no_random_weights"] = reason.empty() ? Json(nullptr) : Json(reason);
}

void ReadBaselines(const JsonReader& json, ModelResult& model) {
  if (!json.Has("baselines")) return;
  const JsonReader stored = json.At("baselines");
  Baselines& baselines = model.baselines.emplace();
  for (const auto& [name, value] : stored.At("uniform_head").Members())
    baselines.uniform_head.emplace_back(name, value.Number());
  baselines.no_random_weights = stored.At("no_random_weights").StringOrNull();
  if (const JsonReader random = stored.At("random_weights"); !random.IsNull()) {
    baselines.random_weights = {.seed = random.At("seed").Count(),
                                .initializer_range = random.At("initializer_range").Number(),
                                .si = random.At("si").Number(),
                                .head_entropies = random.At("head_entropies")
                                                      .Rows(static_cast<std::size_t>(model.num_layers),
                                                            static_cast<std::size_t>(model.num_heads))};
    random.RefuseOtherKeys();
  }
  stored.RefuseOtherKeys();
}

std::string BaselineTable(const RunResult& run) {
  std::string text;
  for (const ModelResult& model : run.models) {
    if (model.baselines) text += (text.empty() ? "" : "\n") + ModelTable(model);
  }
  return text;
}

}  // namespace headspec::report
