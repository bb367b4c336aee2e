#include "sweep/gather.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "experiment/sweep_readings.h"
#include "headspec/version.h"
#include "sweep/curves.h"
#include "sweep/layout.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

// A point takes a few thousand bytes; anything much larger is not one.
constexpr std::uintmax_t kLargestFile = 4'000'000;

using Notes = std::vector<std::string>;

std::string_view WithoutAdvice(std::string_view error) { return error.substr(0, error.find(';')); }

// Empty if there is no such file; what cannot be read is noted.
std::optional<std::string> ReadSmall(const fs::path& file, Notes& notes) {
  try {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(file, error);
    if (!error && size > kLargestFile) {
      notes.push_back(fmt::format("{}: {} bytes, too many for what it should be", file.string(), size));
      return std::nullopt;
    }
    return ReadFile(file);
  } catch (const Error& e) {
    notes.emplace_back(WithoutAdvice(e.what()));
    return std::nullopt;
  }
}

std::optional<SweepPoint> PointIn(const fs::path& folder, const SweepCell& cell, Notes& notes) {
  const fs::path file = FolderOf(folder, cell) / kPointFile;
  const std::optional<std::string> text = ReadSmall(file, notes);
  if (!text) return std::nullopt;
  try {
    SweepPoint point = ReadPoint(*text, file.string());
    if (point.id == cell.id) return point;
    notes.push_back(
        fmt::format("{}: of the cell {}, not of {}: it counts as missing", file.string(), point.id, cell.id));
  } catch (const Error& e) {
    notes.push_back(fmt::format("{}: it counts as missing", WithoutAdvice(e.what())));
  }
  return std::nullopt;
}

// What a measurement of the same cell has to repeat: not how long it took, nor what its machine warned of.
std::string WhatMustAgree(SweepPoint point) {
  point.seconds = 0;
  point.warnings.clear();
  return PointJson(point);
}

void RequireAgreement(const SweepCell& cell, const std::pair<fs::path, SweepPoint>& first,
                      const std::pair<fs::path, SweepPoint>& second) {
  if (WhatMustAgree(first.second) == WhatMustAgree(second.second)) return;
  throw Error(ErrorKind::kInput,
              fmt::format("{} and {} hold different results of one measurement (SI {} and {})",
                          FolderOf(first.first, cell).string(), FolderOf(second.first, cell).string(),
                          first.second.si.value, second.second.si.value),
              "check both with `headspec verify`, and remove the folder that is wrong");
}

void FindPoint(const std::vector<fs::path>& folders, SweepRow& row, Notes& notes) {
  const SweepCell& cell = row.cell;
  std::optional<std::pair<fs::path, SweepPoint>> found;
  for (const fs::path& folder : folders) {
    std::optional<SweepPoint> point = PointIn(folder, cell, notes);
    if (!point) continue;
    std::pair<fs::path, SweepPoint> here(folder, std::move(*point));
    if (found)
      RequireAgreement(cell, *found, here);
    else
      found = std::move(here);
  }
  if (!found) return;
  row.folder = fs::weakly_canonical(FolderOf(found->first, cell)).string();
  row.point = std::move(found->second);
}

// Why the last try failed, of the first folder that tells.
void FindFailure(const std::vector<fs::path>& folders, SweepRow& row, Notes& notes) {
  for (const fs::path& folder : folders) {
    const fs::path file = FailureOf(folder, row.cell);
    const std::optional<std::string> text = ReadSmall(file, notes);
    if (!text) continue;
    try {
      const auto json = ParseJson<nlohmann::json>(*text);
      row.error = json.at("error").get<std::string>();
      row.error_code = json.at("code").get<int>();
      return;
    } catch (const std::exception& e) {
      notes.push_back(fmt::format("{}: not the record of a failure ({})", file.string(), JsonComplaint(e)));
      row.error.clear();
    }
  }
}

std::string PromptsOf(const SweepPlan& plan, const SweepCell& cell) {
  return cell.protocol < plan.protocols.size() ? plan.protocols[cell.protocol].prompts.version : "";
}

void NoteWhatIsNotThere(const SweepResult& result, Notes& notes) {
  std::size_t failed = 0, missing = 0, repeats = 0;
  for (const SweepRow& row : result.rows) {
    repeats += row.is_repeat;
    if (row.is_repeat || row.point) continue;
    ++(row.error.empty() ? missing : failed);
  }
  const std::size_t all = result.rows.size() - repeats;
  if (failed > 0) notes.push_back(fmt::format("{} of {} measurements failed", failed, all));
  if (missing > 0)
    notes.push_back(fmt::format("{} of {} measurements are missing: not made yet", missing, all));
}

}  // namespace

bool HasPoint(const fs::path& sweep, const SweepCell& cell) {
  Notes unread;
  return PointIn(sweep, cell, unread).has_value();
}

SweepResult Gather(const SweepPlan& plan, const std::vector<fs::path>& folders, Progress& progress) {
  SweepResult result;
  result.experiment = plan.experiment;
  result.purpose = plan.purpose;
  result.timestamp = fmt::format("{:%Y%m%d_%H%M%S}", fmt::localtime(std::time(nullptr)));
  result.headspec_version = Version();
  Notes damaged;
  std::map<std::string, std::size_t> first_of;  // by id
  Steps steps(&progress, "reading results", static_cast<std::int64_t>(plan.cells.size()));
  for (const SweepCell& cell : plan.cells) {
    steps.Next();
    SweepRow row{.cell = cell, .prompts = PromptsOf(plan, cell)};
    const auto [first, is_new] = first_of.emplace(cell.id, result.rows.size());
    if (is_new) {
      FindPoint(folders, row, damaged);
      if (!row.point) FindFailure(folders, row, damaged);
    } else {
      const SweepRow& same = result.rows[first->second];
      row.is_repeat = true;
      row.point = same.point;
      row.error = same.error;
      row.error_code = same.error_code;
      row.folder = same.folder;
    }
    result.rows.push_back(std::move(row));
  }
  result.notes = plan.notes;
  result.notes.insert(result.notes.end(), damaged.begin(), damaged.end());
  NoteWhatIsNotThere(result, result.notes);
  result.curves = CurvesOf(result.rows);
  result.readings = experiment::ReadSweep(result);
  return result;
}

}  // namespace headspec::sweep
