#include "experiment/inspection.h"

#include "experiment/measurement.h"

namespace headspec::experiment {

Inspection Inspect(const ModelEntry& entry, const Protocol& protocol, bool use_chat_template,
                   const RunOptions& run, Observer& observer) {
  const Subject subject = LoadSubject(entry, run.hub, observer);
  Inspection out;
  out.architecture.model = entry.name;
  DescribeArchitecture(subject.model.config(), out.architecture);
  out.architecture.provenance = ProvenanceOf(subject);
  out.prompts = Tokenise(subject, protocol.prompts.prompts, protocol.max_length, use_chat_template);
  out.tokenizer_class = subject.tokenizer.tokenizer_class();
  out.adds_bos = subject.tokenizer.adds_bos();
  out.has_chat_template = subject.tokenizer.has_chat_template();
  std::vector<int> lengths;
  for (const auto& ids : out.prompts.ids) lengths.push_back(static_cast<int>(ids.size()));
  out.pass = engine::PlanPass(subject.model, lengths, run.activation_budget);
  out.operations_per_second = engine::MeasureSpeed(run.threads);
  return out;
}

}  // namespace headspec::experiment
