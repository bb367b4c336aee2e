#include "engine/chunks.h"

#include <algorithm>

namespace headspec::engine {

std::uint64_t WorkingBytesPerToken(const model::ModelConfig& c) {
  const int mlp = std::max({c.intermediate, c.experts.intermediate, c.experts.shared_intermediate});
  // A linear layer lays out its input once more.
  const int widest_input = std::max({c.hidden, c.QueryWidth(), mlp});
  int widths = 2 * c.hidden + c.QueryWidth() + 2 * c.KeyWidth() + mlp + widest_input;
  if (c.is_gated) widths += mlp;
  if (c.experts.count > 0) widths += 2 * c.hidden;
  return static_cast<std::uint64_t>(widths) * sizeof(float);
}

std::uint64_t ResidualBytesPerToken(const model::ModelConfig& c) {
  return static_cast<std::uint64_t>(c.hidden) * sizeof(float);
}

std::vector<Chunk> SplitIntoChunks(const model::ModelConfig& config, const std::vector<int>& prompt_lengths,
                                   std::uint64_t budget_bytes) {
  std::uint64_t tokens = 0;
  for (const int length : prompt_lengths) tokens += static_cast<std::uint64_t>(length);
  const std::uint64_t kept = tokens * ResidualBytesPerToken(config);
  const std::uint64_t left = budget_bytes > kept ? budget_bytes - kept : 0;
  const std::uint64_t most_tokens = left / WorkingBytesPerToken(config);
  std::vector<Chunk> chunks;
  int first_token = 0;
  for (int prompt = 0; prompt < static_cast<int>(prompt_lengths.size()); ++prompt) {
    const int length = prompt_lengths[static_cast<std::size_t>(prompt)];
    const bool fits =
        !chunks.empty() && static_cast<std::uint64_t>(chunks.back().tokens + length) <= most_tokens;
    if (!fits) chunks.push_back({prompt, 0, first_token, 0});
    ++chunks.back().prompts;
    chunks.back().tokens += length;
    first_token += length;
  }
  return chunks;
}

}  // namespace headspec::engine
