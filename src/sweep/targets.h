// Which models at which revisions a manifest names: patterns and ranges against what there is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "experiment/sweep_manifest.h"
#include "sweep/hub_answers.h"

namespace headspec::sweep {

// A model at one revision.
struct Target {
  std::string model;             // "org/name", or a folder as the manifest names it
  std::filesystem::path folder;  // where that is, absolute; empty: on the hub
  std::string revision;          // a branch, tag, commit or subfolder; empty: the folder itself
  std::string commit;            // of a hub model; of refs/pr/N that, until its files are known
  std::optional<double> step;
  std::string size;
};

// The revisions of one model, by their steps; those without one last.
using ModelTargets = std::vector<Target>;

// For each table of the manifest its models, in order. Throws Error(kInput) on what is not there, kSystem
// where it cannot be asked for; `notes` says what was left out.
std::vector<std::vector<ModelTargets>> ResolveTargets(const experiment::SweepManifest& manifest,
                                                      HubAnswers& hub, std::vector<std::string>& notes);

}  // namespace headspec::sweep
