// provenance.json: everything that has to be the same for a result to come out again, and what every file of
// its folder held. docs/provenance.schema.json describes the same file. Also those parts of it that
// results.json repeats.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "headspec/result.h"

namespace headspec::report {

nlohmann::ordered_json EnvironmentJson(const Environment& environment);
nlohmann::ordered_json ModelProvenanceJson(const Provenance& provenance);

// `outputs` are the other files of the folder, hashed ("sha256:<64 hex>").
std::string ProvenanceJson(const RunResult& run, const std::vector<FileRecord>& outputs);

// The same provenance with the records of files that were written anew; `file` names it in errors. Throws as
// ReadProvenance.
std::string WithOutputs(std::string_view text, std::string_view file, const std::vector<FileRecord>& written);

struct RecordedProvenance {
  // Prompts, manifest and, per model, numerics, files and token ids; the rest is not filled.
  RunResult run;
  std::vector<FileRecord> outputs;
};

// `file` names it in errors. Throws Error(kInput) on anything that ProvenanceJson does not write.
RecordedProvenance ReadProvenance(std::string_view text, std::string_view file);

}  // namespace headspec::report
