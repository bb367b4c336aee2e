#include "text/special_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <string_view>
#include <system_error>

namespace headspec::text {
namespace {

constexpr std::array<std::string_view, 7> kSingleSlots{"bos_token", "eos_token", "unk_token", "sep_token",
                                                       "pad_token", "cls_token", "mask_token"};
constexpr std::string_view kManySlot = "additional_special_tokens";

bool Flag(const JsonFile& file, const std::string& where, const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return false;
  if (!found->is_boolean()) throw file.Unexpected(where + '.' + key, "true or false", *found);
  return found->get<bool>();
}

AddedToken ParseAddedToken(const JsonFile& file, const std::string& where, const Json& object) {
  if (!object.is_object()) throw file.Unexpected(where, "an object", object);
  const auto content = object.find("content");
  if (content == object.end()) throw file.Unexpected(where + ".content", "a string", Json());
  if (!content->is_string()) throw file.Unexpected(where + ".content", "a string", *content);
  AddedToken token;
  token.content = content->get<std::string>();
  token.single_word = Flag(file, where, object, "single_word");
  token.lstrip = Flag(file, where, object, "lstrip");
  token.rstrip = Flag(file, where, object, "rstrip");
  token.special = Flag(file, where, object, "special");
  if (object.contains("normalized")) token.normalized = Flag(file, where, object, "normalized");
  return token;
}

SpecialToken ParseSpecialToken(const JsonFile& file, const std::string& where, const Json& value) {
  if (value.is_string()) return {value.get<std::string>(), std::nullopt};
  if (!value.is_object()) throw file.Unexpected(where, "a string or an AddedToken object", value);
  AddedToken token = ParseAddedToken(file, where, value);
  return {token.content, token};
}

// One slot of one file: none for null.
std::vector<SpecialToken> ParseSlot(const JsonFile& file, const std::string& slot, const Json& value) {
  std::vector<SpecialToken> tokens;
  if (value.is_null()) return tokens;
  if (slot != kManySlot) return {ParseSpecialToken(file, slot, value)};
  if (!value.is_array()) throw file.Unexpected(slot, "a list", value);
  for (std::size_t i = 0; i < value.size(); ++i) {
    tokens.push_back(ParseSpecialToken(file, fmt::format("{}[{}]", slot, i), value[i]));
  }
  return tokens;
}

// In the order of the file: of two tokens with one name, the later counts as its flags.
std::vector<std::pair<long long, AddedToken>> ParseAddedTokensDecoder(const JsonFile& file,
                                                                      const Json& decoder) {
  if (!decoder.is_object()) throw file.Unexpected("added_tokens_decoder", "an object", decoder);
  std::vector<std::pair<long long, AddedToken>> tokens;
  for (const auto& [key, value] : decoder.items()) {
    long long id = 0;
    const auto [end, failed] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (failed != std::errc() || end != key.data() + key.size()) {
      throw file.Unexpected("added_tokens_decoder", "token ids as keys", Json(key));
    }
    tokens.emplace_back(id, ParseAddedToken(file, "added_tokens_decoder." + key, value));
  }
  return tokens;
}

class Gathering {
 public:
  Gathering(const ConfigFiles& files, const TokenizerClass& tokenizer_class, const Json& loaded)
      : files_(files), config_(files.tokenizer_config), class_(tokenizer_class), loaded_(loaded) {}

  SpecialTokens Run() {
    // With added_tokens_decoder in the config, special_tokens_map.json and added_tokens.json are not read.
    const Json* decoder = config_.Find("added_tokens_decoder");
    SpecialTokens result;
    if (decoder != nullptr) {
      for (const auto& [id, token] : ParseAddedTokensDecoder(config_, *decoder)) {
        result.added_by_id[id] = token;
        by_name_[token.content] = token;
      }
    }
    for (const std::string_view name : kSingleSlots) AddSlot(std::string(name), decoder == nullptr, result);
    AddSlot(std::string(kManySlot), decoder == nullptr, result);
    if (decoder == nullptr) AddOlderFiles(result);
    PreferAddedTokens(result);
    for (auto& [slot, tokens] : result.slots) ApplyClassDefaults(slot, tokens);
    AddModelSpecificTokens(result);
    return result;
  }

 private:
  void AddSlot(const std::string& slot, bool with_map, SpecialTokens& result) {
    std::vector<SpecialToken> tokens;
    if (const Json* value = config_.Find(slot)) {
      tokens = ParseSlot(config_, slot, *value);
      configured_.insert(slot);
    }
    const JsonFile& map = files_.special_tokens_map;
    if (const Json* value = with_map ? map.Find(slot) : nullptr) {
      std::vector<SpecialToken> mapped = ParseSlot(map, slot, *value);
      for (SpecialToken& token : mapped) {
        if (token.token) token.token->special = true;
      }
      if (slot != kManySlot) tokens.clear();
      if (slot == kManySlot && !mapped.empty()) last_mapped_ = mapped.back().content;
      for (SpecialToken& token : mapped) {
        const auto same = [&](const SpecialToken& other) {
          return other.content == token.content && other.token == token.token;
        };
        if (std::ranges::none_of(tokens, same)) tokens.push_back(token);
      }
      configured_.insert(slot);
    }
    result.slots.emplace_back(slot, std::move(tokens));
  }

  // Before added_tokens_decoder existed: added_tokens.json, then tokenizer.json's own list over it.
  void AddOlderFiles(SpecialTokens& result) {
    std::set<std::string> special;
    for (const auto& [slot, tokens] : result.slots) {
      for (const SpecialToken& token : tokens) special.insert(token.content);
    }
    for (const auto& [content, id] : files_.added_tokens.root().items()) {
      if (!id.is_number_integer()) throw files_.added_tokens.Unexpected(content, "a token id", id);
      AddedToken token;
      token.content = content;
      token.special = special.contains(content);
      token.normalized = !token.special;
      result.added_by_id[id.get<long long>()] = token;
      // transformers files it under the wrong name: the last token its loop above had looked at.
      by_name_[last_mapped_] = token;
    }
    for (auto& [id, token] : AddedTokensOf(loaded_)) {
      result.added_by_id[id] = token;
      by_name_[token.content] = token;
    }
  }

  // A special token that is also an added token takes its flags from there.
  void PreferAddedTokens(SpecialTokens& result) const {
    for (auto& [slot, tokens] : result.slots) {
      if (slot == kManySlot) continue;
      for (SpecialToken& special : tokens) {
        const auto found = by_name_.find(special.content);
        if (found != by_name_.end()) special = {found->second.content, found->second};
      }
    }
  }

  void ApplyClassDefaults(const std::string& slot, std::vector<SpecialToken>& tokens) const {
    const std::string_view fallback = ClassDefault(slot);
    const bool configured = configured_.contains(slot);
    if (!configured && !fallback.empty()) tokens = {{std::string(fallback), std::nullopt}};
    if (!configured && slot == "pad_token" && fallback.empty() && !class_.pads_with_none)
      AddFilePadding(tokens);
    if (slot == kManySlot && class_.adds_infilling_tokens) AddInfillingTokens(tokens);
    if (slot == "mask_token" && class_.mask_strips_left) {
      for (SpecialToken& token : tokens) {
        if (!token.token) token.token = AddedToken{.content = token.content, .lstrip = true};
      }
    }
    const bool has_literals =
        slot == "bos_token" || slot == "eos_token" || slot == "unk_token" || slot == "pad_token";
    if (class_.special_strings_are_literal && has_literals) {
      for (SpecialToken& token : tokens) {
        if (!token.token)
          token.token = AddedToken{.content = token.content, .special = true, .normalized = false};
      }
    }
  }

  std::string_view ClassDefault(std::string_view slot) const {
    if (slot == "bos_token") return class_.bos_token;
    if (slot == "eos_token") return class_.eos_token;
    if (slot == "unk_token") return class_.unk_token;
    if (slot == "pad_token") return class_.pad_token;
    if (slot == "sep_token") return class_.sep_token;
    if (slot == "cls_token") return class_.cls_token;
    if (slot == "mask_token") return class_.mask_token;
    return {};
  }

  void AddFilePadding(std::vector<SpecialToken>& tokens) const {
    const Json& padding = loaded_.at("padding");
    if (!padding.is_null()) tokens = {{padding.at("pad_token").get<std::string>(), std::nullopt}};
  }

  void AddInfillingTokens(std::vector<SpecialToken>& tokens) const {
    constexpr std::array<std::pair<const char*, const char*>, 4> kInfilling{{{"prefix_token", "▁<PRE>"},
                                                                             {"middle_token", "▁<MID>"},
                                                                             {"suffix_token", "▁<SUF>"},
                                                                             {"eot_token", "▁<EOT>"}}};
    for (const auto& [key, fallback] : kInfilling) {
      const Json* value = config_.Find(key);
      if (value == nullptr) tokens.push_back({fallback, std::nullopt});
      if (value != nullptr && !value->is_null()) tokens.push_back(ParseSpecialToken(config_, key, *value));
    }
  }

  void AddModelSpecificTokens(SpecialTokens& result) const {
    const Json* extra = config_.Find("extra_special_tokens");
    if (extra == nullptr || extra->is_null()) return;
    if (!extra->is_object()) throw config_.Unexpected("extra_special_tokens", "an object", *extra);
    for (const auto& [slot, value] : extra->items()) {
      std::vector<SpecialToken> tokens{ParseSpecialToken(config_, "extra_special_tokens." + slot, value)};
      const auto known =
          std::ranges::find(result.slots, slot, &std::pair<std::string, std::vector<SpecialToken>>::first);
      if (known != result.slots.end()) {
        known->second = std::move(tokens);
      } else {
        result.slots.emplace_back(slot, std::move(tokens));
      }
    }
  }

  const ConfigFiles& files_;
  const JsonFile& config_;
  const TokenizerClass& class_;
  const Json& loaded_;
  std::set<std::string> configured_;
  std::string last_mapped_ = "None";
  std::map<std::string, AddedToken> by_name_;  // added_tokens_map
};

}  // namespace

bool AddedToken::operator==(const AddedToken& other) const {
  return content == other.content && single_word == other.single_word && lstrip == other.lstrip &&
         rstrip == other.rstrip && special == other.special && IsNormalized() == other.IsNormalized();
}

Json AddedToken::ToJson() const {
  return {{"content", content}, {"single_word", single_word},   {"lstrip", lstrip},
          {"rstrip", rstrip},   {"normalized", IsNormalized()}, {"special", special}};
}

ConfigFiles ConfigFiles::Read(const std::filesystem::path& folder) {
  // A link to a missing file counts as there, and reading it complains.
  std::error_code ignored;
  const bool has_tokenizer_json =
      std::filesystem::exists(std::filesystem::symlink_status(folder / "tokenizer.json", ignored));
  return {JsonFile::Read(folder / "tokenizer_config.json"),
          JsonFile::Read(folder / "special_tokens_map.json"), JsonFile::Read(folder / "added_tokens.json"),
          JsonFile::Read(folder / "config.json"), has_tokenizer_json};
}

const SpecialToken* SpecialTokens::Find(const std::string& slot) const {
  for (const auto& [name, tokens] : slots) {
    if (name == slot && !tokens.empty()) return &tokens.front();
  }
  return nullptr;
}

std::vector<SpecialToken> SpecialTokens::Unique() const {
  std::vector<SpecialToken> unique;
  std::set<std::string> seen;
  for (const auto& [name, tokens] : slots) {
    for (const SpecialToken& token : tokens) {
      if (!token.content.empty() && !seen.contains(token.content)) unique.push_back(token);
    }
    for (const SpecialToken& token : tokens) seen.insert(token.content);
  }
  return unique;
}

Json SpecialTokens::ForTemplate() const {
  Json map = Json::object();
  for (const auto& [name, tokens] : slots) {
    if (tokens.empty() || tokens.front().content.empty()) continue;
    if (name == kManySlot) {
      map[name] = Json::array();
      for (const SpecialToken& token : tokens) map[name].push_back(token.content);
    } else {
      map[name] = tokens.front().content;
    }
  }
  return map;
}

SpecialTokens GatherSpecialTokens(const ConfigFiles& files, const TokenizerClass& tokenizer_class,
                                  const Json& loaded) {
  return Gathering(files, tokenizer_class, loaded).Run();
}

std::map<long long, AddedToken> AddedTokensOf(const Json& description) {
  std::map<long long, AddedToken> tokens;
  for (const Json& entry : description.at("added_tokens")) {
    AddedToken token;
    token.content = entry.at("content").get<std::string>();
    token.single_word = entry.at("single_word").get<bool>();
    token.lstrip = entry.at("lstrip").get<bool>();
    token.rstrip = entry.at("rstrip").get<bool>();
    token.special = entry.at("special").get<bool>();
    token.normalized = entry.at("normalized").get<bool>();
    tokens[entry.at("id").get<long long>()] = token;
  }
  return tokens;
}

}  // namespace headspec::text
