#include "cli/summary.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <set>
#include <system_error>

#include "report/text.h"

namespace headspec::cli {
namespace fs = std::filesystem;
namespace {

struct Reading {
  std::string name;
  std::string what;
};

// By importance.
const std::array kRead = {Reading{"report.html", "all of it to read and explore, in a browser"},
                          Reading{"results.json", "every number"},
                          Reading{"measured.json", "both models as measured for it"}};

// As short as it is clear: from the working folder where it lies in that.
std::string Shown(const fs::path& folder) {
  std::error_code error;
  const fs::path relative = fs::relative(folder, error);
  const bool is_inside = !error && !relative.empty() && *relative.begin() != "..";
  return report::OneLine((is_inside ? relative : folder).string());
}

class Names {
 public:
  // Those in folders below the first one's are only counted.
  explicit Names(const std::vector<std::string>& paths) {
    const fs::path folder = fs::path(paths.front()).parent_path();
    for (const std::string& path : paths) {
      if (fs::path(path).parent_path() == folder)
        names_.push_back(fs::path(path).filename().string());
      else
        folders_.insert(fs::path(path).parent_path().filename().string() + "/");
    }
  }

  // Whether it was among them.
  bool Take(const std::string& name) {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) return false;
    names_.erase(found);
    return true;
  }
  std::vector<std::string> Pictures() const {
    std::vector<std::string> pictures;
    for (const std::string& name : names_) {
      if (name.ends_with(".png")) pictures.push_back(name);
    }
    return pictures;
  }
  const std::set<std::string>& folders() const { return folders_; }
  const std::vector<std::string>& rest() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::set<std::string> folders_;
};

}  // namespace

std::string WrittenLines(const std::vector<std::string>& paths) {
  if (paths.empty()) return "";
  Names names(paths);
  std::vector<Reading> shown;
  for (const Reading& reading : kRead) {
    if (names.Take(reading.name)) shown.push_back(reading);
  }
  for (const std::string& picture : names.Pictures()) {
    names.Take(picture);
    const std::string stem = fs::path(picture).stem().string();
    const bool has_others = names.Take(stem + ".svg") && names.Take(stem + ".pdf");
    shown.push_back({picture, has_others ? "also .svg and .pdf" : ""});
  }
  for (const std::string& folder : names.folders())
    shown.push_back({folder, "figures for papers: .pdf, .svg, .png, and figures.tex with captions"});
  std::size_t width = 0;
  for (const Reading& reading : shown) width = std::max(width, reading.name.size());
  std::string text = fmt::format("written to {}\n", Shown(fs::path(paths.front()).parent_path()));
  for (const Reading& reading : shown)
    text += fmt::format("  {:<{}}  {}\n", reading.name, width, reading.what);
  if (!names.rest().empty()) text += fmt::format("  and {}\n", fmt::join(names.rest(), ", "));
  return text;
}

}  // namespace headspec::cli
