#include "experiment/subject.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "experiment/progress.h"
#include "experiment/token_roles.h"
#include "headspec/version.h"
#include "hub/fetch.h"
#include "text/prompt_place.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

// What there is to say of prompts, a line for each; of many the same is said once.
class PromptWarnings {
 public:
  void Add(std::size_t prompt, const std::string& text) {
    said_.emplace_back(prompt, text);
    ++times_[text];
  }
  std::vector<std::string> Lines() {
    std::vector<std::string> lines;
    for (const auto& [prompt, text] : said_) {
      std::size_t& times = times_[text];
      if (times == 0) continue;
      lines.push_back(fmt::format("prompt {}{}", prompt + 1, text));
      if (times <= kMostLines) continue;
      lines.back() += fmt::format("; {} more prompts likewise", times - 1);
      times = 0;
    }
    return lines;
  }

 private:
  static constexpr std::size_t kMostLines = 20;
  std::vector<std::pair<std::size_t, std::string>> said_;
  std::map<std::string, std::size_t> times_;
};

}  // namespace

hub::Settings SettingsOf(const HubOptions& options) {
  hub::Settings settings = hub::SettingsFromEnvironment();
  settings.user_agent = "headspec/" + Version();
  if (options.offline) settings.offline_reason = "--offline";
  if (!options.cache_folder.empty()) settings.cache = options.cache_folder;
  settings.download_lock = options.download_lock;
  return settings;
}

Location Locate(const ModelEntry& entry, const HubOptions& options, Observer& observer) {
  const fs::path stated = entry.path.empty() ? fs::path(entry.name) : fs::path(entry.path);
  std::error_code code;
  if (fs::is_directory(stated, code)) return {stated, "", ""};
  if (!entry.path.empty() || !hub::IsModelName(entry.name)) {
    throw Error(ErrorKind::kSystem,
                fmt::format("{}: {}", stated.string(),
                            fs::exists(stated, code) ? "a file, not a folder" : "no such folder"),
                "give a folder that holds a Hugging Face checkpoint, or org/name");
  }
  ObserverProgress progress(observer);
  const hub::Snapshot found =
      hub::Locate(hub::ParseModelName(entry.name, entry.revision), SettingsOf(options), progress);
  return {found.folder, found.model, found.commit};
}

Subject LoadSubject(const ModelEntry& entry, const HubOptions& options, Observer& observer) {
  const Location location = Locate(entry, options, observer);
  const Clock::time_point start = Clock::now();
  FolderStamps stamps = StampFolder(location.folder);
  Subject subject{.folder = location.folder,
                  .repository = location.repository,
                  .commit = location.commit,
                  .model = model::Model::Open(location.folder),
                  .tokenizer = text::Tokenizer::Load(location.folder),
                  .stamps = std::move(stamps)};
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

void Identify(Subject& subject, int threads, Progress& progress) {
  subject.files =
      IdentifyFiles(subject.folder, subject.model.checkpoint(), subject.stamps, threads, progress);
}

TokenisedPrompts Tokenise(const Subject& subject, const std::vector<std::string>& prompts, int max_length,
                          bool use_chat_template) {
  TokenisedPrompts out;
  PromptWarnings warnings;
  const bool with_template = use_chat_template && subject.tokenizer.has_chat_template();
  out.chat_template_applied = with_template;
  if (use_chat_template && !with_template)
    out.warnings.push_back("no chat template in the tokenizer: raw prompts are used");
  std::optional<text::PromptFinder> finder;
  if (with_template)
    finder.emplace([&](std::string_view probe) { return subject.tokenizer.ApplyChatTemplate(probe); });
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    const std::string text = with_template ? subject.tokenizer.ApplyChatTemplate(prompts[i]) : prompts[i];
    text::Encoded encoded = subject.tokenizer.Encode(text, max_length);
    if (encoded.ids.empty()) {
      throw Error(ErrorKind::kInput, fmt::format("prompt {}: no tokens in this model's vocabulary", i + 1),
                  "leave out empty prompts");
    }
    if (encoded.truncated) warnings.Add(i, fmt::format(" was cut to max_length {}", max_length));
    const auto place = finder ? finder->Find(text, prompts[i]) : std::nullopt;
    if (place && place->is_trimmed) warnings.Add(i, ": the chat template leaves out its ends");
    if (finder && !place)
      warnings.Add(i, ": the chat template alters it: no token is marked as the template's");
    out.roles.push_back(
        TokenRoles(encoded, subject.tokenizer.bos_id(), {text, place ? &place->ranges : nullptr}));
    out.ids.push_back(std::move(encoded.ids));
    out.tokens.push_back(std::move(encoded.tokens));
  }
  const std::vector<std::string> lines = warnings.Lines();
  out.warnings.insert(out.warnings.end(), lines.begin(), lines.end());
  return out;
}

}  // namespace headspec::experiment
