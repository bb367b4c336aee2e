// The folder of one run: filled under a hidden name beside its final place, which it takes in one step
// when everything is written. What was not committed disappears; what exists is never overwritten.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "report/files.h"

namespace headspec::report {

class OutputFolder {
 public:
  // Throws Error(kSystem) if `target` holds anything already or its parent cannot be written.
  explicit OutputFolder(const std::filesystem::path& target);

  // Where the files are until Commit(): other writers (figure, bundle) may put theirs here.
  const std::filesystem::path& WorkPath() const { return work_.path(); }
  const std::filesystem::path& Target() const { return target_; }

  // `name` is a plain file name. Throws Error(kSystem) with name, bytes and the system's reason.
  void Write(const std::string& name, std::string_view bytes);

  void Commit();

 private:
  std::filesystem::path target_;
  Discard work_;
};

}  // namespace headspec::report
