#include "experiment/measurement.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "core/error.h"
#include "engine/forward.h"
#include "experiment/precision.h"
#include "experiment/sinks.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct PassResult {
  std::vector<Table> per_prompt;  // (P)(L)(H)
  engine::ForwardReport report;
};

PassResult RunPass(const Subject& subject, const TokenisedPrompts& prompts, const Protocol& protocol,
                   const MeasurementSettings& settings, Observer& observer) {
  const model::ModelConfig& config = subject.model.config();
  EntropySink sink(static_cast<int>(prompts.ids.size()), config.layers, config.heads);
  ObserverProgress progress(observer);
  progress.Begin("layers", config.layers, ProgressUnit::kItems);
  PassResult result;
  result.report =
      engine::Forward(subject.model, prompts.ids, sink,
                      ForwardOptionsOf(config, protocol, settings.precision, settings.run, progress));
  progress.End();
  result.per_prompt = sink.per_prompt();
  return result;
}

double LargestFinite(DType type) {
  if (type == DType::kF16) return 65504;
  return type == DType::kBF16 ? 0x1.fep127 : static_cast<double>(std::numeric_limits<float>::max());
}

Numerics NumericsOf(const engine::ForwardReport& report, Profile profile, Precision precision) {
  Numerics numerics;
  numerics.profile = ProfileName(profile);
  numerics.largest_finite = LargestFinite(ScoreTypeOf(profile, precision));
  numerics.dtype = TorchName(precision);
  numerics.cpu_target = engine::CpuTarget();
  numerics.max_abs_score = report.max_abs_score;
  numerics.non_finite.count = report.non_finite;
  if (report.non_finite > 0) {
    const engine::Place& place = report.first_non_finite;
    numerics.non_finite = {report.non_finite, std::string(place.operation), place.layer, place.prompt,
                           place.head};
  }
  return numerics;
}

// "1.4B", "405K": for a model whose size nobody stated.
std::string SizeLabel(std::uint64_t parameters) {
  const double count = static_cast<double>(parameters);
  if (count >= 1e9) return fmt::format("{:.1f}B", count / 1e9);
  return count >= 1e6 ? fmt::format("{:.1f}M", count / 1e6) : fmt::format("{:.0f}K", count / 1e3);
}

// Mean and spread over seeds; equal values give exactly that value and 0.
void Aggregate(ModelResult& result) {
  double sum = 0;
  bool equal = true;
  for (const double si : result.si_values) {
    sum += si;
    equal = equal && si == result.si_values.front();
  }
  const double count = static_cast<double>(result.si_values.size());
  result.si_mean = equal ? result.si_values.front() : sum / count;
  double squares = 0;
  for (const double si : result.si_values) squares += (si - result.si_mean) * (si - result.si_mean);
  result.si_std = std::isnan(result.si_mean) ? result.si_mean : std::sqrt(squares / count);
}

void Summarise(const PassResult& pass, const Protocol& protocol, ModelResult& result) {
  result.prompt_entropies = pass.per_prompt;
  result.head_entropies = metrics::MeanTable(pass.per_prompt);
  metrics::Specialization specialization = metrics::ComputeSpecialization(result.head_entropies);
  result.corr_mean = specialization.mean_correlation;
  result.statistics.head_correlation = std::move(specialization.correlation);
  result.statistics.constant_heads = std::move(specialization.constant_heads);
  if (result.si_values.empty()) result.si_values.assign(protocol.seeds.size(), specialization.index);
}

void Warn(ModelResult& result) {
  if (result.numerics.non_finite.count > 0)
    result.warnings.push_back(Describe(result.numerics.non_finite) + ": the index is not to be trusted");
  if (const std::size_t dead = result.statistics.constant_heads.size(); dead > 0) {
    result.warnings.push_back(
        fmt::format("{} of {} heads have a constant depth profile and are left out of the mean correlation",
                    dead, result.num_heads));
  }
  if (std::isnan(result.si_mean)) {
    result.warnings.push_back("the index is undefined: fewer than two heads vary over the layers");
  }
}

}  // namespace

std::string Describe(const NonFinite& found) {
  std::string text = fmt::format("{} NaN or infinite values, the first in {}", found.count, found.operation);
  if (found.layer >= 0) text += fmt::format(", layer {}", found.layer);
  if (found.prompt >= 0) text += fmt::format(", prompt {}", found.prompt + 1);
  if (found.head >= 0) text += fmt::format(", head {}", found.head);
  return text;
}

engine::ForwardOptions ForwardOptionsOf(const model::ModelConfig& config, const Protocol& protocol,
                                        Precision precision, const RunOptions& run, Progress& progress) {
  if (protocol.profile == Profile::kHf447 && !config.scores.upcast_in_447) {
    throw Error(ErrorKind::kInput,
                fmt::format("--numerics hf-4.47: its rounding points are known for phi, found a {} model",
                            config.model_type),
                "use hf-4.57 or exact");
  }
  engine::ForwardOptions options;
  options.type = TypeOf(precision);
  options.score_type = ScoreTypeOf(protocol.profile, precision);
  options.threads = run.threads;
  options.activation_budget = run.activation_budget;
  options.fast_bf16 = run.fast_bf16;
  options.cpu_target = run.cpu_target;
  options.low_memory = run.low_memory;
  options.progress = &progress;
  return options;
}

Provenance ProvenanceOf(const Subject& subject) {
  Provenance provenance;
  provenance.folder = std::filesystem::absolute(subject.folder).lexically_normal().string();
  provenance.revision = subject.commit;
  provenance.model_type = subject.model.config().model_type;
  provenance.weights_dtype = subject.model.stored_dtype();
  provenance.parameters = subject.model.parameters();
  for (const auto& file : subject.model.checkpoint().files())
    provenance.files.push_back({file.name, file.bytes});
  return provenance;
}

void DescribeArchitecture(const model::ModelConfig& config, ModelResult& result) {
  result.architecture = model::ArchitectureName(config);
  result.num_layers = config.layers;
  result.num_heads = config.heads;
  result.num_kv_heads = config.kv_heads;
  result.hidden_size = config.hidden;
  result.d_head = config.hidden / config.heads;
  result.rho_head = config.heads / std::sqrt(static_cast<double>(config.hidden));
  result.rho_kv = static_cast<double>(config.kv_heads) / config.layers;
}

ModelResult MeasureModel(const Subject& subject, const ModelEntry& entry, const Protocol& protocol,
                         const MeasurementSettings& settings, Observer& observer) {
  const Clock::time_point start = Clock::now();
  ModelResult result;
  result.model = entry.name;
  result.display = entry.display;
  result.size = entry.size;
  result.sanity_override = settings.override;
  TokenisedPrompts prompts =
      Tokenise(subject, protocol.prompts.prompts, protocol.max_length, settings.use_chat_template);
  DescribeArchitecture(subject.model.config(), result);
  result.provenance = ProvenanceOf(subject);
  if (result.size.empty()) result.size = SizeLabel(result.provenance.parameters);
  result.timing.load_seconds = subject.load_seconds + SecondsSince(start);
  result.timing.weight_bytes = subject.model.used_bytes();

  const Clock::time_point forward_start = Clock::now();
  PassResult pass = RunPass(subject, prompts, protocol, settings, observer);
  if (protocol.rerun_seeds) {
    for (std::size_t i = 0; i < protocol.seeds.size(); ++i) {
      if (i > 0) pass = RunPass(subject, prompts, protocol, settings, observer);
      result.si_values.push_back(metrics::ComputeSpecialization(metrics::MeanTable(pass.per_prompt)).index);
    }
  }
  result.timing.forward_seconds = SecondsSince(forward_start);
  result.numerics = NumericsOf(pass.report, protocol.profile, settings.precision);
  Summarise(pass, protocol, result);
  Aggregate(result);
  for (const auto& ids : prompts.ids) result.valid_lengths.push_back(static_cast<int>(ids.size()));
  result.token_ids = std::move(prompts.ids);
  result.tokens = std::move(prompts.tokens);
  result.warnings = std::move(prompts.warnings);
  Warn(result);
  return result;
}

}  // namespace headspec::experiment
