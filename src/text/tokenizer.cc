#include "text/tokenizer.h"

#include <fmt/format.h>

#include <optional>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "text/chat_template.h"
#include "text/hf_tokenizer.h"
#include "text/overlay.h"

namespace headspec::text {
namespace {

[[noreturn]] void ThrowMissing(const std::filesystem::path& folder, const ConfigFiles& files) {
  std::error_code ignored;
  const auto has = [&](const char* name) { return std::filesystem::exists(folder / name, ignored); };
  std::string instead;
  if (has("vocab.json") && has("merges.txt")) instead = ", which has vocab.json and merges.txt";
  if (has("tokenizer.model")) instead = ", which has tokenizer.model";
  const std::string name = files.tokenizer_config.String("tokenizer_class").value_or("the tokenizer");
  const std::string place = folder.string();
  throw Error(
      ErrorKind::kInput,
      fmt::format("tokenizer.json: missing, and {} is read from nothing else, in {}{}", name, place, instead),
      fmt::format("download it, or convert once: python -c \"from transformers import AutoTokenizer as T; "
                  "T.from_pretrained('{0}').save_pretrained('{0}')\"",
                  place));
}

}  // namespace

struct Tokenizer::State {
  HfTokenizer tokenizer;
  const TokenizerClass* tokenizer_class = nullptr;
  ChatTemplates chat_templates;
  Json special_tokens;
  bool truncates_from_left = false;
  int special_prefix = 0;
  int max_id = 0;
};

Tokenizer::Tokenizer(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Tokenizer Tokenizer::Load(const std::filesystem::path& folder) {
  const ConfigFiles files = ConfigFiles::Read(folder);
  const std::filesystem::path path = folder / "tokenizer.json";
  const std::optional<std::string> bytes = ReadFile(path);
  if (!bytes) ThrowMissing(folder, files);

  const TokenizerClass& tokenizer_class = ChooseTokenizerClass(files);
  HfTokenizer tokenizer(*bytes, path);
  const Json loaded = tokenizer.Describe();
  const SpecialTokens special_tokens = GatherSpecialTokens(files, tokenizer_class, loaded);
  tokenizer.Amend(VocabularyChanges(files, tokenizer_class, special_tokens, loaded));
  tokenizer.Amend(PartChanges(files, tokenizer_class, special_tokens, tokenizer.Describe()));

  State state{.tokenizer = std::move(tokenizer),
              .tokenizer_class = &tokenizer_class,
              .chat_templates = ChatTemplates::Read(folder, files.tokenizer_config),
              .special_tokens = special_tokens.ForTemplate(),
              .truncates_from_left = TruncatesFromLeft(files.tokenizer_config, loaded)};
  state.special_prefix = state.tokenizer.Describe().at("special_prefix").get<int>();
  state.max_id = state.tokenizer.MaxId();
  return Tokenizer(std::make_unique<const State>(std::move(state)));
}

Encoded Tokenizer::Encode(std::string_view text, int max_length) const {
  HfEncoding encoding = state_->tokenizer.Encode(text, {max_length, state_->truncates_from_left});
  return {std::move(encoding.ids), std::move(encoding.tokens), encoding.truncated, state_->special_prefix};
}

int Tokenizer::max_id() const { return state_->max_id; }

bool Tokenizer::has_chat_template() const { return !state_->chat_templates.empty(); }

std::string Tokenizer::ApplyChatTemplate(std::string_view user_prompt) const {
  return state_->chat_templates.Render(user_prompt, state_->special_tokens);
}

bool Tokenizer::adds_bos() const { return state_->special_prefix > 0; }

std::string Tokenizer::tokenizer_class() const { return std::string(state_->tokenizer_class->name) + "Fast"; }

}  // namespace headspec::text
