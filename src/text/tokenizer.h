// Prompt to token ids, the ids that transformers 4.57.6 gives for the same folder: AutoTokenizer's fast
// tokenizer called with truncation=True. Hugging Face's own library does the work (hf/); what transformers
// changes around it is in overlay.h. There is no decoding and no slow tokenizer. A folder without
// tokenizer.json is converted in memory where transformers does it from text files (conversion.h); else it is
// an error that says how to convert it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/token_place.h"

namespace headspec::text {

struct Encoded {
  std::vector<int> ids;
  std::vector<std::string> tokens;  // as the vocabulary writes them: "Ġthe", "▁the"
  std::vector<TokenPlace> places;   // of each token in the text
  bool truncated = false;
  int special_prefix = 0;  // special tokens that the post-processor put in front, such as BOS
};

// Constant once loaded; Encode and ApplyChatTemplate may be called from several threads at once.
class Tokenizer {
 public:
  // Throws Error, naming file, field, what was expected and what was found.
  static Tokenizer Load(const std::filesystem::path& folder);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // `text` is UTF-8 and may hold NUL. At most `max_length` tokens, special tokens counted, cut on the
  // checkpoint's truncation_side; 0 or less for no limit.
  Encoded Encode(std::string_view text, int max_length) const;

  // The largest id in the vocabulary, to be compared with the rows of the embedding.
  int max_id() const;
  // Whether `id` stands for text alone: neither special (BOS, padding) nor added beside the vocabulary.
  bool IsOrdinary(int id) const;

  bool has_chat_template() const;
  // Of the template's text; empty without one.
  std::string chat_template_sha256() const;
  // The text for one user message and the generation prompt. It may begin with BOS as text; encoding it adds
  // another, as transformers does.
  std::string ApplyChatTemplate(std::string_view user_prompt) const;

  // What transformers fills short prompts up with, and where: pad_token, else eos_token; -1 without either.
  // Encode never pads.
  int pad_id() const;
  bool pads_on_left() const;
  // bos_token, whether Encode puts it in front or not; -1 without one.
  int bos_id() const;

  // Whether Encode puts a special token in front.
  bool adds_bos() const;
  // The Python class whose rules were applied: "LlamaTokenizerFast".
  std::string tokenizer_class() const;

 private:
  struct State;
  explicit Tokenizer(std::unique_ptr<const State> state);

  std::unique_ptr<const State> state_;
};

}  // namespace headspec::text
