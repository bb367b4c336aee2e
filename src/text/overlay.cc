#include "text/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"

namespace headspec::text {
namespace {

constexpr const char* kMetaspace = "\u2581";

// PreTrainedTokenizerFast.__init__, from "added_tokens_decoder_hash" on. Every token of the config is
// offered, known or not: the hash set that should skip known ones is made of ids, so it matches none, and a
// known token thereby turns special if a special token has its name. Of the special tokens, an AddedToken is
// offered unless the config has the same one, a string only if no added token has its name. tokenizers skips
// equal tokens and replaces the flags of others.
std::vector<AddedToken> TokensToAdd(const SpecialTokens& special_tokens, const Json& loaded) {
  std::vector<AddedToken> tokens;
  std::set<std::string> names;
  for (const auto& [id, token] : AddedTokensOf(loaded)) names.insert(token.content);
  for (const auto& [id, token] : special_tokens.added_by_id) {
    names.insert(token.content);
    tokens.push_back(token);
  }
  const std::vector<AddedToken> from_config = tokens;
  std::set<std::string> special_names;
  for (const SpecialToken& special : special_tokens.Unique()) {
    special_names.insert(special.content);
    if (special.token && std::ranges::find(from_config, *special.token) == from_config.end()) {
      tokens.push_back(*special.token);
    }
    if (!special.token && !names.contains(special.content)) {
      tokens.push_back(AddedToken{.content = special.content, .special = true, .normalized = false});
    }
  }
  for (AddedToken& token : tokens) token.special = token.special || special_names.contains(token.content);
  return tokens;
}

bool IsType(const Json& part, const char* type) {
  const auto found = part.is_object() ? part.find("type") : part.end();
  return found != part.end() && *found == type;
}

// True for what LlamaConverter can have written: the rebuild below must not touch byte-level tokenizers that
// borrow the Llama class.
bool IsFromSentencePiece(const Json& loaded) {
  const Json& normalizer = loaded.at("normalizer");
  const Json& pre_tokenizer = loaded.at("pre_tokenizer");
  if (!pre_tokenizer.is_null() && !IsType(pre_tokenizer, "Metaspace")) return false;
  if (normalizer.is_null()) return !pre_tokenizer.is_null();
  if (!IsType(normalizer, "Sequence")) return false;
  return std::ranges::all_of(normalizer.at("normalizers"), [](const Json& part) {
    return IsType(part, "Prepend") || IsType(part, "Replace");
  });
}

// LlamaTokenizerFast with add_prefix_space set converts tokenizer.model anew (from_slow); the vocabulary is
// the same, normalizer and pre-tokenizer are LlamaConverter's.
void RebuildFromSentencePiece(bool prefix_space, bool legacy, Json& changes) {
  if (!legacy) {
    changes["normalizer"] = nullptr;
    changes["pre_tokenizer"] = {{"type", "Metaspace"},
                                {"replacement", kMetaspace},
                                {"prepend_scheme", prefix_space ? "first" : "never"},
                                {"split", false}};
    return;
  }
  Json normalizers = Json::array();
  if (prefix_space) normalizers.push_back({{"type", "Prepend"}, {"prepend", kMetaspace}});
  normalizers.push_back({{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", kMetaspace}});
  changes["normalizer"] = {{"type", "Sequence"}, {"normalizers", std::move(normalizers)}};
  changes["pre_tokenizer"] = nullptr;
}

// The description is at most 128 deep (serde_json's limit), so recursion is safe.
void SetPrefixSpaceInside(Json& part) {
  for (auto& [key, value] : part.items()) {
    if (key == "add_prefix_space" && value == false) value = true;
    if (value.is_structured()) SetPrefixSpaceInside(value);
  }
}

void ChangePreTokenizer(const JsonFile& config, const TokenizerClass& tokenizer_class, const Json& loaded,
                        Json& changes) {
  // An explicit null reaches Python as None: the rebuild raises there and is swallowed. Llama's default is
  // None.
  const bool is_none = config.Has("add_prefix_space") ? config.Find("add_prefix_space")->is_null()
                                                      : tokenizer_class.prefix_space_rebuilds_normalizer;
  const bool wanted = config.Bool("add_prefix_space").value_or(false);
  Json pre_tokenizer = loaded.at("pre_tokenizer");
  if (!pre_tokenizer.is_object() || is_none) return;
  const auto current = pre_tokenizer.find("add_prefix_space");
  if (current != pre_tokenizer.end()) *current = wanted;
  if (wanted && tokenizer_class.prefix_space_reaches_inside) SetPrefixSpaceInside(pre_tokenizer);
  if (pre_tokenizer != loaded.at("pre_tokenizer")) changes["pre_tokenizer"] = std::move(pre_tokenizer);
}

// update_post_processor of the Llama, CodeLlama, Gemma, Cohere and GPTNeoX classes.
class PostProcessor {
 public:
  PostProcessor(const JsonFile& config, const SpecialTokens& special_tokens, const Json& loaded)
      : config_(config), special_tokens_(special_tokens) {
    for (auto& [id, token] : AddedTokensOf(loaded)) ids_[token.content] = id;
  }

  Json Build(bool add_bos, bool add_eos) const {
    const Json first = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
    const Json second = {{"Sequence", {{"id", "B"}, {"type_id", 1}}}};
    Json single = Json::array();
    Json pair = Json::array();
    Json used = Json::object();
    if (add_bos) single.push_back(Piece("bos_token", 0, used));
    single.push_back(first);
    if (add_eos) single.push_back(Piece("eos_token", 0, used));
    pair = single;
    if (add_bos) pair.push_back(Piece("bos_token", 1, used));
    pair.push_back(second);
    if (add_eos) pair.push_back(Piece("eos_token", 1, used));
    return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", used}};
  }

 private:
  Json Piece(const std::string& slot, int type_id, Json& used) const {
    const SpecialToken* token = special_tokens_.Find(slot);
    const auto id = token == nullptr ? ids_.end() : ids_.find(token->content);
    if (id == ids_.end()) {
      const std::string message =
          fmt::format("{}: add_{} is true, but {} is null or empty in {}", config_.path().filename().string(),
                      slot, slot, config_.path().string());
      throw Error(ErrorKind::kInput, message, fmt::format("set {}, or add_{} to false", slot, slot));
    }
    const std::string& name = id->first;
    used[name] = {{"id", name}, {"ids", {id->second}}, {"tokens", {name}}};
    return {{"SpecialToken", {{"id", name}, {"type_id", type_id}}}};
  }

  const JsonFile& config_;
  const SpecialTokens& special_tokens_;
  std::map<std::string, long long> ids_;
};

// Absent takes the class default; an explicit null is Python's None, which is false.
bool Switch(const JsonFile& config, const std::string& key, bool fallback) {
  return config.Has(key) ? config.Bool(key).value_or(false) : fallback;
}

}  // namespace

const TokenizerClass& ChooseTokenizerClass(const ConfigFiles& files) {
  for (const JsonFile* file : {&files.tokenizer_config, &files.model_config}) {
    const std::optional<std::string> name = file->String("tokenizer_class");
    if (!name) continue;
    if (IsUnsupportedTokenizerClass(*name)) {
      throw Error(ErrorKind::kInput,
                  fmt::format("{}: tokenizer_class: {} belongs to encoder models and is not supported in {}",
                              file->path().filename().string(), *name, file->path().string()),
                  "choose a decoder-only model");
    }
    return FindTokenizerClass(*name);
  }
  return TokenizerClassOfModelType(files.model_config.String("model_type").value_or(""));
}

Json VocabularyChanges(const ConfigFiles& files, const TokenizerClass& tokenizer_class,
                       const SpecialTokens& special_tokens, const Json& loaded) {
  const JsonFile& config = files.tokenizer_config;
  Json changes = Json::object();
  const std::optional<bool> prefix_space = config.Bool("add_prefix_space");
  if (tokenizer_class.prefix_space_rebuilds_normalizer && prefix_space && IsFromSentencePiece(loaded)) {
    RebuildFromSentencePiece(*prefix_space, config.Bool("legacy").value_or(true), changes);
  }
  changes["encode_special_tokens"] = config.Bool("split_special_tokens").value_or(false);
  changes["add_tokens"] = Json::array();
  for (const AddedToken& token : TokensToAdd(special_tokens, loaded))
    changes["add_tokens"].push_back(token.ToJson());
  return changes;
}

Json PartChanges(const ConfigFiles& files, const TokenizerClass& tokenizer_class,
                 const SpecialTokens& special_tokens, const Json& loaded) {
  const JsonFile& config = files.tokenizer_config;
  Json changes = Json::object();
  ChangePreTokenizer(config, tokenizer_class, loaded, changes);
  const bool add_bos = Switch(config, "add_bos_token", tokenizer_class.add_bos_token);
  const bool add_eos = Switch(config, "add_eos_token", tokenizer_class.add_eos_token);
  if (tokenizer_class.refuses_add_bos_token && add_bos) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: add_bos_token: {} cannot add one in {}", config.path().filename().string(),
                            tokenizer_class.name, config.path().string()),
                "set add_bos_token to false");
  }
  if (tokenizer_class.rebuilds_post_processor) {
    changes["post_processor"] = PostProcessor(config, special_tokens, loaded).Build(add_bos, add_eos);
  }
  return changes;
}

bool TruncatesFromLeft(const JsonFile& tokenizer_config, const Json& loaded) {
  if (const Json* side = tokenizer_config.Find("truncation_side")) {
    if (*side != "left" && *side != "right") {
      throw tokenizer_config.Unexpected("truncation_side", "\"left\" or \"right\"", *side);
    }
    return *side == "left";
  }
  const Json& truncation = loaded.at("truncation");
  return !truncation.is_null() && truncation.at("direction") == "Left";
}

}  // namespace headspec::text
