#include "experiment/induction.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "metrics/random.h"

namespace headspec::experiment {
namespace {

using Sequence = metrics::Maybe<std::vector<int>>;

constexpr std::uint64_t kSeed = 42;
constexpr int kRandomTokens = 25;

int MostTokens(const model::ModelConfig& config, int max_length) {
  int most = max_length;
  if (config.positions > 0) most = std::min(most, config.positions - config.position_offset);
  if (config.most_tokens > 0) most = std::min(most, config.most_tokens);
  return most;
}

}  // namespace

Sequence InductionSequence(const model::ModelConfig& config, const text::Tokenizer& tokenizer,
                           int max_length) {
  const text::Encoded front = tokenizer.Encode("a", 0);
  std::vector<int> ids(
      front.ids.begin(),
      front.ids.begin() + std::min<std::ptrdiff_t>(front.special_prefix, std::ssize(front.ids)));
  std::vector<int> ordinary;
  for (int id = 0; id <= tokenizer.max_id(); ++id) {
    if (tokenizer.IsOrdinary(id)) ordinary.push_back(id);
  }
  const int room = (MostTokens(config, max_length) - static_cast<int>(ids.size())) / 2;
  const int count = std::min({kRandomTokens, room, static_cast<int>(ordinary.size())});
  if (count < 2) return Sequence::None("no room or vocabulary for a repeated sequence of two tokens");
  // The first `count` of Fisher and Yates' shuffle: different tokens, or more than one place would be right.
  metrics::Random random(kSeed, "induction sequence");
  for (int i = 0; i < count; ++i) {
    const auto left = static_cast<std::uint32_t>(ordinary.size()) - static_cast<std::uint32_t>(i);
    std::swap(ordinary[static_cast<std::size_t>(i)],
              ordinary[static_cast<std::size_t>(i) + random.Below(left)]);
  }
  for (int repeat = 0; repeat < 2; ++repeat)
    ids.insert(ids.end(), ordinary.begin(), ordinary.begin() + count);
  return ids;
}

}  // namespace headspec::experiment
