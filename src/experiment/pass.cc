#include "experiment/pass.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
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

PassResult ComputePass(const Subject& subject, std::vector<std::vector<int>> ids, const PassRequest& request,
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
  result.non_finite_step = report.first_non_finite.step;
  if (is_sanity) result.probe = probe.Values();
  if (keeping) result.attention = keeping->Release();
  if (own) result.own_metrics = own->Release();
  result.cpu_target = report.cpu_target;
  result.computed_at = fmt::format("{:%Y%m%d_%H%M%S}", fmt::localtime(std::time(nullptr)));
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
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

// Passes over prompts of one model in one arithmetic.
class Passes {
 public:
  Passes(const Subject& subject, const Protocol& protocol, const PassRequest& request, Observer& observer)
      : subject_(subject), protocol_(protocol), request_(request), progress_(observer) {
    options_ = ForwardOptionsOf(subject.model.config(), protocol, request.precision, request.run, progress_);
  }

  Pass Whole(const std::vector<std::vector<int>>& ids) {
    const PassParts parts = PartsOf(subject_, ids, request_);
    if (!parts.why_whole.empty()) {
      progress_.Note(
          fmt::format("all {} prompts are measured in one piece: {}", ids.size(), parts.why_whole));
    }
    std::vector<std::filesystem::path> kept;
    Pass whole = Remembered(ids, request_, [&](Pass& pass) {
      if (parts.ranges.size() == 1)
        pass.result = Compute(ids, request_, "");
      else
        pass = Together(ids, parts.ranges, kept);
    });
    // With the whole they are there twice.
    if (!whole.kept_in.empty()) std::for_each(kept.begin(), kept.end(), ForgetPass);
    return whole;
  }

  Pass Part(const std::vector<std::vector<int>>& ids, const PromptRange& part) {
    const std::vector<std::vector<int>> own(ids.begin() + part.first, ids.begin() + part.last);
    PassRequest request = request_;
    if (part.last < static_cast<int>(ids.size())) request.induction.clear();
    if (!request.valid_tokens.empty())
      request.valid_tokens = {request_.valid_tokens.begin() + part.first,
                              request_.valid_tokens.begin() + part.last};
    const std::string which = fmt::format(", prompts {} to {} of {}", part.first + 1, part.last, ids.size());
    return Remembered(own, request, [&](Pass& pass) { pass.result = Compute(own, request, which); });
  }

 private:
  Pass Together(const std::vector<std::vector<int>>& ids, const std::vector<PromptRange>& ranges,
                std::vector<std::filesystem::path>& kept) {
    Pass all;
    all.is_reused = true;
    std::vector<PassResult> results;
    for (const PromptRange& range : ranges) {
      Pass part = Part(ids, range);
      all.is_reused = all.is_reused && part.is_reused;
      for (std::string& warning : part.warnings) {
        if (std::find(all.warnings.begin(), all.warnings.end(), warning) == all.warnings.end())
          all.warnings.push_back(std::move(warning));
      }
      kept.push_back(std::move(part.kept_in));
      results.push_back(std::move(part.result));
    }
    all.result = JoinParts(std::move(results), ranges);
    return all;
  }

  PassResult Compute(const std::vector<std::vector<int>>& ids, const PassRequest& request,
                     const std::string& which) {
    progress_.Begin(request.kind == PassKind::kSanity ? "sanity check: layers" : "layers" + which,
                    subject_.model.config().layers, WorkUnit::kItems);
    engine::ForwardOptions options = options_;
    options.valid_tokens = request.valid_tokens;
    PassResult result = ComputePass(subject_, ids, request, options);
    progress_.End();
    return result;
  }

  // What is kept of exactly this pass; else what `compute` gives, which is kept.
  template <typename Computing>
  Pass Remembered(const std::vector<std::vector<int>>& ids, const PassRequest& request,
                  const Computing& compute) {
    Pass pass;
    if (!request.use_memo || !subject_.files || subject_.files->content.empty()) {
      compute(pass);
      if (request.use_memo && subject_.files) Warn(pass, kUncertain);
      return pass;
    }
    const std::string key = KeyOf(subject_, ids, protocol_, request, options_);
    std::string about_kept;
    if (!request.run.fresh && !request.keep_attention && !request.own_metrics) {
      KeptPass kept = FindPass(key, ShapeOf(ids, request));
      if (kept.result) return {std::move(*kept.result), true, {}, PassFile(key)};
      about_kept = std::move(kept.warning);
    }
    compute(pass);
    if (!about_kept.empty()) Warn(pass, about_kept);
    const std::string problem = KeepUnlessChanged(subject_, key, pass.result);
    if (problem.empty())
      pass.kept_in = PassFile(key);
    else
      Warn(pass, problem);
    return pass;
  }

  PassShape ShapeOf(const std::vector<std::vector<int>>& ids, const PassRequest& request) const {
    const model::ModelConfig& config = subject_.model.config();
    return {.prompts = static_cast<int>(ids.size()),
            .layers = config.layers,
            .heads = config.heads,
            .has_probe = request.kind == PassKind::kSanity,
            .has_head_metrics = request.head_metrics,
            .has_induction = !request.induction.empty()};
  }

  static void Warn(Pass& pass, const std::string& warning) {
    if (std::find(pass.warnings.begin(), pass.warnings.end(), warning) == pass.warnings.end())
      pass.warnings.push_back(warning);
  }

  const Subject& subject_;
  const Protocol& protocol_;
  const PassRequest& request_;
  ObserverProgress progress_;
  engine::ForwardOptions options_;
};

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

PassParts PartsOf(const Subject& subject, const std::vector<std::vector<int>>& ids,
                  const PassRequest& request) {
  const int prompts = static_cast<int>(ids.size());
  PassParts parts{RangesOf(prompts, request.run.prompts_at_once)};
  if (parts.ranges.size() == 1) return parts;
  parts.why_whole = request.keep_attention ? "attention is kept"
                    : request.own_metrics
                        ? "metrics of the caller are measured"
                        : WhyNotInParts(subject.model.config(), LengthsOf(ids), parts.ranges);
  if (!parts.why_whole.empty()) parts.ranges = {{0, prompts}};
  return parts;
}

Pass RunPass(const Subject& subject, const std::vector<std::vector<int>>& ids, const Protocol& protocol,
             const PassRequest& request, Observer& observer) {
  return Passes(subject, protocol, request, observer).Whole(ids);
}

Pass RunPart(const Subject& subject, const std::vector<std::vector<int>>& ids, const PromptRange& part,
             const Protocol& protocol, const PassRequest& request, Observer& observer) {
  return Passes(subject, protocol, request, observer).Part(ids, part);
}

}  // namespace headspec::experiment
