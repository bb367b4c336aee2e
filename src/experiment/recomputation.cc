#include "experiment/recomputation.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"
#include "engine/forward.h"
#include "experiment/measurement.h"
#include "experiment/own_metrics.h"
#include "experiment/precision.h"
#include "experiment/subject.h"
#include "headspec/plans.h"

namespace headspec::experiment {
namespace {

// What another order of the sums in bf16 products may move an entropy by: twenty times the most that it does
// between float32, AMX and AVX512-BF16 on the nano ladder, as deeper models carry a difference further.
constexpr double kOtherProducts = 0.02;

constexpr std::string_view kPortableProducts = "float32 fused multiply-add";

// Fused float32 products are the same everywhere: the fastest target will do. Others are multiplied on the
// target of then, where this machine has it.
RunOptions OptionsFor(const ModelResult& recorded, RunOptions options) {
  const std::vector<std::string> targets = engine::CpuTargets();
  const std::string& then = recorded.numerics.cpu_target;
  options.fresh = true;
  options.fast_bf16 = false;
  const bool is_portable = recorded.numerics.products == kPortableProducts;
  const bool has_target = std::find(targets.begin(), targets.end(), then) != targets.end();
  options.cpu_target = !is_portable && has_target ? then : "";
  return options;
}

ModelResult MeasureAgain(const ModelResult& recorded, Protocol protocol, const RunOptions& options,
                         Observer& observer) {
  const std::string torch_name = recorded.numerics.dtype;
  protocol.profile = ParseProfile(recorded.numerics.profile, "numerics");
  protocol.rerun_seeds = false;  // every pass gives the same
  protocol.sensitivity = protocol.baselines = protocol.keep_attention = false;
  const bool has_metrics = std::any_of(recorded.head_metrics.begin(), recorded.head_metrics.end(),
                                       [](const HeadMetric& metric) { return IsBuiltInMetric(metric.name); });
  protocol.metrics = !has_metrics                     ? HeadMetricSet::kNone
                     : recorded.induction_ids.empty() ? HeadMetricSet::kPrompts
                                                      : HeadMetricSet::kAll;
  MeasurementSettings settings;
  settings.precision = ParsePrecision(torch_name.substr(torch_name.find('.') + 1), "dtype");
  settings.use_chat_template = recorded.provenance.chat_template_applied;
  settings.run = OptionsFor(recorded, options);
  const ModelEntry entry = RecordedEntry(recorded);
  return MeasureModel(LoadSubject(entry, options.hub, observer), entry, protocol, settings, observer);
}

Check CompareTokens(const std::string& what, const std::vector<int>& expected,
                    const std::vector<int>& found) {
  if (expected == found) return {what, true, fmt::format("{} tokens", expected.size()), "the same"};
  if (expected.size() != found.size())
    return {what, false, fmt::format("{} tokens", expected.size()), fmt::format("{} tokens", found.size())};
  const auto at = static_cast<std::size_t>(
      std::mismatch(expected.begin(), expected.end(), found.begin()).first - expected.begin());
  return {what, false, fmt::format("token {}: {}", at + 1, expected[at]), std::to_string(found[at])};
}

// Of the same tokens: of others there is a finding already. Results of before say nothing of roles.
void AddRoleChecks(const ModelResult& recorded, const ModelResult& again, CheckGroup& group) {
  for (std::size_t p = 0; p < recorded.token_roles.size(); ++p) {
    if (recorded.token_ids[p] != again.token_ids[p]) continue;
    const auto& expected = recorded.token_roles[p];
    const auto& found = again.token_roles[p];
    const std::string what = fmt::format("roles of prompt {}", p + 1);
    const auto [a, b] = std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
    if (a == expected.end() && b == found.end())
      group.checks.push_back({what, true, fmt::format("{} roles", expected.size()), "the same"});
    else if (a == expected.end() || b == found.end())
      group.checks.push_back(
          {what, false, fmt::format("{} roles", expected.size()), fmt::format("{} roles", found.size())});
    else
      group.checks.push_back({what, false, fmt::format("token {}: {}", a - expected.begin() + 1, *a), *b});
  }
}

std::string TokenizerWords(const Provenance& p) {
  return fmt::format("{}, {}, {}, {}", p.tokenizer_class, p.adds_bos ? "with BOS" : "without BOS",
                     p.has_chat_template ? "chat template " + p.chat_template_sha256 : "no chat template",
                     p.chat_template_applied ? "applied" : "not applied");
}

std::string ModelWords(const ModelResult& m) {
  return fmt::format("{} {}, {} layers, {} heads, {} key-value heads, hidden {}, {} parameters in {}",
                     m.provenance.model_type, m.architecture, m.num_layers, m.num_heads, m.num_kv_heads,
                     m.hidden_size, m.provenance.parameters, m.provenance.weights_dtype);
}

CheckGroup TokenChecks(const ModelResult& recorded, const ModelResult& again) {
  CheckGroup group{"tokens", recorded.display, "", {}};
  group.checks.push_back(
      Compare("tokenizer", TokenizerWords(recorded.provenance), TokenizerWords(again.provenance)));
  std::size_t tokens = 0;
  for (std::size_t p = 0; p < recorded.token_ids.size(); ++p) {
    tokens += recorded.token_ids[p].size();
    group.checks.push_back(
        CompareTokens(fmt::format("prompt {}", p + 1), recorded.token_ids[p], again.token_ids[p]));
  }
  AddRoleChecks(recorded, again, group);
  group.summary = fmt::format("{} tokens of {} prompts, encoded again", tokens, recorded.token_ids.size());
  return group;
}

// The first value that is further off than `tolerance` (0: that has other bits), and how many are.
Check CompareTables(const std::string& what, const Table& expected, const Table& found, double tolerance) {
  Check check{what, true, "the recorded values", "the same"};
  int differing = 0;
  for (std::size_t layer = 0; layer < expected.size(); ++layer) {
    for (std::size_t head = 0; head < expected[layer].size(); ++head) {
      const double a = expected[layer][head];
      const double b = found[layer][head];
      if (IsSame(a, b) || std::abs(a - b) <= tolerance) continue;
      if (++differing > 1) continue;
      check.expected = fmt::format("layer {}, head {}: {}", layer, head, a);
      check.found = fmt::format("{}", b);
    }
  }
  check.ok = differing == 0;
  if (differing > 1) check.found += fmt::format(" ({} values differ)", differing);
  return check;
}

// A caller's own metrics are not checked: verify does not have their code. Their scales differ too much for
// one tolerance: only for passes that give the same bits.
void AddMetricChecks(const ModelResult& recorded, const ModelResult& again, CheckGroup& group) {
  for (const HeadMetric& metric : recorded.head_metrics) {
    if (!IsBuiltInMetric(metric.name)) continue;
    const auto& found = again.head_metrics;
    const auto same = std::find_if(found.begin(), found.end(),
                                   [&](const HeadMetric& other) { return other.name == metric.name; });
    if (same == found.end())
      group.checks.push_back({metric.name, false, "a metric of this name", "none"});
    else
      group.checks.push_back(CompareTables(metric.name, metric.mean, same->mean, 0));
  }
}

CheckGroup EntropyChecks(const ModelResult& recorded, const ModelResult& again) {
  CheckGroup group{"entropies", recorded.display, "", {}};
  const std::string& then = recorded.numerics.products;
  const std::string& now = again.numerics.products;
  const bool exact = then == now;
  const double tolerance = exact ? 0 : kOtherProducts;
  group.checks.push_back(Compare("model", ModelWords(recorded), ModelWords(again)));
  // Tables of other shapes have nothing to compare.
  if (recorded.num_layers != again.num_layers || recorded.num_heads != again.num_heads) return group;
  for (std::size_t p = 0; p < recorded.prompt_entropies.size(); ++p) {
    group.checks.push_back(CompareTables(fmt::format("prompt {}", p + 1), recorded.prompt_entropies[p],
                                         again.prompt_entropies[p], tolerance));
  }
  const auto count = recorded.prompt_entropies.size() * static_cast<std::size_t>(recorded.num_layers) *
                     static_cast<std::size_t>(recorded.num_heads);
  if (exact) {
    group.checks.push_back(CompareTables("largest scores", {recorded.numerics.max_abs_score},
                                         {again.numerics.max_abs_score}, 0));
    AddMetricChecks(recorded, again, group);
    group.summary = fmt::format("{} values, measured again: bit for bit ({})", count, now);
  } else {
    group.summary = fmt::format("{} values, measured again: within {} ({} multiplied then, {} now)", count,
                                kOtherProducts, then, now);
  }
  return group;
}

}  // namespace

bool IsSame(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

ModelEntry RecordedEntry(const ModelResult& recorded) {
  const Provenance& provenance = recorded.provenance;
  ModelEntry entry;
  entry.display = recorded.display;
  entry.size = recorded.size;
  if (provenance.repository.empty()) {
    entry.name = recorded.model;
    entry.path = provenance.folder;
  } else {
    entry.name = provenance.repository;
    entry.revision = provenance.revision;
  }
  return entry;
}

std::vector<CheckGroup> Recompute(const ModelResult& recorded, const Protocol& protocol,
                                  const RunOptions& options, Observer& observer) {
  try {
    const ModelResult again = MeasureAgain(recorded, protocol, options, observer);
    std::vector<CheckGroup> groups = {TokenChecks(recorded, again)};
    // Of other tokens there are other entropies: one finding, not two.
    const bool same = recorded.token_ids == again.token_ids;
    if (same) groups.push_back(EntropyChecks(recorded, again));
    return groups;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInterrupted || observer.Cancelled()) throw;
    return {{"entropies",
             recorded.display,
             "measured again",
             {{"measurement", false, "a measurement as recorded", e.what()}}}};
  }
}

}  // namespace headspec::experiment
