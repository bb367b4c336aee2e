// What the Python class of a tokenizer adds to its tokenizer.json, as data: a row for each class of
// transformers 4.57.6 whose constructor changes token ids and that decoder-only models use. A class without
// a row adds nothing (PreTrainedTokenizerFast); one that changes ids in ways not reproduced is refused.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace headspec::text {

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
  // Constructor quirks, each in one class or two.
  bool special_strings_are_literal = false;         // Qwen2: a string becomes AddedToken(normalized=False)
  bool prefix_space_reaches_inside = false;         // Bloom, Cohere: also in a Sequence
  bool prefix_space_rebuilds_normalizer = false;    // Llama: add_prefix_space means from_slow
  bool adds_infilling_tokens = false;               // CodeLlama
  bool refuses_add_bos_token = false;               // CodeGen
  bool pads_with_none = false;                      // GPTNeoX: pad_token=None hides tokenizer.json's
  std::span<const std::string_view> model_types{};  // config.json's, for folders that name no class
};

// The row of PreTrainedTokenizerFast when there is none for the name.
const TokenizerClass& FindTokenizerClass(std::string_view name);
const TokenizerClass& TokenizerClassOfModelType(std::string_view model_type);

// The encoder and encoder-decoder classes whose constructors rebuild the normalizer or add language codes.
bool IsUnsupportedTokenizerClass(std::string_view name);

}  // namespace headspec::text
