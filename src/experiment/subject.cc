#include "experiment/subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "core/error.h"
#include "hub/cache.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

struct Location {
  fs::path folder;
  std::string commit;
};

Location Locate(const ModelEntry& entry) {
  const fs::path stated = entry.path.empty() ? fs::path(entry.name) : fs::path(entry.path);
  std::error_code code;
  if (fs::is_directory(stated, code)) return {stated, ""};
  const auto at = std::min(entry.name.find('@'), entry.name.size());  // org/name@revision
  const std::string id = entry.name.substr(0, at);
  if (!entry.path.empty() || !hub::IsModelId(id)) {
    throw Error(ErrorKind::kSystem,
                fmt::format("{}: {}", stated.string(),
                            fs::exists(stated, code) ? "a file, not a folder" : "no such folder"),
                "give a folder that holds a Hugging Face checkpoint, or org/name");
  }
  const hub::Snapshot snapshot =
      hub::FindSnapshot(id, at < entry.name.size() ? entry.name.substr(at + 1) : entry.revision);
  return {snapshot.folder, snapshot.commit};
}

}  // namespace

Subject LoadSubject(const ModelEntry& entry) {
  const Clock::time_point start = Clock::now();
  const Location location = Locate(entry);
  Subject subject{.folder = location.folder,
                  .commit = location.commit,
                  .model = model::Model::Open(location.folder),
                  .tokenizer = text::Tokenizer::Load(location.folder)};
  const int vocab = subject.model.config().vocab;
  if (subject.tokenizer.max_id() >= vocab) {
    throw Error(
        ErrorKind::kInput,
        fmt::format("tokenizer.json: expected token ids below vocab_size {} of config.json, found {} in {}",
                    vocab, subject.tokenizer.max_id(), location.folder.string()),
        "the tokenizer belongs to another model");
  }
  subject.load_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return subject;
}

TokenisedPrompts Tokenise(const Subject& subject, const std::vector<std::string>& prompts, int max_length,
                          bool use_chat_template) {
  TokenisedPrompts out;
  const bool with_template = use_chat_template && subject.tokenizer.has_chat_template();
  out.chat_template_applied = with_template;
  if (use_chat_template && !with_template)
    out.warnings.push_back("no chat template in the tokenizer: raw prompts are used");
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::string text = with_template ? subject.tokenizer.ApplyChatTemplate(prompts[i]) : prompts[i];
    text::Encoded encoded = subject.tokenizer.Encode(text, max_length);
    if (encoded.ids.empty()) {
      throw Error(ErrorKind::kInput, fmt::format("prompt {}: no tokens in this model's vocabulary", i + 1),
                  "leave out empty prompts");
    }
    if (encoded.truncated)
      out.warnings.push_back(fmt::format("prompt {} was cut to max_length {}", i + 1, max_length));
    out.ids.push_back(std::move(encoded.ids));
    out.tokens.push_back(std::move(encoded.tokens));
  }
  return out;
}

}  // namespace headspec::experiment
