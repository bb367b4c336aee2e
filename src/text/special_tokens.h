// The special tokens of a checkpoint, gathered from its files in the order and with the precedence of
// transformers 4.57.6 (PreTrainedTokenizerBase._from_pretrained and SpecialTokensMixin).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "text/json_file.h"
#include "text/tokenizer_class.h"

namespace headspec::text {

// tokenizers.AddedToken.
struct AddedToken {
  std::string content;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
  bool special = false;
  std::optional<bool> normalized{};  // unset means: not special

  bool IsNormalized() const { return normalized.value_or(!special); }
  bool operator==(const AddedToken& other) const;
  Json ToJson() const;
};

// A special token is named by a string alone or by an AddedToken with its flags; the two differ in what is
// added to the vocabulary.
struct SpecialToken {
  std::string content;
  std::optional<AddedToken> token;
};

// The files beside tokenizer.json. config.json is read for tokenizer_class and model_type only.
struct ConfigFiles {
  JsonFile tokenizer_config;
  JsonFile special_tokens_map;
  JsonFile added_tokens;
  JsonFile model_config;
  bool has_tokenizer_json = false;

  static ConfigFiles Read(const std::filesystem::path& folder);
};

struct SpecialTokens {
  // added_tokens_decoder of tokenizer_config.json, or what the older files say in its place.
  std::map<long long, AddedToken> added_by_id;
  // bos_token, eos_token, ... in the order that decides the ids of new ones; additional_special_tokens has
  // several.
  std::vector<std::pair<std::string, std::vector<SpecialToken>>> slots;

  // Null when the slot is empty.
  const SpecialToken* Find(const std::string& slot) const;
  // No content in two slots; the first slot keeps it.
  std::vector<SpecialToken> Unique() const;
  // As a chat template sees them: special_tokens_map.
  Json ForTemplate() const;
};

// `loaded` is hf/'s description of tokenizer.json.
SpecialTokens GatherSpecialTokens(const ConfigFiles& files, const TokenizerClass& tokenizer_class,
                                  const Json& loaded);

// The added tokens of a description.
std::map<long long, AddedToken> AddedTokensOf(const Json& description);

}  // namespace headspec::text
