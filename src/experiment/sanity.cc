#include "experiment/sanity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/error.h"
#include "experiment/pass.h"
#include "experiment/precision.h"
#include "experiment/sinks.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace {

// The notebook's steps that can fail here, by number. 1 and 2 load the model and choose the prompt.
enum Step { kTokens = 3, kForward, kDiagnostics, kDiversity, kIndex, kBaseline };

constexpr int kFewestTokens = 5;  // a prompt must be longer than this

class Check {
 public:
  Check(const Subject& subject, const Protocol& protocol, const SanityVariant& variant)
      : subject_(subject), protocol_(protocol), precision_(variant.precision) {
    result_.label = variant.label;
    result_.use_chat_template = variant.use_chat_template;
    result_.dtype = TorchName(variant.precision);
    result_.prompt = protocol.prompts.prompts.front();
  }

  SanityResult Run(const RunOptions& options, Observer& observer) {
    if (Tokenise() && Forward(options, observer) && Diagnose()) ComputeIndex();
    return result_;
  }

 private:
  bool Fail(Step step, const std::string& reason) {
    result_.reached_step = step;
    result_.reason = reason;
    return false;
  }

  // Step 3 counts the raw prompt; step 7 measures with the variant's template.
  bool Tokenise() {
    try {
      const std::vector<std::string> prompt = {result_.prompt};
      const TokenisedPrompts raw = experiment::Tokenise(subject_, prompt, protocol_.max_length, false);
      result_.valid_len = static_cast<int>(raw.ids.front().size());
      tokens_ = experiment::Tokenise(subject_, prompt, protocol_.max_length, result_.use_chat_template);
    } catch (const std::exception& e) {
      return Fail(kTokens, std::string("tokenization_failed: ") + e.what());
    }
    return result_.valid_len > kFewestTokens || Fail(kTokens, "valid_len_too_small");
  }

  bool Forward(const RunOptions& options, Observer& observer) {
    const model::ModelConfig& config = subject_.model.config();
    result_.num_layers = config.layers;
    result_.num_heads = config.heads;
    try {
      Pass pass =
          RunPass(subject_, tokens_.ids, protocol_, {PassKind::kSanity, precision_, options}, observer);
      probe_ = *pass.result.probe;
      entropies_ = std::move(pass.result.per_prompt.front());
      result_.warnings = std::move(pass.warnings);
    } catch (const Error& e) {
      observer.OnWorkEnd();
      if (e.kind() == ErrorKind::kInterrupted) throw;
      return Fail(kForward, std::string("forward_failed: ") + e.what());
    }
    return true;
  }

  bool Diagnose() {
    result_.attn_abs_mean = probe_.abs_mean;
    result_.attn_std = probe_.deviation;
    if (result_.attn_abs_mean <= 0) return Fail(kDiagnostics, "degenerate_attn");
    if (!probe_.is_finite) return Fail(kDiagnostics, "nan_inf");
    result_.heads_identical = probe_.first_heads_close;
    return true;
  }

  void ComputeIndex() {
    double lowest = std::numeric_limits<double>::infinity();
    double highest = -lowest;
    double sum = 0;
    for (const auto& layer : entropies_) {
      for (const double value : layer) {
        lowest = std::min(lowest, value);
        highest = std::max(highest, value);
        sum += value;
      }
    }
    result_.entropy_range = {lowest, highest};
    result_.entropy_mean = sum / (static_cast<double>(result_.num_layers) * result_.num_heads);
    const metrics::Specialization specialization = metrics::ComputeSpecialization(entropies_);
    result_.baseline_si = specialization.index;
    result_.mean_corr = specialization.mean_correlation;
    result_.reached_step = kBaseline;
    result_.ok = result_.baseline_si >= protocol_.sanity_min_si;  // false for NaN
    if (!result_.ok) result_.reason = "baseline_si_below_threshold";
  }

  const Subject& subject_;
  const Protocol& protocol_;
  const Precision precision_;
  SanityResult result_;
  TokenisedPrompts tokens_;
  ProbeValues probe_;
  Table entropies_;
};

}  // namespace

SanityResult TrySanity(const Subject& subject, const ModelEntry& entry, const Protocol& protocol,
                       const SanityVariant& variant, const RunOptions& options, Observer& observer) {
  SanityResult result = Check(subject, protocol, variant).Run(options, observer);
  observer.OnSanity(entry, result);
  return result;
}

SanityOutcome CheckSanity(const Subject& subject, const ModelEntry& entry, const Protocol& protocol,
                          const RunOptions& options, Observer& observer) {
  SanityOutcome outcome;
  for (const SanityVariant& variant : protocol.variants) {
    outcome.attempts.push_back(TrySanity(subject, entry, protocol, variant, options, observer));
    outcome.passed = outcome.attempts.back().ok;
    if (outcome.passed) break;
  }
  return outcome;
}

}  // namespace headspec::experiment
