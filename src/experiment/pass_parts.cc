#include "experiment/pass_parts.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <tuple>
#include <utility>

#include "engine/rotary.h"
#include "experiment/head_metrics_sink.h"

namespace headspec::experiment {
namespace {

template <class T>
void MoveTo(std::vector<T>& all, std::vector<T>& part) {
  all.insert(all.end(), std::make_move_iterator(part.begin()), std::make_move_iterator(part.end()));
  part.clear();
}

// Counts together, and of the two first places the one that a single pass would have met first.
void AddNonFinite(PassResult& all, const PassResult& part, int first_prompt) {
  NonFinite found = part.non_finite;
  if (found.count == 0) return;
  if (found.prompt >= 0) found.prompt += first_prompt;
  const auto order = [](const NonFinite& place, int step) {
    return std::make_tuple(place.layer, step, place.prompt, place.head);
  };
  const std::int64_t before = all.non_finite.count;
  if (before == 0 || order(found, part.non_finite_step) < order(all.non_finite, all.non_finite_step)) {
    all.non_finite = found;
    all.non_finite_step = part.non_finite_step;
  }
  all.non_finite.count = before + found.count;
}

void AddMetrics(PassResult& all, PassResult& part) {
  for (HeadMetric& metric : part.head_metrics) {
    const auto same = std::find_if(all.head_metrics.begin(), all.head_metrics.end(),
                                   [&](const HeadMetric& other) { return other.name == metric.name; });
    if (same == all.head_metrics.end())
      all.head_metrics.push_back(std::move(metric));
    else
      MoveTo(same->per_prompt, metric.per_prompt);
  }
}

}  // namespace

std::vector<PromptRange> RangesOf(int prompts, int at_once) {
  if (at_once <= 0 || at_once >= prompts) return {{0, prompts}};
  std::vector<PromptRange> ranges;
  for (int first = 0; first < prompts; first += at_once)
    ranges.push_back({first, std::min(prompts, first + at_once)});
  return ranges;
}

std::string WhyNotInParts(const model::ModelConfig& config, const std::vector<int>& lengths,
                          const std::vector<PromptRange>& ranges) {
  for (const model::Rotary& rotary : config.rotaries) {
    const std::vector<int> together = engine::EffectiveLengths(rotary, lengths);
    for (const PromptRange& range : ranges) {
      const auto first = static_cast<std::size_t>(range.first), size = static_cast<std::size_t>(range.size());
      const std::vector<int> alone =
          engine::EffectiveLengths(rotary, std::span(lengths).subspan(first, size));
      if (!std::equal(alone.begin(), alone.end(), together.begin() + range.first))
        return "its dynamic rotary scaling depends on the prompts before";
    }
  }
  return "";
}

PassResult JoinParts(std::vector<PassResult> parts, const std::vector<PromptRange>& ranges) {
  PassResult all = std::move(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    PassResult& part = parts[i];
    MoveTo(all.per_prompt, part.per_prompt);
    AddMetrics(all, part);
    for (std::size_t layer = 0; layer < all.max_abs_score.size(); ++layer)
      all.max_abs_score[layer] = std::max(all.max_abs_score[layer], part.max_abs_score[layer]);
    AddNonFinite(all, part, ranges[i].first);
    all.computed_at = std::max(all.computed_at, part.computed_at);
    all.cpu_target = part.cpu_target;
    all.seconds += part.seconds;
  }
  return all;
}

}  // namespace headspec::experiment
