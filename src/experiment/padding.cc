#include "experiment/padding.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace headspec::experiment {
namespace {

// Rows that see no key come out of the mask's arithmetic; elsewhere the reference masks in other ways, or
// takes positions from the mask.
void RequireKnownMask(const model::ModelConfig& config) {
  const bool is_known = config.is_causal && config.positions == 0 && config.alibi == model::Alibi::kNone &&
                        !config.rotaries.empty() && !config.scores.masked_are_set;
  if (is_known) return;
  throw Error(ErrorKind::kInput,
              fmt::format("--padding max-length: expected a causal model with rotary positions, found {}",
                          config.model_type),
              "its masked rows are not known: use --padding none");
}

bool GoesLeft(const Padding& padding, const text::Tokenizer& tokenizer) {
  return padding.side == PaddingSide::kTokenizer ? tokenizer.pads_on_left()
                                                 : padding.side == PaddingSide::kLeft;
}

}  // namespace

PaddedPrompts PadPrompts(const Subject& subject, const std::vector<std::vector<int>>& ids,
                         const Protocol& protocol) {
  if (!protocol.padding.to_max_length) return {ids, {}, {}};
  RequireKnownMask(subject.model.config());
  const int token = subject.tokenizer.pad_id();
  if (token < 0)
    throw Error(ErrorKind::kInput,
                fmt::format("{}: --padding max-length needs a pad_token or an eos_token, found neither",
                            (subject.folder / "tokenizer_config.json").string()),
                "add one, or use --padding none");
  const bool is_left = GoesLeft(protocol.padding, subject.tokenizer);
  PaddedPrompts padded{
      .ids = ids, .valid_tokens = {}, .used = {is_left ? "left" : "right", token, protocol.max_length}};
  for (auto& prompt : padded.ids) {
    const int tokens = static_cast<int>(prompt.size());
    const int gap = std::max(0, protocol.max_length - tokens);
    const int first = is_left ? gap : 0;
    prompt.insert(is_left ? prompt.begin() : prompt.end(), static_cast<std::size_t>(gap), token);
    padded.valid_tokens.push_back({first, first + tokens});
  }
  return padded;
}

}  // namespace headspec::experiment
