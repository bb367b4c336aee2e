// Any bytes as tokenizer.json: an Error or a tokenizer that encodes, never a crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "text/hf_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const headspec::text::HfTokenizer tokenizer({reinterpret_cast<const char*>(data), size},
                                                "tokenizer.json");
    tokenizer.Describe();
    tokenizer.Encode("Hello <s> w\xC3\xB6rld 12  345\n", {.max_length = 8, .from_left = false});
  } catch (const headspec::Error&) {
  }
  return 0;
}
