// From a manifest with [[sweep]] to a plan whose every cell names exact files, and back from its plan.json.
#pragma once

#include <filesystem>
#include <string>

#include "headspec/run.h"
#include "headspec/sweep.h"

namespace headspec::sweep {

// True for a manifest that has a [[sweep]]. Throws Error(kInput) if it cannot be read.
bool IsSweep(const std::filesystem::path& manifest);

// Reads the manifest, resolves revisions against the repositories (small requests only, nothing large is
// downloaded), removes repeats and estimates costs. Throws Error.
SweepPlan MakePlan(const std::filesystem::path& manifest, const RunOptions& options, Observer& observer);

// plan.json. Protocols are not in it: ReadPlan makes them anew from `manifest_text`.
std::string PlanJson(const SweepPlan& plan);
// The plan of a sweep's folder, from its manifest.toml and plan.json. Throws Error(kInput) if the two do not
// belong together or a prompt set is not the one it was.
SweepPlan ReadPlan(const std::filesystem::path& folder);

// One manifest and the same cells. What is expected of them depends on the machine and may differ.
bool IsSamePlan(const SweepPlan& a, const SweepPlan& b);

// Writes manifest.toml and plan.json into `folder`, which is made; leaves them alone if the plan there is the
// same, and throws Error(kInput) if it is another one.
void KeepPlan(const SweepPlan& plan, const std::filesystem::path& folder);

// Its prompts are measured in ranges (SweepPlan::split_prompts).
bool IsSplit(const SweepPlan& plan, const SweepCell& cell);

// The ordinary plan of one cell: a ladder of one model.
Plan PlanOfCell(const SweepPlan& plan, const SweepCell& cell);

}  // namespace headspec::sweep
