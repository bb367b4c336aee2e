// headspec's own cache folder in a place of the test's own: it neither reads nor fills the user's.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "temporary_folder.h"

namespace headspec {

class EnvironmentValue {
 public:
  EnvironmentValue(std::string name, const char* value) : name_(std::move(name)) {
    if (const char* old = std::getenv(name_.c_str())) old_ = old;
    Set(value);
  }
  ~EnvironmentValue() { Set(old_ ? old_->c_str() : nullptr); }
  EnvironmentValue(const EnvironmentValue&) = delete;
  EnvironmentValue& operator=(const EnvironmentValue&) = delete;

 private:
  void Set(const char* value) const {
    if (value == nullptr)
      unsetenv(name_.c_str());
    else
      setenv(name_.c_str(), value, 1);
  }

  std::string name_;
  std::optional<std::string> old_;
};

class OwnCacheTest : public TemporaryFolderTest {
 protected:
  const std::filesystem::path cache_ = folder_ / "own-cache";

 private:
  const EnvironmentValue variable_{"HEADSPEC_CACHE", cache_.c_str()};
};

}  // namespace headspec
