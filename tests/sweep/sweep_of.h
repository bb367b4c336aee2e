// Small sweeps in memory, and what tests ask of their folders.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "core/hash.h"
#include "headspec/plans.h"
#include "headspec/sweep.h"

namespace headspec::sweep {

inline SweepCell CellOf(const ModelEntry& entry, const std::string& revision = "") {
  SweepCell cell;
  cell.entry = entry;
  cell.revision = revision;
  cell.dtype = "float32";
  cell.id = HexHash(HashKind::kSha256, entry.name + "@" + entry.revision + revision).substr(0, 16);
  cell.folder = "model-" + cell.id;
  return cell;
}

// In float32, on three short prompts.
inline SweepPlan PlanWith(std::vector<SweepCell> cells) {
  SweepPlan plan;
  plan.experiment = "sweep";
  plan.slug = "sweep";
  plan.protocols = {DefaultProtocol()};
  plan.protocols[0].variants = {MakeVariant(Precision::kFloat32)};
  plan.protocols[0].prompts =
      PromptsOf({"A first sentence.", "Another one, and it is longer.", "The last of these three."});
  plan.cells = std::move(cells);
  return plan;
}

inline std::set<std::string> FilesIn(const std::filesystem::path& folder) {
  std::set<std::string> names;
  if (!std::filesystem::exists(folder)) return names;
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    if (file.is_symlink() || !file.is_directory())
      names.insert(file.path().lexically_relative(folder).string());
  }
  return names;
}

inline std::string TextOf(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace headspec::sweep
