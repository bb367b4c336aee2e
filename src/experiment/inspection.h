// What `inspect` shows of a model without measuring it: architecture, cost of a pass, tokens of the prompts.
#pragma once

#include <string>

#include "engine/pass_plan.h"
#include "experiment/subject.h"
#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/run.h"

namespace headspec::experiment {

struct Inspection {
  ModelResult architecture;  // architecture and provenance fields only
  TokenisedPrompts prompts;
  std::string tokenizer_class;
  bool adds_bos = false;
  bool has_chat_template = false;
  engine::PassPlan pass;
  double operations_per_second = 0;  // measured here
};

Inspection Inspect(const ModelEntry& entry, const Protocol& protocol, bool use_chat_template,
                   const RunOptions& run, Observer& observer);

}  // namespace headspec::experiment
