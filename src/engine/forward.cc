#include "engine/forward.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <string_view>

#include "core/error.h"
#include "engine/block.h"
#include "engine/buffer.h"
#include "engine/chunks.h"
#include "engine/embedding.h"
#include "engine/kernels/arithmetic.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/products.h"
#include "engine/prefetcher.h"

namespace headspec::engine {
namespace {

std::vector<int> LengthsOf(const std::vector<TokenIds>& prompts) {
  std::vector<int> lengths;
  for (const TokenIds& ids : prompts) lengths.push_back(static_cast<int>(ids.size()));
  return lengths;
}

// Where the prompts of a chunk lie in its rows.
std::vector<PromptSpan> SpansOf(const Chunk& chunk, const std::vector<int>& lengths,
                                const std::vector<ValidTokens>& valid) {
  std::vector<PromptSpan> spans;
  int first = 0;
  for (int i = 0; i < chunk.prompts; ++i) {
    const auto prompt = static_cast<std::size_t>(chunk.first_prompt + i);
    spans.push_back({first, lengths[prompt]});
    if (!valid.empty()) {
      spans.back().padding_before = valid[prompt].first;
      spans.back().padding_after = lengths[prompt] - valid[prompt].last;
    }
    first += spans.back().tokens;
  }
  return spans;
}

int MostTokens(const std::vector<Chunk>& chunks) {
  return std::max_element(chunks.begin(), chunks.end(),
                          [](const Chunk& a, const Chunk& b) { return a.tokens < b.tokens; })
      ->tokens;
}

// What transformers 4.47 did where it differs: the product of queries and keys stayed float and was divided.
model::Scores ScoresOf(const model::ModelConfig& config, const ForwardOptions& options) {
  model::Scores scores = config.scores;
  if (options.score_type == options.type) return scores;
  scores.in_float = true;
  scores.scale = model::Scores::Scale::kDivide;
  scores.operand = std::sqrt(static_cast<double>(config.head_dim));
  return scores;
}

std::function<bool()> StopOf(const ForwardOptions& options) {
  if (options.progress == nullptr) return {};
  return [progress = options.progress] { return progress->Cancelled(); };
}

class Pass {
 public:
  Pass(const model::Model& model, const std::vector<TokenIds>& prompts, AttentionSink& sink,
       const ForwardOptions& options)
      : model_(model),
        options_(options),
        lengths_(LengthsOf(prompts)),
        chunks_(SplitIntoChunks(model.config(), lengths_, options.activation_budget)),
        prefetcher_(model, options.low_memory),
        pool_(options.threads, kernels::AsOnThisThread(), StopOf(options)),
        hidden_(chunks_.back().first_token + chunks_.back().tokens, model.config().hidden),
        block_(
            {model.config(), options.type, ScoresOf(model.config(), options), MostTokens(chunks_), lengths_},
            sink, watch_, pool_) {}

  ForwardReport Run(const std::vector<TokenIds>& prompts, Progress& progress) {
    ForwardReport report;
    Embed(model_, prompts, options_.type, pool_, hidden_.view());
    watch_.Check({"token embedding"}, hidden_.values());
    for (int layer = 0; layer < model_.config().layers; ++layer) {
      prefetcher_.Enter(layer);
      report.max_abs_score.push_back(RunLayer(layer, progress));
      progress.Advance(1);
    }
    prefetcher_.Enter(model_.config().layers);
    report.non_finite = watch_.count();
    report.first_non_finite = watch_.first();
    report.cpu_target = kernels::CurrentTarget();
    return report;
  }

 private:
  // All chunks meet the layer while its weights are in memory. Returns the largest raw score.
  double RunLayer(int layer, const Progress& progress) {
    double largest = 0;
    for (const Chunk& chunk : chunks_) {
      RequireGoingOn(progress);
      BlockInput in{model_.layer(layer)};
      in.layer = layer;
      in.is_last = layer + 1 == model_.config().layers;
      in.first_prompt = chunk.first_prompt;
      in.prompts = SpansOf(chunk, lengths_, options_.valid_tokens);
      in.hidden = hidden_.view().Rows(chunk.first_token, chunk.tokens);
      largest = std::max(largest, block_.Run(in));
    }
    return largest;
  }

  const model::Model& model_;
  const ForwardOptions options_;
  const std::vector<int> lengths_;  // (P)
  const std::vector<Chunk> chunks_;
  Prefetcher prefetcher_;  // begins to read while the rest is made
  ThreadPool pool_;
  FiniteWatch watch_;
  Buffer hidden_;  // (tokens of all prompts, E): the residual stream
  Block block_;
};

// Learned positions end somewhere, and so do the tables of some families that rotate or bias.
void CheckLength(std::size_t prompt, std::size_t tokens, const model::ModelConfig& config) {
  const int positions = config.positions > 0 ? config.positions - config.position_offset : config.most_tokens;
  const std::size_t most = static_cast<std::size_t>(positions);
  if (positions == 0 || tokens <= most) return;
  throw Error(
      ErrorKind::kInput,
      fmt::format("prompt {}: expected at most {} tokens, as many positions as the model has, found {}",
                  prompt + 1, most, tokens),
      "lower --max-length");
}

void CheckTokens(const std::vector<TokenIds>& prompts, const model::ModelConfig& config) {
  const int vocab = config.vocab;
  if (prompts.empty())
    throw Error(ErrorKind::kInput, "prompts: expected at least one, found none", "add a prompt");
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    if (prompts[p].empty()) {
      throw Error(ErrorKind::kInput, fmt::format("prompt {}: expected at least one token, found none", p + 1),
                  "leave out empty prompts");
    }
    CheckLength(p, prompts[p].size(), config);
    for (const int id : prompts[p]) {
      if (id >= 0 && id < vocab) continue;
      throw Error(
          ErrorKind::kInput,
          fmt::format("prompt {}: expected token ids below vocab_size {}, found {}", p + 1, vocab, id),
          "tokenizer.json and config.json belong to different models");
    }
  }
}

kernels::Arithmetic ArithmeticFor(const ForwardOptions& options) {
  const std::vector<std::string> targets = kernels::Targets();
  const std::string& wanted = options.cpu_target;
  if (!wanted.empty() && std::find(targets.begin(), targets.end(), wanted) == targets.end()) {
    throw Error(ErrorKind::kInput,
                fmt::format("--cpu: expected one of: {}; found \"{}\"", fmt::join(targets, ", "), wanted),
                "choose one that this machine has");
  }
  return {wanted, options.fast_bf16};
}

}  // namespace

ForwardReport Forward(const model::Model& model, const std::vector<TokenIds>& prompts, AttentionSink& sink,
                      const ForwardOptions& options) {
  CheckTokens(prompts, model.config());
  SilentProgress silent;
  const kernels::UseArithmetic use(ArithmeticFor(options));
  Pass pass(model, prompts, sink, options);
  return pass.Run(prompts, options.progress == nullptr ? silent : *options.progress);
}

std::string ArithmeticOf(const ForwardOptions& options) {
  const kernels::UseArithmetic use(ArithmeticFor(options));
  const std::string target = kernels::CurrentTarget();
  // "AVX3" is AVX-512, and its like are AVX3_DL and AVX3_ZEN4; the bf16 units have other names.
  for (const std::string_view fused : {"AVX2", "AVX3", "AVX10", "NEON", "SVE"}) {
    if (target.starts_with(fused)) return "fused multiply-add";
  }
  return target;
}

std::vector<std::string> CpuTargets() { return kernels::Targets(); }

std::string Products(const ForwardOptions& options) {
  const kernels::UseArithmetic use(ArithmeticFor(options));
  return kernels::Products(options.type);
}

std::string HighwayVersion() { return kernels::HighwayVersion(); }

}  // namespace headspec::engine
