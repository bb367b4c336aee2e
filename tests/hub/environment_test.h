// Environment variables that a test changes and that are as before afterwards.
#pragma once

#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "temporary_folder.h"

namespace headspec::hub {

class EnvironmentTest : public TemporaryFolderTest {
 protected:
  void TearDown() override {
    for (const auto& [name, value] : before_) Put(name, value);
  }

  void Set(const std::string& name, const std::optional<std::string>& value) {
    const char* now = std::getenv(name.c_str());
    before_.emplace(name, now == nullptr ? std::nullopt : std::optional<std::string>(now));
    Put(name, value);
  }

 private:
  static void Put(const std::string& name, const std::optional<std::string>& value) {
    if (value)
      setenv(name.c_str(), value->c_str(), 1);
    else
      unsetenv(name.c_str());
  }

  std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace headspec::hub
