// A folder of the test's own, gone with the object that holds it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace headspec {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "headspec-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = std::filesystem::canonical(pattern);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  // Folders above the file are made.
  std::filesystem::path Write(const std::string& name, std::string_view content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << content;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

class TemporaryFolderTest : public testing::Test {
 private:
  const TemporaryFolder temporary_;

 protected:
  std::filesystem::path Write(const std::string& name, std::string_view content) const {
    return temporary_.Write(name, content);
  }
  std::string At(const std::string& name) const { return (folder_ / name).string(); }

  const std::filesystem::path folder_ = temporary_.path();
};

}  // namespace headspec
