// The memo of the forward pass: what a pass gave is kept under everything that decides it, so that the same
// weights, tokens and arithmetic are not computed twice. A file of headspec's own cache for each pass; it
// holds its whole key, so even equal file names cannot mix two models.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "engine/forward.h"
#include "experiment/sinks.h"
#include "headspec/plan.h"
#include "headspec/result.h"
#include "headspec/table.h"

namespace headspec::experiment {

enum class PassKind { kMeasurement, kSanity };

struct PassInputs {
  PassKind kind = PassKind::kMeasurement;
  std::string content;  // SubjectFiles::content
  Profile profile = Profile::kHf457;
  Precision precision = Precision::kBFloat16;
  DType score_type = DType::kBF16;
  std::string arithmetic;  // engine::ArithmeticOf
  std::vector<std::vector<int>> ids;
  bool has_head_metrics = false;                       // beside the entropies
  std::vector<int> induction = {};                     // one more prompt, for this metric alone; empty: none
  std::vector<engine::ValidTokens> valid_tokens = {};  // empty: no prompt is padded
};

// One text for each set of inputs. It also names the version of the pass and of its metrics, and of headspec.
std::string PassKey(const PassInputs& inputs);

struct PassResult {
  std::vector<Table> per_prompt;  // (P)(L)(H)
  // Names and per_prompt alone; induction last, where there is one.
  std::vector<HeadMetric> head_metrics = {};
  std::vector<double> max_abs_score;  // (L)
  NonFinite non_finite;
  int non_finite_step = 0;           // of its place, as engine::Place: which of two of one layer came first
  std::optional<ProbeValues> probe;  // of a sanity check's pass
  std::vector<std::vector<std::uint8_t>> attention = {};  // as ModelResult; the memo keeps none
  std::vector<HeadMetric> own_metrics = {};               // the caller's, as head_metrics; neither of these
  std::string cpu_target;
  std::string computed_at;  // "20260113_181926", local time
  double seconds = 0;
};

// What an entry must hold to be the one looked for.
struct PassShape {
  int prompts = 0;
  int layers = 0;
  int heads = 0;
  bool has_probe = false;
  bool has_head_metrics = false;
  bool has_induction = false;
};

struct KeptPass {
  std::optional<PassResult> result;
  std::string warning;  // about an entry that is there and of no use, in one line
};

// The file of that key, whether it is there or not; empty where nothing can be kept.
std::filesystem::path PassFile(const std::string& key);

KeptPass FindPass(const std::string& key, const PassShape& shape);
// Of a pass that is part of another one that is kept.
void ForgetPass(const std::filesystem::path& file);
// Returns a warning in one line if it could not be kept, or "".
std::string KeepPass(const std::string& key, const PassResult& result);

}  // namespace headspec::experiment
