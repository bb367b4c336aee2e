// The measurement of one loaded model: one pass, entropies of every prompt, and everything known about it.
#pragma once

#include <filesystem>
#include <string>

#include "experiment/pass_parts.h"
#include "experiment/subject.h"
#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/run.h"

namespace headspec::experiment {

struct MeasurementSettings {
  Precision precision = Precision::kBFloat16;
  bool use_chat_template = false;
  SanityOverride override = {};  // as decided by the sanity check, for the record
  RunOptions run = {};
};

// "38 NaN or infinite values, the first in attention scores, layer 1, prompt 1, head 1".
std::string Describe(const NonFinite& found);

// `subject` is what `entry` names, loaded. Throws Error.
ModelResult MeasureModel(const Subject& subject, const ModelEntry& entry, const Protocol& protocol,
                         const MeasurementSettings& settings, Observer& observer);

// The pass over some of the prompts alone, one of the parts that MeasureModel with the same settings measures
// (`settings.run.prompts_at_once`): kept where it finds it. Returns the file; empty, and nothing is measured,
// where the model is measured in one piece (a note says why). Throws Error, kSystem if it cannot be kept.
std::filesystem::path MeasurePart(const Subject& subject, const Protocol& protocol,
                                  const MeasurementSettings& settings, const PromptRange& part,
                                  Observer& observer);

// All but what depends on how it is measured: conversions, and whether the template is applied.
Provenance ProvenanceOf(const Subject& subject);
// The architecture fields of a result.
void DescribeArchitecture(const model::ModelConfig& config, ModelResult& result);

}  // namespace headspec::experiment
