#include "experiment/baselines.h"

#include <limits>
#include <optional>

#include "core/error.h"
#include "engine/forward.h"
#include "experiment/pass.h"
#include "experiment/random_weights.h"
#include "experiment/sinks.h"
#include "metrics/baseline.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace {

using metrics::UniformHead;

struct Field {
  const char* name;
  std::optional<double> (*value)(const UniformHead&);
};

constexpr std::uint64_t kSeed = 42;

RandomWeights MeasureRandomWeights(const BaselineInputs& inputs, const ModelResult& measured,
                                   Progress& progress) {
  const RandomCheckpoint weights(inputs.subject, kSeed, inputs.run.threads, &progress);
  const model::Model model = model::Model::Open(weights.folder());
  const auto& ids = measured.token_ids;
  const engine::ForwardOptions options =
      ForwardOptionsOf(model.config(), inputs.protocol, inputs.precision, inputs.run, progress);
  EntropySink entropies(static_cast<int>(ids.size()), model.config().layers, model.config().heads);
  progress.Begin("random weights: layers", model.config().layers, WorkUnit::kItems);
  engine::Forward(model, ids, entropies, options);
  progress.End();
  RandomWeights found;
  found.seed = kSeed;
  found.initializer_range = weights.initializer_range();
  found.head_entropies = metrics::MeanTable(entropies.per_prompt());
  found.si = metrics::ComputeSpecialization(found.head_entropies).index;
  return found;
}

constexpr Field kFields[] = {
    {"received_entropy", [](const UniformHead& h) { return std::optional(h.received_entropy); }},
    {"query_entropy", [](const UniformHead& h) { return h.query_entropy; }},
    {"sink_mass", [](const UniformHead& h) { return std::optional(h.sink_mass); }},
    {"previous_token", [](const UniformHead& h) { return std::optional(h.previous_token); }},
    {"mean_distance", [](const UniformHead& h) { return std::optional(h.mean_distance); }},
    {"local_mass", [](const UniformHead& h) { return std::optional(h.local_mass); }},
    {"max_weight", [](const UniformHead& h) { return std::optional(h.max_weight); }},
    {"effective_support", [](const UniformHead& h) { return std::optional(h.effective_support); }}};

}  // namespace

std::vector<std::pair<std::string, double>> UniformHeadMeans(const std::vector<int>& lengths) {
  std::vector<std::pair<std::string, double>> means;
  for (const Field& field : kFields) {
    double sum = 0;
    int count = 0;
    for (const int tokens : lengths) {
      const auto head = metrics::UniformCausalHead(tokens);
      const auto value = head ? field.value(*head) : std::nullopt;
      sum += value.value_or(0);
      count += value ? 1 : 0;
    }
    means.emplace_back(field.name, count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN());
  }
  return means;
}

Baselines MeasureBaselines(const BaselineInputs& inputs, const ModelResult& measured, Observer& observer) {
  Baselines baselines;
  baselines.uniform_head = UniformHeadMeans(measured.valid_lengths);
  ObserverProgress progress(observer);
  try {
    baselines.random_weights = MeasureRandomWeights(inputs, measured, progress);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInterrupted || observer.Cancelled()) throw;
    baselines.no_random_weights = e.what();
  }
  return baselines;
}

}  // namespace headspec::experiment
