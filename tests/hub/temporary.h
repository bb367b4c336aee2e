// A folder that goes away, environment variables that come back, and the Error that a call throws as text.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"

namespace headspec {

// "kInput: message", or "no error". Any other exception fails the test that calls this.
template <typename Call>
std::string ErrorOf(const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    switch (error.kind()) {
      case ErrorKind::kRun:
        return std::string("kRun: ") + error.what();
      case ErrorKind::kInput:
        return std::string("kInput: ") + error.what();
      case ErrorKind::kSystem:
        return std::string("kSystem: ") + error.what();
      case ErrorKind::kInterrupted:
        return std::string("kInterrupted: ") + error.what();
    }
  }
  return "no error";
}

class TemporaryFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "headspec-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }

  void TearDown() override {
    std::filesystem::remove_all(folder_);
    for (const auto& [name, value] : before_) {
      if (value)
        setenv(name.c_str(), value->c_str(), 1);
      else
        unsetenv(name.c_str());
    }
  }

  std::filesystem::path Write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << content;
    return folder_ / name;
  }

  std::string At(const std::string& name) const { return (folder_ / name).string(); }

  void Set(const std::string& name, const std::optional<std::string>& value) {
    const char* now = std::getenv(name.c_str());
    before_.emplace(name, now == nullptr ? std::nullopt : std::optional<std::string>(now));
    if (value)
      setenv(name.c_str(), value->c_str(), 1);
    else
      unsetenv(name.c_str());
  }

  std::filesystem::path folder_;

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace headspec
