#include "experiment/attention_room.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "experiment/quantising_sink.h"

namespace headspec::experiment {
namespace {

std::string Size(std::uint64_t bytes) {
  const double size = static_cast<double>(bytes);
  return bytes >= 1'000'000 ? fmt::format("{:.1f} MB", size / 1e6) : fmt::format("{:.1f} kB", size / 1e3);
}

std::uint64_t BytesFor(const Subject& subject, const std::vector<std::vector<int>>& ids) {
  const model::ModelConfig& config = subject.model.config();
  std::vector<int> lengths;
  for (const auto& prompt : ids) lengths.push_back(static_cast<int>(prompt.size()));
  return KeptBytes(config.layers, config.heads, lengths);
}

void RequireWithin(std::uint64_t bytes, const std::string& what, const Protocol& protocol) {
  if (bytes <= protocol.attention_limit) return;
  throw Error(ErrorKind::kInput,
              fmt::format("--keep-attention: expected at most {} (--attention-limit), found {} for {}",
                          Size(protocol.attention_limit), Size(bytes), what),
              "measure fewer prompts, lower --max-length, or raise --attention-limit");
}

// For people: the folder's name, or the one the plan gives it.
const std::string& NameOf(const ModelEntry& entry) {
  return entry.display.empty() ? entry.name : entry.display;
}

}  // namespace

void StateKeptAttention(const Plan& plan, const HubOptions& hub, Observer& observer) {
  const Protocol& protocol = plan.protocol;
  if (!protocol.keep_attention) return;
  if (protocol.padding.to_max_length) {
    throw Error(
        ErrorKind::kInput,
        "--keep-attention: keeps the attention of prompts without padding, found --padding max-length",
        "leave one of them out");
  }
  std::uint64_t total = 0;
  std::vector<std::string> models;
  for (const ModelEntry& entry : plan.ladder) {
    try {
      const Subject subject = LoadSubject(entry, hub, observer);
      const model::ModelConfig& config = subject.model.config();
      // All variants of a protocol agree on the template.
      const auto ids = Tokenise(subject, protocol.prompts.prompts, protocol.max_length,
                                protocol.variants.front().use_chat_template)
                           .ids;
      const std::uint64_t bytes = BytesFor(subject, ids);
      const std::string what = fmt::format("{}: {} layers x {} heads x {} prompts", NameOf(entry),
                                           config.layers, config.heads, ids.size());
      observer.OnNote(fmt::format("--keep-attention: {} for {}", Size(bytes), what));
      models.push_back(what);
      total += bytes;
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kInterrupted || observer.Cancelled()) throw;
    }
  }
  if (!models.empty())
    RequireWithin(total, models.size() == 1 ? models.front() : fmt::format("{} models", models.size()),
                  protocol);
}

void RequireRoomForAttention(const Subject& subject, const std::vector<std::vector<int>>& ids,
                             const Protocol& protocol) {
  if (protocol.keep_attention)
    RequireWithin(BytesFor(subject, ids), fmt::format("{} prompts", ids.size()), protocol);
}

}  // namespace headspec::experiment
