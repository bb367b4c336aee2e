// Safetensors files built byte by byte, a folder to put them in, and the message of the Error that a call
// throws.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "core/error.h"

namespace headspec::checkpoint {

// `header_length` little-endian, then the header, then `data`.
inline std::string FileWithLength(std::uint64_t header_length, std::string_view rest) {
  std::string file;
  for (int i = 0; i < 8; ++i) file += static_cast<char>(header_length >> (8 * i) & 0xFF);
  return file.append(rest);
}

inline std::string SafetensorsFile(std::string_view header, std::string_view data = {}) {
  return FileWithLength(header.size(), std::string(header).append(data));
}

inline std::span<const std::byte> Bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::string Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// "kInput: message", or "no error". Any other exception fails the test that calls this.
template <typename Call>
std::string ErrorOf(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return fmt::format("{}: {}", error.kind() == ErrorKind::kInput ? "kInput" : "kSystem", error.what());
  }
  return "no error";
}

class FolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "headspec-checkpoint-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path Write(const std::string& name, std::string_view content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }

  std::string At(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
};

}  // namespace headspec::checkpoint
