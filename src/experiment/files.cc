#include "experiment/files.h"

#include <fmt/format.h>

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

fs::path DataFolder() {
  std::vector<fs::path> candidates;
  std::error_code code;
  if (const char* set = std::getenv("HEADSPEC_DATA"); set != nullptr && *set != '\0') {
    candidates = {set};
  } else {
    const fs::path program = fs::read_symlink("/proc/self/exe", code);
    if (!program.empty()) candidates.push_back(program.parent_path().parent_path() / "share" / "headspec");
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
