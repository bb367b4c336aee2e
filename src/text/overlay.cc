#include "text/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
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

// Mistral's files of before transformers 5 have a wrong pattern, and fix_mistral_regex: true in the config
// asks for the right one (_patch_mistral_regex of tokenization_utils_base.py, for a folder).
bool FixesMistralPattern(const ConfigFiles& files, const Json& loaded) {
  constexpr std::array kMistralTypes{"mistral", "mistral3", "voxtral", "ministral", "pixtral"};
  if (!files.tokenizer_config.Bool("fix_mistral_regex").value_or(false)) return false;
  if (!files.model_config.present() || loaded.at("vocab_size") <= 100000) return false;
  std::array<int, 3> version{};
  const std::string written = files.model_config.String("transformers_version").value_or("");
  std::sscanf(written.c_str(), "%d.%d.%d", &version[0], &version[1], &version[2]);
  if (written.empty()) return true;
  if (version > std::array{4, 57, 2}) return version < std::array{5, 0, 0};
  const std::optional<std::string> model_type = files.model_config.String("model_type");
  return !model_type || std::ranges::find(kMistralTypes, *model_type) != kMistralTypes.end();
}

constexpr std::string_view kMistralPattern =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)"
    R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

void ChangePreTokenizer(const ConfigFiles& files, const TokenizerClass& tokenizer_class, const Json& loaded,
                        Json& changes) {
  const JsonFile& config = files.tokenizer_config;
  // An explicit null reaches Python as None: the rebuild raises there and is swallowed. Llama's default is
  // None.
  const bool is_none = config.Has("add_prefix_space") ? config.Find("add_prefix_space")->is_null()
                                                      : tokenizer_class.prefix_space_rebuilds_normalizer;
  const bool wanted = config.Bool("add_prefix_space").value_or(false);
  Json pre_tokenizer = loaded.at("pre_tokenizer");
  if (!pre_tokenizer.is_object()) return;
  const auto current = pre_tokenizer.find("add_prefix_space");
  if (current != pre_tokenizer.end() && !is_none) *current = wanted;
  if (wanted && tokenizer_class.prefix_space_reaches_inside) SetPrefixSpaceInside(pre_tokenizer);
  if (IsType(pre_tokenizer, "Sequence") && FixesMistralPattern(files, loaded)) {
    pre_tokenizer["pretokenizers"].at(0) = {{"type", "Split"},
                                            {"pattern", {{"Regex", kMistralPattern}}},
                                            {"behavior", "Isolated"},
                                            {"invert", false}};
  }
  if (pre_tokenizer != loaded.at("pre_tokenizer")) changes["pre_tokenizer"] = std::move(pre_tokenizer);
}

// update_post_processor of the Llama, CodeLlama, Gemma, Cohere and GPTNeoX classes.
class PostProcessor {
 public:
  PostProcessor(const JsonFile& config, const SpecialTokens& special_tokens, const Json& loaded)
      : config_(config), special_tokens_(special_tokens) {
    for (auto& [id, token] : AddedTokensOf(loaded)) ids_[token.content] = id;
  }

  // The slots of the tokens in front and behind; empty for none.
  Json Build(const std::string& front, const std::string& back) const {
    Json single = Json::array();
    Json used = Json::object();
    if (!front.empty()) single.push_back(Piece(front, used));
    single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
    if (!back.empty()) single.push_back(Piece(back, used));
    // The library wants one; two texts are never encoded.
    Json pair = single;
    pair.push_back({{"Sequence", {{"id", "B"}, {"type_id", 1}}}});
    return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", used}};
  }

 private:
  Json Piece(const std::string& slot, Json& used) const {
    const SpecialToken* token = special_tokens_.Find(slot);
    const auto id = token == nullptr ? ids_.end() : ids_.find(token->content);
    if (id == ids_.end()) {
      const bool has_switch = slot == "bos_token" || slot == "eos_token";
      throw Error(ErrorKind::kInput,
                  fmt::format("{}: {} is to be added to every text, but is null or empty in {}",
                              config_.path().filename().string(), slot, config_.path().string()),
                  "set " + slot + (has_switch ? ", or add_" + slot + " to false" : ""));
    }
    const std::string& name = id->first;
    used[name] = {{"id", name}, {"ids", {id->second}}, {"tokens", {name}}};
    return {{"SpecialToken", {{"id", name}, {"type_id", 0}}}};
  }

  const JsonFile& config_;
  const SpecialTokens& special_tokens_;
  std::map<std::string, long long> ids_;
};

// BertTokenizerFast gives the file's normalizer its own arguments.
void ChangeBertNormalizer(const JsonFile& config, const Json& loaded, Json& changes) {
  Json normalizer = loaded.at("normalizer");
  if (!IsType(normalizer, "BertNormalizer")) return;
  const std::optional<bool> strip_accents = config.Bool("strip_accents");
  normalizer["lowercase"] = config.Bool("do_lower_case").value_or(true);
  normalizer["strip_accents"] = strip_accents ? Json(*strip_accents) : Json();
  normalizer["handle_chinese_chars"] = config.Bool("tokenize_chinese_chars").value_or(true);
  changes["normalizer"] = std::move(normalizer);
}

// Absent takes the class default; an explicit null is Python's None, which is false.
bool Switch(const JsonFile& config, const std::string& key, bool fallback) {
  return config.Has(key) ? config.Bool(key).value_or(false) : fallback;
}

Error UnknownClass(const JsonFile& file, const std::string& key, const std::string& value) {
  return {ErrorKind::kInput,
          fmt::format("{}: {}: the token rules of {} are not known in {}", file.path().filename().string(),
                      key, OneLine(value), file.path().string()),
          "choose another model, or if tokenizer.json alone gives its ids, set tokenizer_class to "
          "PreTrainedTokenizerFast in tokenizer_config.json"};
}

}  // namespace

const TokenizerClass& ChooseTokenizerClass(const ConfigFiles& files) {
  for (const JsonFile* file : {&files.tokenizer_config, &files.model_config}) {
    const std::optional<std::string> name = file->String("tokenizer_class");
    if (!name) continue;
    if (const TokenizerClass* found = FindTokenizerClass(*name)) return *found;
    throw UnknownClass(*file, "tokenizer_class", *name);
  }
  const std::string model_type = files.model_config.String("model_type").value_or("");
  if (const TokenizerClass* found = TokenizerClassOfModelType(model_type)) return *found;
  throw UnknownClass(files.model_config, "model_type", model_type);
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
  ChangePreTokenizer(files, tokenizer_class, loaded, changes);
  const bool add_bos = Switch(config, "add_bos_token", tokenizer_class.add_bos_token);
  const bool add_eos = Switch(config, "add_eos_token", tokenizer_class.add_eos_token);
  if (tokenizer_class.refuses_add_bos_token && add_bos) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: add_bos_token: {} cannot add one in {}", config.path().filename().string(),
                            tokenizer_class.name, config.path().string()),
                "set add_bos_token to false");
  }
  if (tokenizer_class.sets_bert_normalizer) ChangeBertNormalizer(config, loaded, changes);
  const PostProcessor post_processor(config, special_tokens, loaded);
  const Conversion conversion = files.has_tokenizer_json ? Conversion::kNone : tokenizer_class.conversion;
  if (conversion == Conversion::kRoberta || conversion == Conversion::kBert) {
    changes["post_processor"] = post_processor.Build("cls_token", "sep_token");
  } else if (tokenizer_class.rebuilds_post_processor || conversion == Conversion::kGpt2) {
    changes["post_processor"] = post_processor.Build(add_bos ? "bos_token" : "", add_eos ? "eos_token" : "");
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

bool PadsOnLeft(const JsonFile& tokenizer_config, const TokenizerClass& tokenizer_class, const Json& loaded) {
  if (const Json* side = tokenizer_config.Find("padding_side")) {
    if (*side != "left" && *side != "right")
      throw tokenizer_config.Unexpected("padding_side", "\"left\" or \"right\"", *side);
    return *side == "left";
  }
  const Json& padding = loaded.at("padding");
  if (padding.is_null()) return tokenizer_class.pads_on_left;
  return padding.contains("direction") && padding.at("direction") == "Left";
}

}  // namespace headspec::text
