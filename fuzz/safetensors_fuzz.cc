// Any bytes either parse, and then every tensor lies inside them, or are refused with Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "checkpoint/safetensors.h"
#include "core/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto header = headspec::checkpoint::ParseSafetensors(std::as_bytes(std::span(data, size)), "input");
    for (const auto& tensor : header.tensors) {
      if (tensor.begin > tensor.end || tensor.end > size - header.data_offset) std::abort();
    }
  } catch (const headspec::Error&) {
  }
  return 0;
}
