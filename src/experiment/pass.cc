#include "experiment/pass.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <ctime>
#include <optional>
#include <utility>

#include "core/error.h"
#include "experiment/head_metrics_sink.h"
#include "experiment/own_metrics.h"
#include "experiment/precision.h"
#include "experiment/quantising_sink.h"
#include "experiment/sinks.h"

namespace headspec::experiment {
namespace {

constexpr const char* kUncertain =
    "the result is not kept for later runs: files were replaced while the model was opened";

NonFinite NonFiniteOf(const engine::ForwardReport& report) {
  if (report.non_finite == 0) return {};
  const engine::Place& place = report.first_non_finite;
  return {report.non_finite, std::string(place.operation), place.layer, place.prompt, place.head};
}

// Without the table of the sequence for induction, which is no prompt of the experiment.
std::vector<Table> OfPrompts(std::vector<Table> tables, const PassRequest& request) {
  if (!request.induction.empty()) tables.pop_back();
  return tables;
}

std::vector<HeadMetric> HeadMetricsOf(const HeadMetricsSink& sink, const EntropySink& entropies,
                                      const PassRequest& request) {
  std::vector<HeadMetric> metrics;
  for (const std::string_view name : kPromptMetrics) {
    std::vector<Table> tables = name == kWithoutFirst ? entropies.without_first() : sink.PerPrompt(name);
    metrics.push_back({.name = std::string(name), .per_prompt = OfPrompts(std::move(tables), request)});
  }
  if (!request.induction.empty())
    metrics.push_back({.name = std::string(kInduction), .per_prompt = {sink.PerPrompt(kInduction).back()}});
  return metrics;
}

std::vector<int> LengthsOf(const std::vector<std::vector<int>>& ids) {
  std::vector<int> lengths;
  for (const auto& prompt : ids) lengths.push_back(static_cast<int>(prompt.size()));
  return lengths;
}

PassResult Compute(const Subject& subject, std::vector<std::vector<int>> ids, const PassRequest& request,
                   const engine::ForwardOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const model::ModelConfig& config = subject.model.config();
  const bool is_sanity = request.kind == PassKind::kSanity;
  const std::size_t prompts = ids.size();
  std::optional<QuantisingSink> keeping;
  if (request.keep_attention) keeping.emplace(config.layers, config.heads, LengthsOf(ids));
  if (!request.induction.empty()) ids.push_back(request.induction);
  EntropySink entropies(static_cast<int>(ids.size()), config.layers, config.heads);
  FirstLayerProbe probe(config.heads);
  HeadMetricsSink metrics(config, ids);
  std::optional<OwnMetricsSink> own;
  if (request.own_metrics) own.emplace(request.run.metrics, config, ids, prompts);
  AllSinks sinks;
  if (keeping) sinks.Add(*keeping);
  if (is_sanity) sinks.Add(probe);
  if (request.head_metrics) sinks.Add(metrics);
  if (own) sinks.Add(*own);
  sinks.Add(entropies);
  const engine::ForwardReport report = engine::Forward(subject.model, ids, sinks, options);
  PassResult result;
  result.per_prompt = OfPrompts(entropies.per_prompt(), request);
  if (request.head_metrics) result.head_metrics = HeadMetricsOf(metrics, entropies, request);
  result.max_abs_score = report.max_abs_score;
  result.non_finite = NonFiniteOf(report);
  if (is_sanity) result.probe = probe.Values();
  if (keeping) result.attention = keeping->Release();
  if (own) result.own_metrics = own->Release();
  result.cpu_target = report.cpu_target;
  result.computed_at = fmt::format("{:%Y%m%d_%H%M%S}", fmt::localtime(std::time(nullptr)));
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

PassResult ComputeShown(const Subject& subject, const std::vector<std::vector<int>>& ids,
                        const PassRequest& request, const engine::ForwardOptions& options) {
  options.progress->Begin(request.kind == PassKind::kSanity ? "sanity check: layers" : "layers",
                          subject.model.config().layers, WorkUnit::kItems);
  PassResult result = Compute(subject, ids, request, options);
  options.progress->End();
  return result;
}

std::string KeyOf(const Subject& subject, const std::vector<std::vector<int>>& ids, const Protocol& protocol,
                  const PassRequest& request, const engine::ForwardOptions& options) {
  return PassKey({.kind = request.kind,
                  .content = subject.files->content,
                  .profile = protocol.profile,
                  .precision = request.precision,
                  .score_type = options.score_type,
                  .arithmetic = engine::ArithmeticOf(options),
                  .ids = ids,
                  .has_head_metrics = request.head_metrics,
                  .induction = request.induction,
                  .valid_tokens = request.valid_tokens});
}

// What was computed is of the files as they were identified, or it is not kept.
std::string KeepUnlessChanged(const Subject& subject, const std::string& key, const PassResult& result) {
  const std::string written = WrittenFile(subject.folder, *subject.files);
  if (written.empty()) return KeepPass(key, result);
  return fmt::format("{} changed while it was measured: the result is not to be trusted and not kept",
                     written);
}

}  // namespace

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

Pass RunPass(const Subject& subject, const std::vector<std::vector<int>>& ids, const Protocol& protocol,
             const PassRequest& request, Observer& observer) {
  const model::ModelConfig& config = subject.model.config();
  ObserverProgress progress(observer);
  engine::ForwardOptions options =
      ForwardOptionsOf(config, protocol, request.precision, request.run, progress);
  options.valid_tokens = request.valid_tokens;
  Pass pass;
  if (!request.use_memo || !subject.files || subject.files->content.empty()) {
    pass.result = ComputeShown(subject, ids, request, options);
    if (request.use_memo && subject.files) pass.warnings.emplace_back(kUncertain);
    return pass;
  }
  const std::string key = KeyOf(subject, ids, protocol, request, options);
  if (!request.run.fresh && !request.keep_attention && !request.own_metrics) {
    KeptPass kept = FindPass(key, {.prompts = static_cast<int>(ids.size()),
                                   .layers = config.layers,
                                   .heads = config.heads,
                                   .has_probe = request.kind == PassKind::kSanity,
                                   .has_head_metrics = request.head_metrics,
                                   .has_induction = !request.induction.empty()});
    if (kept.result) return {std::move(*kept.result), true, {}};
    if (!kept.warning.empty()) pass.warnings.push_back(std::move(kept.warning));
  }
  pass.result = ComputeShown(subject, ids, request, options);
  if (std::string warning = KeepUnlessChanged(subject, key, pass.result); !warning.empty())
    pass.warnings.push_back(std::move(warning));
  return pass;
}

}  // namespace headspec::experiment
