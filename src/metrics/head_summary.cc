#include "metrics/head_summary.h"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <span>
#include <string>

#include "metrics/index.h"
#include "metrics/summary.h"

namespace headspec::metrics {
namespace {

using Heads = std::span<const double>;

std::string WhyNoGroups(const Table& values, int key_value_heads) {
  if (values.empty() || values.front().empty()) return "no values";
  const std::size_t heads = values.front().size();
  if (key_value_heads < 1 || heads % static_cast<std::size_t>(key_value_heads) != 0)
    return fmt::format("{} key-value heads do not divide {} heads", key_value_heads, heads);
  return "";
}

Heads Group(const std::vector<double>& layer, std::size_t group, std::size_t size) {
  return Heads(layer).subspan(group * size, size);
}

std::optional<double> MeanOf(Heads values) {
  if (values.empty()) return std::nullopt;
  return Mean(values);
}

std::optional<double> EffectiveHeads(const Table& values) {
  std::vector<double> sums(values.front().size());
  double total = 0;
  for (const auto& layer : values) {
    for (std::size_t head = 0; head < layer.size(); ++head) {
      sums[head] += layer[head];
      total += layer[head];
    }
  }
  if (!(total > 0)) return std::nullopt;
  double entropy = 0;
  for (const double sum : sums) {
    if (sum < 0) return std::nullopt;
    if (sum > 0) entropy -= sum / total * std::log2(sum / total);
  }
  return std::exp2(entropy);
}

GroupVariances ComputeGroups(const Table& values, std::size_t groups) {
  GroupVariances result;
  const std::size_t size = values.front().size() / groups;
  result.group_size = static_cast<int>(size);
  result.groups = static_cast<int>(groups);
  for (std::size_t group = 0; group < groups; ++group) {
    std::vector<double> variances;
    for (const auto& layer : values) variances.push_back(PopulationVariance(Group(layer, group, size)));
    result.per_group.push_back(Mean(variances));
  }
  result.within = Mean(result.per_group);
  std::vector<double> between;
  for (const auto& layer : values) {
    std::vector<double> means;
    for (std::size_t group = 0; group < groups; ++group) means.push_back(Mean(Group(layer, group, size)));
    between.push_back(PopulationVariance(means));
  }
  result.between = Mean(between);
  if (result.between > 0) result.ratio = result.within / result.between;
  return result;
}

bool HasGroups(const Table& values, int key_value_heads) {
  return key_value_heads > 1 && key_value_heads < static_cast<int>(values.front().size());
}

}  // namespace

std::optional<double> MeanHeadVariance(const Table& values) {
  double sum = 0;
  for (const auto& layer : values) sum += PopulationVariance(layer);
  return sum / static_cast<double>(values.size());
}

std::optional<double> GroupRatio(const Table& values, int key_value_heads) {
  if (!WhyNoGroups(values, key_value_heads).empty() || !HasGroups(values, key_value_heads))
    return std::nullopt;
  return ComputeGroups(values, static_cast<std::size_t>(key_value_heads)).ratio;
}

Maybe<Table> GroupMeans(const Table& values, int key_value_heads) {
  if (std::string reason = WhyNoGroups(values, key_value_heads); !reason.empty())
    return Maybe<Table>::None(reason);
  const auto groups = static_cast<std::size_t>(key_value_heads);
  const std::size_t size = values.front().size() / groups;
  Table means;
  for (const auto& layer : values) {
    auto& row = means.emplace_back();
    for (std::size_t group = 0; group < groups; ++group) row.push_back(Mean(Group(layer, group, size)));
  }
  return means;
}

Maybe<HeadSummary> SummarizeHeads(const Table& values, int key_value_heads) {
  if (std::string reason = WhyNoGroups(values, key_value_heads); !reason.empty())
    return Maybe<HeadSummary>::None(reason);
  if (std::string where = WhereNotFinite(values); !where.empty()) return Maybe<HeadSummary>::None(where);
  HeadSummary summary;
  summary.layers = static_cast<int>(values.size());
  summary.heads = static_cast<int>(values.front().size());
  summary.specialization = ComputeSpecialization(values);
  for (const auto& layer : values) summary.layer_variances.push_back(PopulationVariance(layer));
  const Heads variances(summary.layer_variances);
  const std::size_t third = variances.size() / 3;
  summary.mean_variance = Mean(variances);
  summary.early_variance = MeanOf(variances.first(third));
  summary.middle_variance = MeanOf(variances.subspan(third, third));
  summary.late_variance = MeanOf(variances.subspan(2 * third));
  summary.effective_heads = EffectiveHeads(values);
  if (summary.effective_heads) summary.effective_ratio = *summary.effective_heads / summary.heads;
  if (HasGroups(values, key_value_heads))
    summary.groups = ComputeGroups(values, static_cast<std::size_t>(key_value_heads));
  return summary;
}

}  // namespace headspec::metrics
