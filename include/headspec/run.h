// The door: measure one model, or run a whole experiment. Failures leave as std::exception whose what() is
// one line (headspec::Error); nothing here prints, exits or writes a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "headspec/export.h"
#include "headspec/metric.h"
#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/work_unit.h"

namespace headspec {

// Told what happens while it happens; all calls come from the calling thread.
class HEADSPEC_API Observer {
 public:
  virtual ~Observer() = default;
  // A variant of the sanity check has ended.
  virtual void OnSanity(const ModelEntry&, const SanityResult&) {}
  // A variant (its label) is given up after the whole measurement, and the next one is tried.
  virtual void OnFallback(const ModelEntry&, const std::string& /*label*/, const std::string& /*reason*/) {}
  // A model of the ladder is next.
  virtual void OnModelBegin(const ModelEntry&) {}
  // It is measured, or has failed and has an error.
  virtual void OnModelEnd(const ModelResult&) {}
  // Long work begins: `total` units of something.
  virtual void OnWorkBegin(std::string_view /*what*/, std::int64_t /*total*/, WorkUnit /*unit*/) {}
  // So many more of them are done; negative when a download starts over.
  virtual void OnWorkAdvance(std::int64_t /*units*/) {}
  // All are done, or the work was given up.
  virtual void OnWorkEnd() {}
  // One line about something unusual in long work: a download that is tried again, a wait for another
  // process.
  virtual void OnNote(std::string_view /*text*/) {}
  // True: stop at the next safe point, with an Error of kind kInterrupted.
  virtual bool Cancelled() const { return false; }
};

// Models named org/name come from the Hugging Face cache, and into it from the hub.
struct HubOptions {
  bool offline = false;      // never ask the hub (HF_HUB_OFFLINE does the same)
  std::string cache_folder;  // empty: the one that the environment names (HF_HUB_CACHE, HF_HOME, ...)
  // A file that is locked while a model is downloaded: of the processes that name the same one, one downloads
  // at a time, and the others wait. Empty: none.
  std::string download_lock = {};
};

// How to compute: threads, memory, cache, network. What changes numbers says so.
struct RunOptions {
  int threads = 0;  // 0: all
  // Bytes of activations; more prompts than fit are processed in chunks, layer by layer.
  std::uint64_t activation_budget = std::uint64_t{1} << 30;
  // bf16: multiply with the processor's bf16 unit (AMX, AVX512-BF16) where it has one. Faster; results then
  // differ between kinds of processors as sums in another order do.
  bool fast_bf16 = false;
  // Instruction set of the arithmetic, as results name it ("AVX2"); empty: the best here. All with fused
  // multiply-add give the same bits.
  std::string cpu_target = {};
  // Drop every used layer from the system's file cache.
  bool low_memory = false;
  HubOptions hub = {};  // models named org/name
  // Measure again although an earlier run kept the result of the very same weights, tokens and arithmetic.
  bool fresh = false;
  // The caller's own numbers for each head. Measured anew every time, and not with padding.
  std::vector<HeadMetricDefinition> metrics = {};
  // Throw Error(kInput) instead of warning about a ladder that mixes models with and without BOS or template.
  bool strict = false;
  // More prompts than these are measured in consecutive parts, each kept as soon as it is done: in less
  // memory, and an interrupted run goes on after its last part; the weights are read once for each. Results
  // have the same bits, and where they would not (dynamic rotary scaling) or a part cannot be kept
  // (attention, the caller's metrics) all prompts are measured in one piece. 0: always.
  int prompts_at_once = 0;
};

// The notebook's experiment: sanity check, every model of the ladder, both verdict rules. A failing model
// is recorded and the others go on; a sanity check that no variant passes throws Error(kRun).
HEADSPEC_API RunResult Run(const Plan& plan, const RunOptions& options, Observer& observer);

// The ladder alone, without a verdict. With several variants each model takes the first whose sanity check
// it passes; with one variant it is measured so, unchecked.
HEADSPEC_API RunResult Measure(const Plan& plan, const RunOptions& options, Observer& observer);

}  // namespace headspec
