#include "text/tokenizer.h"

#include <set>
#include <utility>

#include "core/hash.h"
#include "text/chat_template.h"
#include "text/conversion.h"
#include "text/hf_tokenizer.h"
#include "text/overlay.h"

namespace headspec::text {

struct Tokenizer::State {
  HfTokenizer tokenizer;
  const TokenizerClass* tokenizer_class = nullptr;
  ChatTemplates chat_templates;
  Json special_tokens;
  bool truncates_from_left = false;
  bool pads_on_left = false;
  int pad_id = -1;
  int bos_id = -1;
  int special_prefix = 0;
  int max_id = 0;
  std::set<int> added_ids = {};
};

Tokenizer::Tokenizer(std::unique_ptr<const State> state) : state_(std::move(state)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

namespace {

// Special tokens are added tokens of the amended tokenizer. -1 for a null token.
int IdOf(const SpecialToken* special, const Json& amended) {
  if (special == nullptr) return -1;
  for (const auto& [id, token] : AddedTokensOf(amended)) {
    if (token.content == special->content) return static_cast<int>(id);
  }
  return -1;
}

const SpecialToken* PadToken(const SpecialTokens& special_tokens) {
  const SpecialToken* pad = special_tokens.Find("pad_token");
  return pad == nullptr ? special_tokens.Find("eos_token") : pad;
}

}  // namespace

Tokenizer Tokenizer::Load(const std::filesystem::path& folder) {
  const ConfigFiles files = ConfigFiles::Read(folder);
  const TokenizerClass& tokenizer_class = ChooseTokenizerClass(files);
  HfTokenizer tokenizer(TokenizerJson(folder, files, tokenizer_class), folder / "tokenizer.json");
  const Json loaded = tokenizer.Describe();
  const SpecialTokens special_tokens = GatherSpecialTokens(files, tokenizer_class, loaded);
  tokenizer.Amend(VocabularyChanges(files, tokenizer_class, special_tokens, loaded));
  tokenizer.Amend(PartChanges(files, tokenizer_class, special_tokens, tokenizer.Describe()));

  State state{.tokenizer = std::move(tokenizer),
              .tokenizer_class = &tokenizer_class,
              .chat_templates = ChatTemplates::Read(folder, files.tokenizer_config),
              .special_tokens = special_tokens.ForTemplate(),
              .truncates_from_left = TruncatesFromLeft(files.tokenizer_config, loaded),
              .pads_on_left = PadsOnLeft(files.tokenizer_config, tokenizer_class, loaded)};
  const Json amended = state.tokenizer.Describe();
  state.pad_id = IdOf(PadToken(special_tokens), amended);
  state.bos_id = IdOf(special_tokens.Find("bos_token"), amended);
  state.special_prefix = amended.at("special_prefix").get<int>();
  for (const auto& [id, token] : AddedTokensOf(amended)) state.added_ids.insert(static_cast<int>(id));
  state.max_id = state.tokenizer.MaxId();
  return Tokenizer(std::make_unique<const State>(std::move(state)));
}

Encoded Tokenizer::Encode(std::string_view text, int max_length) const {
  HfEncoding encoding = state_->tokenizer.Encode(text, {max_length, state_->truncates_from_left});
  return {std::move(encoding.ids), std::move(encoding.tokens), std::move(encoding.places), encoding.truncated,
          state_->special_prefix};
}

int Tokenizer::max_id() const { return state_->max_id; }

bool Tokenizer::IsOrdinary(int id) const {
  return id >= 0 && id <= state_->max_id && !state_->added_ids.contains(id);
}

bool Tokenizer::has_chat_template() const { return !state_->chat_templates.empty(); }

std::string Tokenizer::chat_template_sha256() const {
  const std::string* source = state_->chat_templates.source();
  return source == nullptr ? "" : HexHash(HashKind::kSha256, *source);
}

std::string Tokenizer::ApplyChatTemplate(std::string_view user_prompt) const {
  return state_->chat_templates.Render(user_prompt, state_->special_tokens);
}

int Tokenizer::pad_id() const { return state_->pad_id; }

bool Tokenizer::pads_on_left() const { return state_->pads_on_left; }

int Tokenizer::bos_id() const { return state_->bos_id; }

bool Tokenizer::adds_bos() const { return state_->special_prefix > 0; }

std::string Tokenizer::tokenizer_class() const { return std::string(state_->tokenizer_class->name) + "Fast"; }

}  // namespace headspec::text
