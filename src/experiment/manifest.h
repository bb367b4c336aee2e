// A manifest (TOML) is an experiment in words: this reads one into a Plan. Unknown keys are errors that
// name the nearest known key; every value is checked before anything is measured.
#pragma once

#include <filesystem>
#include <string>

#include "headspec/plan.h"

namespace headspec::experiment {

// Relative model and prompt paths in it are relative to the manifest's folder.
Plan ReadManifest(const std::filesystem::path& file);
// experiments/nano-ladder.toml of the data folder.
Plan BuiltInPlan();

// The protocol of the notebook with all its defaults: Standard-10 v3, 128 tokens, three seeds, raw prompts.
Protocol DefaultProtocol();

}  // namespace headspec::experiment
