#include "report/output_folder.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "core/error.h"

namespace headspec::report {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void FailTaken(const fs::path& target) {
  throw Error(ErrorKind::kSystem, fmt::format("output folder {} is not empty", target.string()),
              "nothing is overwritten: remove it or choose another one");
}

// Absolute, links resolved, no trailing slash: the name that rename() will see.
fs::path FinalPlace(const fs::path& target) {
  std::error_code error;
  fs::path place = fs::weakly_canonical(fs::absolute(target), error);
  if (error) place = fs::absolute(target).lexically_normal();
  if (!place.has_filename()) place = place.parent_path();
  if (!place.has_filename()) {
    throw Error(ErrorKind::kSystem, fmt::format("output folder \"{}\" has no name", target.string()),
                "choose a folder that can be created");
  }
  return place;
}

fs::path FreePlace(const fs::path& target) {
  const fs::path place = FinalPlace(target);
  std::error_code error;
  const fs::file_status status = fs::status(place, error);
  if (!fs::exists(status)) return place;
  if (!fs::is_directory(status)) {
    throw Error(ErrorKind::kSystem, fmt::format("output folder {} is a file", place.string()),
                "choose another one");
  }
  if (!fs::is_empty(place, error) || error) FailTaken(place);
  return place;
}

}  // namespace

OutputFolder::OutputFolder(const fs::path& target)
    : target_(FreePlace(target)), work_(CreatePartialFolder(target_)) {}

void OutputFolder::Write(const std::string& name, std::string_view bytes) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    throw Error(ErrorKind::kSystem, fmt::format("\"{}\" is not a plain file name", name),
                "write files directly into the output folder");
  }
  WriteFile(WorkPath() / name, bytes);
}

void OutputFolder::Commit() {
  if (std::rename(WorkPath().c_str(), target_.c_str()) != 0) {
    const int error = errno;
    if (error == ENOTEMPTY || error == EEXIST) FailTaken(target_);
    throw Error(ErrorKind::kSystem,
                fmt::format("cannot rename {} to {}: {}", WorkPath().string(), target_.string(),
                            std::generic_category().message(error)),
                "choose another output folder");
  }
  work_.Release();
}

}  // namespace headspec::report
