// `headspec run` of a manifest with [[sweep]]: alone, as one of several shards, or as a job of many ranks.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/options.h"
#include "headspec/run.h"
#include "headspec/sweep.h"

namespace headspec::cli {

struct SweepArguments {
  std::string manifest;
  std::string out;
  std::string shard = {};  // "2/10"; empty: all cells
  std::string local_copies = {};
  bool discard_models = false;
  CommonOptions common;
};

// Measures what is missing, and without a shard gathers. Returns the exit code.
int RunSweep(const SweepArguments& args);
// The same command in every rank of a job: rank 0 leads, the others measure what it says.
int RunSweepInJob(const SweepArguments& args);

void AddLocalCopiesOption(CLI::App& command, std::string& folder);  // --local-copies
void AddDiscardOption(CLI::App& command, bool& discard);            // --discard-models

// The folder's plan, where it is the manifest's: no revision is asked for twice, and nodes without a network
// can go on.
SweepPlan PlanOf(const SweepArguments& args, Observer& observer);

// `--out`, or results/<slug>: not the time of day, so that the same command goes on with the same folder.
std::string SweepFolder(const std::string& out, const std::string& slug);

}  // namespace headspec::cli
