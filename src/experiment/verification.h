// Is a result what its folder says? Files against their recorded hashes, derived numbers against those that
// they derive from, and the whole measurement once more. Differences are findings, not errors.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "headspec/result.h"
#include "headspec/run.h"

namespace headspec::experiment {

struct Check {
  std::string what;  // "model.safetensors", "index"
  bool ok = false;
  std::string expected;
  std::string found;
};

// Of two texts that should be equal, or two numbers that should have the same bits.
Check Compare(const std::string& what, const std::string& expected, const std::string& found);
Check Compare(const std::string& what, double expected, double found);

// Checks of one kind on one model, or on the whole run.
struct CheckGroup {
  std::string what;   // "outputs", "prompts", "models", "trend", "records", "statistics", "files", "tokens",
                      // "entropies", "verdict"
  std::string model;  // its display name; empty: the whole run
  std::string summary;  // what was looked at and how
  std::vector<Check> checks;
};

// What a folder holds: results.json and provenance.json, read.
struct ResultFolder {
  std::filesystem::path folder;
  RunResult results;
  RunResult provenance;             // prompts and, per model, numerics, files and token ids
  std::vector<FileRecord> outputs;  // the other files of the folder, as provenance.json lists them
};

struct VerifyOptions {
  bool recompute = true;
  RunOptions run;
};

// Hands over each group as it is done. Throws Error(kSystem) on a file that is there and cannot be read, and
// Error(kInterrupted).
void Verify(const ResultFolder& recorded, const VerifyOptions& options, Observer& observer,
            const std::function<void(const CheckGroup&)>& on_group);

}  // namespace headspec::experiment
