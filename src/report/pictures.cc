#include "report/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "report/files.h"
#include "report/gnuplot.h"

namespace headspec::report {
namespace fs = std::filesystem;
namespace {

std::string ReadAll(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// gnuplot does not notice a full disk: a picture counts when its last bytes are there.
void CheckComplete(const fs::path& folder, const std::string& stem) {
  constexpr std::pair<const char*, std::string_view> kEndings[] = {
      {".png", "IEND"}, {".svg", "</svg>"}, {".pdf", "%%EOF"}};
  for (const auto& [type, ending] : kEndings) {
    const fs::path file = folder / (stem + type);
    const std::string bytes = ReadAll(file);
    const std::size_t tail = bytes.size() - std::min<std::size_t>(bytes.size(), 64);
    if (bytes.find(ending, tail) == std::string::npos) {
      throw Error(ErrorKind::kSystem,
                  fmt::format("gnuplot left {} incomplete ({} bytes)", file.string(), bytes.size()),
                  "check that the disk is not full");
    }
  }
}

}  // namespace

std::vector<std::string> PictureFiles(const std::string& stem) {
  return {stem + ".png", stem + ".svg", stem + ".pdf", stem + ".gp", stem + ".dat"};
}

void RenderPictures(const std::vector<Pictures>& pictures, const fs::path& folder, const Progress* progress) {
  if (pictures.empty()) return;
  const Discard work(CreatePartialFolder(folder / pictures.front().stem));
  std::vector<std::string> scripts, names;
  for (const Pictures& each : pictures) {
    scripts.push_back(each.stem + ".gp");
    WriteFile(work.path() / scripts.back(), each.script);
    WriteFile(work.path() / (each.stem + ".dat"), each.data);
    for (std::string& name : PictureFiles(each.stem)) names.push_back(std::move(name));
  }
  RunGnuplot(work.path(), scripts, progress);
  for (const Pictures& each : pictures) CheckComplete(work.path(), each.stem);
  for (const std::string& name : names) {
    std::error_code error;
    fs::rename(work.path() / name, folder / name, error);
    if (error) {
      throw Error(ErrorKind::kSystem,
                  fmt::format("cannot put {} into {}: {}", name, folder.string(), error.message()),
                  "choose an output folder that can be written");
    }
  }
}

}  // namespace headspec::report
