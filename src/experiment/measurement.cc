#include "experiment/measurement.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "core/error.h"
#include "experiment/attention_room.h"
#include "experiment/baselines.h"
#include "experiment/conversions.h"
#include "experiment/head_metrics_sink.h"
#include "experiment/induction.h"
#include "experiment/padding.h"
#include "experiment/pass.h"
#include "experiment/precision.h"
#include "experiment/progress.h"
#include "experiment/sensitivity.h"
#include "experiment/statistics.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Passes {
  Pass first = {};
  double seconds = 0;                  // of all
  std::vector<double> si_values = {};  // of each, where they were repeated for every seed
};

// `result` says which sequence induction is measured on. The other head metrics are of prompts without
// padding.
PassRequest RequestOf(const ModelResult& result, const PaddedPrompts& prompts, const Protocol& protocol,
                      const MeasurementSettings& settings) {
  PassRequest request{
      .precision = settings.precision,
      .run = settings.run,
      .head_metrics = protocol.metrics != HeadMetricSet::kNone && prompts.valid_tokens.empty(),
      .induction = result.induction_ids};
  request.valid_tokens = prompts.valid_tokens;
  request.keep_attention = protocol.keep_attention;
  request.own_metrics = !settings.run.metrics.empty() && prompts.valid_tokens.empty();
  request.run.fresh = request.run.fresh || protocol.rerun_seeds;
  return request;
}

Passes RunPasses(const Subject& subject, const ModelResult& result, const PaddedPrompts& prompts,
                 const Protocol& protocol, const MeasurementSettings& settings, Observer& observer) {
  const std::vector<std::vector<int>>& ids = prompts.ids;
  PassRequest request = RequestOf(result, prompts, protocol, settings);
  Passes passes{.first = RunPass(subject, ids, protocol, request, observer)};
  passes.seconds = passes.first.result.seconds;
  if (!protocol.rerun_seeds || protocol.seeds.empty()) return passes;
  request.use_memo = request.keep_attention = request.own_metrics = false;
  const auto add_index = [&passes](const PassResult& pass) {
    passes.si_values.push_back(metrics::ComputeSpecialization(metrics::MeanTable(pass.per_prompt)).index);
  };
  add_index(passes.first.result);
  for (std::size_t i = 1; i < protocol.seeds.size(); ++i) {
    const Pass again = RunPass(subject, ids, protocol, request, observer);
    passes.seconds += again.result.seconds;
    add_index(again.result);
  }
  return passes;
}

double LargestFinite(DType type) {
  if (type == DType::kF16) return 65504;
  return type == DType::kBF16 ? 0x1.fep127 : static_cast<double>(std::numeric_limits<float>::max());
}

Numerics NumericsOf(const PassResult& pass, Profile profile, const MeasurementSettings& settings) {
  const Precision precision = settings.precision;
  Numerics numerics;
  numerics.profile = ProfileName(profile);
  numerics.largest_finite = LargestFinite(ScoreTypeOf(profile, precision));
  numerics.dtype = TorchName(precision);
  numerics.cpu_target = pass.cpu_target;
  numerics.products = engine::Products({.type = TypeOf(precision),
                                        .fast_bf16 = settings.run.fast_bf16,
                                        .cpu_target = settings.run.cpu_target});
  numerics.max_abs_score = pass.max_abs_score;
  numerics.non_finite = pass.non_finite;
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

// Padding and the prompt of induction.
void ChooseSequences(const Subject& subject, const PaddedPrompts& prompts, const Protocol& protocol,
                     ModelResult& result) {
  result.padding = prompts.used;
  if (protocol.metrics != HeadMetricSet::kAll) return;
  if (!prompts.valid_tokens.empty()) {
    result.warnings.emplace_back(
        "with the padding left in, only the received entropy is measured of each head");
    return;
  }
  const auto ids = InductionSequence(subject.model.config(), subject.tokenizer, protocol.max_length);
  if (ids)
    result.induction_ids = *ids;
  else
    result.warnings.push_back("induction is not measured: " + ids.reason());
}

void Summarise(PassResult pass, const Protocol& protocol, ModelResult& result, Observer& observer) {
  ObserverProgress progress(observer);
  result.head_entropies = metrics::MeanTable(pass.per_prompt);
  result.prompt_entropies = std::move(pass.per_prompt);
  result.kv_group_entropies = KvGroupMeans(result.head_entropies, result.num_kv_heads);
  result.head_metrics = std::move(pass.head_metrics);
  std::move(pass.own_metrics.begin(), pass.own_metrics.end(), std::back_inserter(result.head_metrics));
  for (HeadMetric& metric : result.head_metrics) {
    AverageOverPrompts(result.num_kv_heads, metric);
    if (metric.name == kInduction) metric.per_prompt.clear();
  }
  metrics::Specialization specialization = metrics::ComputeSpecialization(result.head_entropies);
  result.corr_mean = specialization.mean_correlation;
  result.statistics.head_correlation = std::move(specialization.correlation);
  result.statistics.constant_heads = std::move(specialization.constant_heads);
  result.statistics.index = ComputeIndexStatistics(result.head_entropies, result.prompt_entropies,
                                                   StatisticsSeed(protocol), &progress);
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

Provenance ProvenanceOf(const Subject& subject) {
  Provenance provenance;
  provenance.folder = std::filesystem::absolute(subject.folder).lexically_normal().string();
  provenance.repository = subject.repository;
  provenance.revision = subject.commit;
  provenance.model_type = subject.model.config().model_type;
  provenance.weights_dtype = subject.model.stored_dtype();
  provenance.parameters = subject.model.parameters();
  if (subject.files) {
    provenance.files = subject.files->records;
  } else {
    for (const auto& file : subject.model.checkpoint().files())
      provenance.files.push_back({file.name, file.bytes});
  }
  provenance.tokenizer_class = subject.tokenizer.tokenizer_class();
  provenance.adds_bos = subject.tokenizer.adds_bos();
  provenance.has_chat_template = subject.tokenizer.has_chat_template();
  provenance.chat_template_sha256 = subject.tokenizer.chat_template_sha256();
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
  RequireRoomForAttention(subject, prompts.ids, protocol);
  DescribeArchitecture(subject.model.config(), result);
  result.provenance = ProvenanceOf(subject);
  result.provenance.conversions = ConversionsOf(subject.model, settings.precision);
  result.provenance.chat_template_applied = prompts.chat_template_applied;
  if (result.size.empty()) result.size = SizeLabel(result.provenance.parameters);
  result.timing.load_seconds = subject.load_seconds + SecondsSince(start);
  result.timing.weight_bytes = subject.model.used_bytes();

  const PaddedPrompts padded = PadPrompts(subject, prompts.ids, protocol);
  ChooseSequences(subject, padded, protocol, result);
  result.token_ids = std::move(prompts.ids);
  result.tokens = std::move(prompts.tokens);
  result.token_roles = std::move(prompts.roles);
  result.warnings.insert(result.warnings.begin(), prompts.warnings.begin(), prompts.warnings.end());
  Passes passes = RunPasses(subject, result, padded, protocol, settings, observer);
  Pass& pass = passes.first;
  result.numerics = NumericsOf(pass.result, protocol.profile, settings);
  result.timing.forward_seconds = passes.seconds;
  if (pass.is_reused) result.timing.reused_from = pass.result.computed_at;
  result.si_values = std::move(passes.si_values);
  result.attention = std::move(pass.result.attention);
  Summarise(std::move(pass.result), protocol, result, observer);
  Aggregate(result);
  for (const auto& ids : result.token_ids) result.valid_lengths.push_back(static_cast<int>(ids.size()));
  Warn(result);
  result.warnings.insert(result.warnings.end(), pass.warnings.begin(), pass.warnings.end());
  if (protocol.baselines) {
    const BaselineInputs inputs{subject, protocol, settings.precision, settings.run};
    result.baselines = MeasureBaselines(inputs, result, observer);
  }
  if (protocol.sensitivity) {
    const SensitivityInputs inputs{subject, protocol, settings.precision, settings.run};
    result.sensitivity = MeasureSensitivity(inputs, result, observer);
  }
  return result;
}

fs::path MeasurePart(const Subject& subject, const Protocol& protocol, const MeasurementSettings& settings,
                     const PromptRange& part, Observer& observer) {
  ModelResult result;
  TokenisedPrompts prompts =
      Tokenise(subject, protocol.prompts.prompts, protocol.max_length, settings.use_chat_template);
  const PaddedPrompts padded = PadPrompts(subject, prompts.ids, protocol);
  ChooseSequences(subject, padded, protocol, result);
  const PassRequest request = RequestOf(result, padded, protocol, settings);
  const PassParts parts = PartsOf(subject, padded.ids, request);
  if (!parts.why_whole.empty()) {
    observer.OnNote(fmt::format("{}: measured in one piece: {}", subject.folder.string(), parts.why_whole));
    return {};
  }
  if (std::find(parts.ranges.begin(), parts.ranges.end(), part) == parts.ranges.end()) {
    throw Error(ErrorKind::kInput,
                fmt::format("prompts {} to {}: no part of {} prompts, {} at once", part.first, part.last,
                            padded.ids.size(), request.run.prompts_at_once));
  }
  const Pass pass = RunPart(subject, padded.ids, part, protocol, request, observer);
  if (pass.kept_in.empty()) {
    throw Error(ErrorKind::kSystem, pass.warnings.empty()
                                        ? "a part cannot be kept: the model's files are not identified"
                                        : pass.warnings.back());
  }
  return pass.kept_in;
}

}  // namespace headspec::experiment
