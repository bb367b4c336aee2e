// What a sweep's folder holds, and what each part is called:
//   manifest.toml  plan.json                      what was asked for, resolved
//   models/<cell>/results.json ...  point.json    one folder for each measurement; there when it is whole
//   failed/<id>.json                              why the last try of a cell failed
//   sweep.json  table.csv  curves.*  report.html  what they gave together
#pragma once

#include <filesystem>
#include <string>

#include "headspec/sweep.h"

namespace headspec::sweep {

inline constexpr const char* kManifestFile = "manifest.toml";
inline constexpr const char* kPlanFile = "plan.json";
inline constexpr const char* kPointFile = "point.json";
inline constexpr const char* kModelsFolder = "models";
inline constexpr const char* kFailedFolder = "failed";

inline std::filesystem::path FolderOf(const std::filesystem::path& sweep, const SweepCell& cell) {
  return sweep / kModelsFolder / cell.folder;
}
inline std::filesystem::path FailureOf(const std::filesystem::path& sweep, const SweepCell& cell) {
  return sweep / kFailedFolder / (cell.id + ".json");
}

}  // namespace headspec::sweep
