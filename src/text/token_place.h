// Where tokens come from: bytes of the text that was encoded, or the tokenizer itself.
#pragma once

#include <cstddef>

namespace headspec::text {

// Bytes [begin, end) of a text.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;

  bool Overlaps(const TextRange& other) const { return begin < other.end && other.begin < end; }
  bool operator==(const TextRange&) const = default;
};

struct TokenPlace {
  bool is_added = false;  // by the post-processor, as BOS, EOS, [CLS] and [SEP] are: it stands for no text
  TextRange range = {};   // what it stands for, the blanks included that tokenizers leave out of offsets
  bool operator==(const TokenPlace&) const = default;
};

}  // namespace headspec::text
