#include "checkpoint/safetensors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <string_view>
#include <tuple>
#include <utility>

#include "checkpoint/foreign_content.h"
#include "checkpoint/header_reader.h"
#include "checkpoint/wording.h"
#include "core/utf8.h"

namespace headspec::checkpoint {
namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLargestHeader = 100'000'000;
constexpr std::uint64_t kLargestFile = std::numeric_limits<std::int64_t>::max();
constexpr const char* kAgain = "download the file again";
constexpr const char* kDamaged = "the file is damaged or its writer is at fault: download or export it again";

std::uint64_t HeaderLength(std::span<const std::byte> file, const std::string& file_name) {
  if (file.size() < kLengthBytes) {
    throw Refusal(file_name, "HeaderTooSmall",
                  fmt::format("expected at least {} bytes, found {}", kLengthBytes, file.size()), kAgain);
  }
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= std::to_integer<std::uint64_t>(file[i]) << (8 * i);
  if (length > kLargestHeader) {
    throw Refusal(file_name, "HeaderTooLarge",
                  fmt::format("header length {} exceeds {} bytes", length, kLargestHeader),
                  "this is no safetensors file, or a damaged one: download it again");
  }
  if (length > file.size() - kLengthBytes) {
    throw Refusal(file_name, "InvalidHeaderLength",
                  fmt::format("truncated: expected at least {} bytes for the header, found {}",
                              kLengthBytes + length, file.size()),
                  kAgain);
  }
  return length;
}

void CheckText(std::string_view text, const std::string& file_name) {
  const std::size_t invalid = FindInvalidUtf8(text);
  if (invalid != std::string_view::npos) {
    throw Refusal(file_name, "InvalidHeader", fmt::format("header byte {} is not valid UTF-8", invalid + 1),
                  kDamaged);
  }
  if (text.empty() || text.front() != '{') {
    throw Refusal(
        file_name, "InvalidHeaderStart",
        fmt::format("expected the header to begin with \"{{\", found {}", Quoted(text.substr(0, 1))),
        kDamaged);
  }
}

bool Multiply(std::uint64_t& product, std::uint64_t factor) {
  return !__builtin_mul_overflow(product, factor, &product);
}

// Every check is about one tensor and the end of the one before it.
class TensorCheck {
 public:
  TensorCheck(const TensorEntry& tensor, const std::string& file_name)
      : tensor_(tensor), file_name_(file_name) {}

  void Offsets(std::uint64_t previous_end) const {
    const std::uint64_t begin = tensor_.begin;
    const std::uint64_t end = tensor_.end;
    if (begin > previous_end) {
      Refuse("InvalidOffset", fmt::format("hole: begins at {}, expected {}", begin, previous_end));
    }
    if (begin < previous_end) {
      Refuse("InvalidOffset", fmt::format("overlap: begins at {}, expected {}", begin, previous_end));
    }
    if (end < begin) Refuse("InvalidOffset", fmt::format("ends at {}, before it begins at {}", end, begin));
  }

  void Size() const {
    std::uint64_t bits = 1;
    for (const std::uint64_t extent : tensor_.shape) {
      if (Multiply(bits, extent)) continue;
      Refuse("ValidationOverflow", fmt::format("{} has too many elements", Type()));
    }
    if (!Multiply(bits, static_cast<std::uint64_t>(BitsOf(tensor_.dtype)))) {
      Refuse("ValidationOverflow", fmt::format("{} has too many bits", Type()));
    }
    if (bits % 8 != 0) {
      Refuse("MisalignedSlice", fmt::format("{} takes {} bits, not a whole number of bytes", Type(), bits));
    }
    if (tensor_.end - tensor_.begin != bits / 8) {
      Refuse("TensorInvalidInfo",
             fmt::format("{} takes {} bytes, its data_offsets [{}, {}] span {}", Type(), bits / 8,
                         tensor_.begin, tensor_.end, tensor_.end - tensor_.begin));
    }
    if (tensor_.end > kLargestFile - kLengthBytes - kLargestHeader) {
      Refuse("ValidationOverflow", fmt::format("ends at {}, beyond any file", tensor_.end));
    }
  }

 private:
  std::string Type() const {
    const auto& shape = tensor_.shape;
    if (shape.size() > 16) return fmt::format("{} of {} dimensions", NameOf(tensor_.dtype), shape.size());
    return fmt::format("{} [{}]", NameOf(tensor_.dtype), fmt::join(shape, ", "));
  }

  [[noreturn]] void Refuse(std::string_view name, const std::string& what) const {
    throw Refusal(file_name_, name, fmt::format("tensor {}: {}", Quoted(tensor_.name), what), kDamaged);
  }

  const TensorEntry& tensor_;
  const std::string& file_name_;
};

void CheckFileLength(std::uint64_t expected, std::uint64_t found, const std::string& file_name) {
  if (found < expected) {
    throw Refusal(file_name, "MetadataIncompleteBuffer",
                  fmt::format("truncated: expected {} bytes, found {}", expected, found), kAgain);
  }
  if (found > expected) {
    throw Refusal(file_name, "MetadataIncompleteBuffer",
                  fmt::format("trailing bytes: expected {} bytes, found {}", expected, found), kDamaged);
  }
}

}  // namespace

SafetensorsHeader ParseSafetensors(std::span<const std::byte> file, const std::string& file_name) {
  RefuseForeignContent(file, file_name);
  const std::uint64_t length = HeaderLength(file, file_name);
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + kLengthBytes, length);
  CheckText(text, file_name);

  HeaderText header = ReadHeader(text, file_name);
  // Ties are tensors without elements; they keep the order of the file.
  std::stable_sort(header.tensors.begin(), header.tensors.end(),
                   [](const TensorEntry& a, const TensorEntry& b) {
                     return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
                   });
  std::uint64_t end = 0;
  for (const TensorEntry& tensor : header.tensors) {
    const TensorCheck check(tensor, file_name);
    check.Offsets(end);
    check.Size();
    end = tensor.end;
  }
  const std::uint64_t data_offset = kLengthBytes + length;
  CheckFileLength(data_offset + end, file.size(), file_name);
  return {std::move(header.tensors), std::move(header.metadata), data_offset};
}

}  // namespace headspec::checkpoint
