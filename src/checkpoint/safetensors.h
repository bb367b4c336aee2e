// One safetensors file, read as far as its header: which tensors it holds, of which type and shape, at which
// bytes. Checkpoint calls it on a mapped file; the fuzzer calls it on anything. It never touches a tensor's
// bytes, so values (NaN and infinities are legal) and alignment (none is promised) are the caller's matter.
// Format and order of checks: github.com/huggingface/safetensors, README and safetensors/src/tensor.rs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/dtype.h"

namespace headspec::checkpoint {

struct TensorEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<std::uint64_t> shape;  // row-major; {} for a scalar, a zero anywhere for no elements
  std::uint64_t begin = 0;           // bytes from data_offset: [begin, end)
  std::uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<TensorEntry> tensors;  // by offset; each begins where the one before ends
  std::map<std::string, std::string> metadata;
  std::uint64_t data_offset = 0;  // bytes from the start of the file
};

// On return every tensor lies inside `file`. Throws Error(kInput) "FILE_NAME: NAME: what; next step" with
// NAME one of, in the order of the checks: GitLfsPointer, HtmlPage, ErrorAnswer, ZeroFilled, HeaderTooSmall,
// HeaderTooLarge, InvalidHeaderLength, InvalidHeader, InvalidHeaderStart, InvalidHeaderDeserialization,
// then per tensor InvalidOffset, ValidationOverflow, MisalignedSlice, TensorInvalidInfo, and for the whole
// MetadataIncompleteBuffer.
SafetensorsHeader ParseSafetensors(std::span<const std::byte> file, const std::string& file_name);

}  // namespace headspec::checkpoint
