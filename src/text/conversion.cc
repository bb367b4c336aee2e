#include "text/conversion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "text/hf_tokenizer.h"

namespace headspec::text {
namespace {

// Not text::Json, whose objects take a linear search for each of a vocabulary's keys.
using Vocabulary = nlohmann::json;

constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

[[noreturn]] void ThrowMissing(const std::filesystem::path& folder, const TokenizerClass& tokenizer_class) {
  std::error_code ignored;
  std::string found;
  for (const char* name : {"vocab.json", "merges.txt", "vocab.txt", "tokenizer.model"}) {
    if (!std::filesystem::exists(folder / name, ignored)) continue;
    found += (found.empty() ? ", which has " : " and ") + std::string(name);
  }
  std::string needed = "nothing else";
  if (tokenizer_class.conversion == Conversion::kBert) needed = "nothing else but vocab.txt";
  if (tokenizer_class.conversion != Conversion::kBert && tokenizer_class.conversion != Conversion::kNone) {
    needed = "nothing else but vocab.json with merges.txt";
  }
  const std::string place = folder.string();
  throw Error(
      ErrorKind::kInput,
      fmt::format("tokenizer.json: missing, and {} is read from {}, in {}{}", tokenizer_class.name, needed,
                  place, found),
      fmt::format("download it, or convert once: python -c \"from transformers import AutoTokenizer as T; "
                  "T.from_pretrained('{0}').save_pretrained('{0}')\"",
                  place));
}

[[noreturn]] void ThrowDamaged(const std::filesystem::path& path, const std::string& problem) {
  throw Error(ErrorKind::kInput,
              fmt::format("{}: {} in {}", path.filename().string(), OneLine(problem), path.string()),
              "download the file again");
}

// As Python reads a text file: \r\n and \r end a line too. What follows the last line end is a line of its
// own.
std::vector<std::string> Lines(const std::string& bytes) {
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' && i > 0 && bytes[i - 1] == '\r') continue;
    if (bytes[i] == '\n' || bytes[i] == '\r') {
      lines.emplace_back();
    } else {
      lines.back() += bytes[i];
    }
  }
  return lines;
}

std::vector<std::string> Words(const std::string& line) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while ((begin = line.find_first_not_of(" \t\v\f", begin)) != std::string::npos) {
    const std::size_t end = std::min(line.find_first_of(" \t\v\f", begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

// The slow tokenizers drop the first line and what follows the last line end unread; Qwen2's drops empty
// lines and a first line that says #version. A merge given twice counts where it comes first.
Vocabulary ParseMerges(const std::string& bytes, bool as_qwen2, const std::filesystem::path& path) {
  RequireUtf8(bytes, path.filename().string() + " in " + path.parent_path().string());
  const std::vector<std::string> lines = Lines(bytes);
  Vocabulary merges = Vocabulary::array();
  std::set<std::vector<std::string>> seen;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::vector<std::string> pair = Words(lines[i]);
    const bool is_end = i == 0 || i + 1 == lines.size();
    if (as_qwen2 ? pair.empty() || (i == 0 && lines[i].starts_with("#version:")) : is_end) continue;
    if (pair.size() != 2) ThrowDamaged(path, fmt::format("line {} is not two tokens", i + 1));
    if (seen.insert(pair).second) merges.push_back(pair);
  }
  return merges;
}

Vocabulary ParseVocabulary(const std::string& bytes, const std::filesystem::path& path) {
  Vocabulary vocabulary;
  try {
    vocabulary = ParseJson<Vocabulary>(bytes);
  } catch (const JsonError& e) {
    ThrowDamaged(path, fmt::format("not JSON ({})", e.what()));
  }
  if (!vocabulary.is_object()) ThrowDamaged(path, "not an object of token: id");
  for (const auto& [token, id] : vocabulary.items()) {
    if (!id.is_number_unsigned()) ThrowDamaged(path, fmt::format("the id of {} is not one", token));
  }
  return vocabulary;
}

// A token a line, and its id is the line's number.
Vocabulary ParseVocabularyLines(const std::string& bytes, const std::filesystem::path& path) {
  RequireUtf8(bytes, path.filename().string() + " in " + path.parent_path().string());
  Vocabulary vocabulary = Vocabulary::object();
  std::vector<std::string> lines = Lines(bytes);
  if (lines.back().empty()) lines.pop_back();
  for (std::size_t i = 0; i < lines.size(); ++i) vocabulary[lines[i]] = i;
  return vocabulary;
}

Vocabulary Around(Vocabulary model) {
  return {{"version", "1.0"}, {"added_tokens", Vocabulary::array()}, {"model", std::move(model)}};
}

Vocabulary ByteLevel(bool add_prefix_space, bool use_regex) {
  return {{"type", "ByteLevel"},
          {"add_prefix_space", add_prefix_space},
          {"trim_offsets", true},
          {"use_regex", use_regex}};
}

// GPT2Converter, Qwen2Converter, RobertaConverter.
Vocabulary ConvertBytePairs(const ConfigFiles& files, Conversion conversion, Vocabulary vocabulary,
                            Vocabulary merges) {
  Vocabulary tokenizer =
      Around({{"type", "BPE"}, {"vocab", std::move(vocabulary)}, {"merges", std::move(merges)}});
  const bool prefix_space = files.tokenizer_config.Bool("add_prefix_space").value_or(false);
  if (conversion == Conversion::kQwen2) {
    const Vocabulary split = {{"type", "Split"},
                              {"pattern", {{"Regex", kQwen2Pattern}}},
                              {"behavior", "Isolated"},
                              {"invert", false}};
    tokenizer["normalizer"] = {{"type", "NFC"}};
    // Qwen2Tokenizer does not keep add_prefix_space.
    tokenizer["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {split, ByteLevel(false, false)}}};
  } else {
    tokenizer["pre_tokenizer"] = ByteLevel(prefix_space, true);
  }
  return tokenizer;
}

// BertConverter. The normalizer has the defaults of BertTokenizerFast, and overlay.h sets it in any case.
Vocabulary ConvertWordPieces(const std::string& unk_token, Vocabulary vocabulary) {
  Vocabulary tokenizer = Around({{"type", "WordPiece"},
                                 {"vocab", std::move(vocabulary)},
                                 {"unk_token", unk_token},
                                 {"continuing_subword_prefix", "##"},
                                 {"max_input_chars_per_word", 100}});
  tokenizer["normalizer"] = {{"type", "BertNormalizer"},
                             {"clean_text", true},
                             {"handle_chinese_chars", true},
                             {"strip_accents", nullptr},
                             {"lowercase", true}};
  tokenizer["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  return tokenizer;
}

}  // namespace

std::string TokenizerJson(const std::filesystem::path& folder, const ConfigFiles& files,
                          const TokenizerClass& tokenizer_class) {
  if (files.has_tokenizer_json) {
    if (std::optional<std::string> bytes = ReadFile(folder / "tokenizer.json")) return *std::move(bytes);
  }
  const Conversion conversion = tokenizer_class.conversion;
  if (conversion == Conversion::kBert) {
    const std::filesystem::path path = folder / "vocab.txt";
    const std::optional<std::string> vocabulary = ReadFile(path);
    if (!vocabulary) ThrowMissing(folder, tokenizer_class);
    const Json nothing = {{"added_tokens", Json::array()}, {"padding", nullptr}};
    const SpecialTokens special_tokens = GatherSpecialTokens(files, tokenizer_class, nothing);
    const SpecialToken* unk = special_tokens.Find("unk_token");
    return ConvertWordPieces(unk == nullptr ? "None" : unk->content, ParseVocabularyLines(*vocabulary, path))
        .dump();
  }
  if (conversion == Conversion::kNone) ThrowMissing(folder, tokenizer_class);
  const std::optional<std::string> vocabulary = ReadFile(folder / "vocab.json");
  const std::optional<std::string> merges = ReadFile(folder / "merges.txt");
  if (!vocabulary || !merges) ThrowMissing(folder, tokenizer_class);
  return ConvertBytePairs(files, conversion, ParseVocabulary(*vocabulary, folder / "vocab.json"),
                          ParseMerges(*merges, conversion == Conversion::kQwen2, folder / "merges.txt"))
      .dump();
}

}  // namespace headspec::text
