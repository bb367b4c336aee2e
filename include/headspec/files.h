// Results as text and as folders, as the program writes them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "headspec/comparison.h"
#include "headspec/export.h"
#include "headspec/index.h"
#include "headspec/result.h"

namespace headspec {

// results.json of `run` and `measure`: docs/results.schema.json. NaN becomes null.
HEADSPEC_API std::string ToJson(const RunResult& run);
// results.json of `compare`: docs/comparison.schema.json.
HEADSPEC_API std::string ToJson(const Comparison& comparison);
// What `headspec si --json` prints.
HEADSPEC_API std::string ToJson(const std::vector<StoredIndex>& indices);

// The result that a results.json of `run` or `measure` was written from, but what the file does not hold
// (prompt by prompt head metrics, kept attention, paths). `file` names it in errors. Throws Error(kInput).
HEADSPEC_API RunResult FromJson(std::string_view text, std::string_view file = "results.json");

// What Save wrote.
struct Saved {
  std::vector<std::filesystem::path> paths;  // of the files, results.json first
  std::vector<std::string> notes;            // what the figure leaves out, and why
  std::string figure_error;  // not empty: it could not be drawn, and the rest was written without it
};

// Writes everything that the program writes for such a result into `folder`, which must not exist: whole or
// not at all. Figures need gnuplot. Throws Error(kSystem).
HEADSPEC_API Saved Save(const RunResult& run, const std::filesystem::path& folder);
// The same for a comparison.
HEADSPEC_API Saved Save(const Comparison& comparison, const std::filesystem::path& folder);

}  // namespace headspec
