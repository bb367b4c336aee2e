#include "experiment/files.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/auxv.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/error.h"

namespace headspec::experiment {
namespace fs = std::filesystem;

std::string ReadWholeFile(const fs::path& file, const std::string& what) {
  std::error_code code;
  if (fs::is_directory(file, code)) {
    throw Error(ErrorKind::kSystem, fmt::format("{}: a folder, not a file: {}", what, file.string()),
                "give a file");
  }
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) {
    throw Error(ErrorKind::kSystem,
                fmt::format("{}: cannot read {} ({})", what, file.string(),
                            errno == 0 ? "read error" : std::strerror(errno)),
                "check the path and its permissions");
  }
  return text;
}

namespace {

// The file that this code was loaded from: the program, the library, or the Python module.
fs::path OwnFile() {
  Dl_info info = {};
  static const char kAnchor = 0;
  std::error_code code;
  if (dladdr(&kAnchor, &info) == 0 || info.dli_fname == nullptr) return {};
  const fs::path file = fs::canonical(info.dli_fname, code);
  if (!code) return file;
  // A program that was found in PATH is named without its folder there; not where it was started from.
  const auto* started = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  return started == nullptr ? fs::path() : fs::canonical(started, code);
}

}  // namespace

fs::path DataFolder() {
  std::vector<fs::path> candidates;
  std::error_code code;
  if (const char* set = std::getenv("HEADSPEC_DATA"); set != nullptr && *set != '\0') {
    candidates = {set};
  } else {
    const fs::path folder = OwnFile().parent_path();
    if (!folder.empty()) {
      candidates.push_back(folder.parent_path() / "share" / "headspec");                // bin, lib
      candidates.push_back(folder.parent_path().parent_path() / "share" / "headspec");  // lib/<architecture>
      candidates.push_back(folder);  // beside the Python module
    }
    candidates.emplace_back(HEADSPEC_SOURCE_DIR);
  }
  for (const fs::path& folder : candidates) {
    if (fs::exists(folder / "data" / "prompts", code)) return folder;
  }
  throw Error(ErrorKind::kSystem,
              fmt::format("data folder: no data/prompts in {}", candidates.front().string()),
              "set HEADSPEC_DATA to the folder that holds data/ and experiments/");
}

}  // namespace headspec::experiment
