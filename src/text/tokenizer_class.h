// What the Python class of a tokenizer adds to its tokenizer.json, as data: a row for each class of
// transformers 4.57.6 whose rules are reproduced. A class without a row is refused, because most change ids.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace headspec::text {

// The files that a folder without tokenizer.json is converted from, by the converter of that name in
// convert_slow_tokenizer.py.
enum class Conversion { kNone, kGpt2, kQwen2, kRoberta, kBert };

struct TokenizerClass {
  std::string_view name;  // without "Fast": config files write both
  // update_post_processor: [bos] text [eos] replaces the file's post-processor, with these defaults.
  bool rebuilds_post_processor = false;
  bool add_bos_token = false;
  bool add_eos_token = false;
  // Defaults of the constructor; empty for None.
  std::string_view unk_token{};
  std::string_view bos_token{};
  std::string_view eos_token{};
  std::string_view pad_token{};
  std::string_view sep_token{};
  std::string_view cls_token{};
  std::string_view mask_token{};
  // Constructor quirks, each in one class or two.
  bool special_strings_are_literal = false;       // Qwen2: a string becomes AddedToken(normalized=False)
  bool prefix_space_reaches_inside = false;       // Bloom, Cohere: also in a Sequence
  bool prefix_space_rebuilds_normalizer = false;  // Llama: add_prefix_space means from_slow
  bool adds_infilling_tokens = false;             // CodeLlama
  bool refuses_add_bos_token = false;             // CodeGen
  bool pads_with_none = false;                    // GPTNeoX: pad_token=None hides tokenizer.json's
  bool mask_strips_left = false;                  // Roberta, XLMRoberta: a string becomes AddedToken(lstrip)
  bool pads_on_left = false;                      // padding_side of the class
  bool sets_bert_normalizer = false;              // Bert: do_lower_case and its neighbours
  Conversion conversion = Conversion::kNone;
  std::span<const std::string_view> model_types{};  // config.json's, for folders that name no class
};

// Null when there is no row. An empty model type is that of a folder without config.json.
const TokenizerClass* FindTokenizerClass(std::string_view name);
const TokenizerClass* TokenizerClassOfModelType(std::string_view model_type);

}  // namespace headspec::text
