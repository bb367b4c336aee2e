#include "experiment/pass_estimate.h"

#include <algorithm>
#include <vector>

#include "engine/pass_plan.h"
#include "model/family.h"

namespace headspec::experiment {
namespace {

// English text in vocabularies of 50,000 words has about five bytes a token.
constexpr std::size_t kBytesOfToken = 5;
constexpr int kTemplateTokens = 10;
constexpr int kInductionTokens = 51;
// Wide layers run at so much of the speed that a short run shows.
constexpr double kShareOfSpeed = 0.8;
// What every query of every head takes beside its products: softmax, all metrics, statistics. In operations
// that take as long.
constexpr double kOperationsOfRow = 250'000;
// Opening a model and writing its results.
constexpr double kSecondsOfModel = 0.05;
// The program itself, tokenizer and statistics.
constexpr std::uint64_t kProgramBytes = 30'000'000;

std::vector<int> LengthsOf(const Protocol& protocol) {
  std::vector<int> lengths;
  const int more = protocol.variants.front().use_chat_template ? kTemplateTokens : 0;
  for (const std::string& prompt : protocol.prompts.prompts) {
    const int tokens = static_cast<int>(std::min<std::size_t>(prompt.size() / kBytesOfToken, 1U << 20)) + 1;
    lengths.push_back(protocol.padding.to_max_length ? protocol.max_length
                                                     : std::min(tokens + more, protocol.max_length));
  }
  return lengths;
}

double Work(const model::ModelConfig& config, const std::vector<int>& lengths, std::uint64_t budget) {
  const engine::PassPlan plan = engine::PlanPass(config, lengths, budget);
  const double rows = static_cast<double>(plan.tokens) * config.layers * config.heads;
  return plan.operations / kShareOfSpeed + rows * kOperationsOfRow;
}

}  // namespace

PassEstimate EstimatePass(const std::string& config_text, const std::filesystem::path& place,
                          const Protocol& protocol, const RunOptions& run) {
  const model::ConfigReader json = model::ConfigReader::Parse(config_text, place);
  const model::ModelConfig config = model::FamilyOf(json).read_config(json);
  std::vector<int> lengths = LengthsOf(protocol);
  const std::uint64_t tables = lengths.size() * static_cast<std::uint64_t>(config.layers) *
                               static_cast<std::uint64_t>(config.heads) * sizeof(double);
  PassEstimate estimate;
  const double check =
      protocol.variants.size() > 1 ? Work(config, {lengths.front()}, run.activation_budget) : 0;
  if (protocol.metrics == HeadMetricSet::kAll) lengths.push_back(kInductionTokens);
  const double repeats =
      protocol.rerun_seeds ? std::max<double>(1, static_cast<double>(protocol.seeds.size())) : 1;
  estimate.operations = check + repeats * Work(config, lengths, run.activation_budget);
  constexpr std::uint64_t kTables = 10;  // of the metrics
  estimate.memory_bytes = kProgramBytes + kTables * tables +
                          engine::PlanPass(config, lengths, run.activation_budget).activation_bytes;
  return estimate;
}

double SecondsOf(const PassEstimate& estimate, double operations_per_second) {
  return kSecondsOfModel + estimate.operations / operations_per_second;
}

double MeasuredSpeed(int threads) { return engine::MeasureSpeed(threads); }

}  // namespace headspec::experiment
