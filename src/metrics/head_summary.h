// The fields that the E11 pair protocol reports for one model, from its table of head values alone.
// Source: the study's published E11 files (tests/data/published), whose numbers come out of their entropies.
// All variances are population variances. Letters: L layers, H heads, G groups of heads that share a
// key-value head.
#pragma once

#include <optional>
#include <vector>

#include "headspec/table.h"
#include "metrics/maybe.h"
#include "metrics/specialization.h"

namespace headspec::metrics {

// Of consecutive heads, H / G to a group, as grouped-query attention lays them out.
struct GroupVariances {
  int group_size = 0;
  int groups = 0;
  std::vector<double> per_group;  // [G] mean over layers of the variance inside the group
  double within = 0;              // mean of per_group
  double between = 0;             // mean over layers of the variance of the group means
  std::optional<double> ratio;    // within / between; empty if between is 0
};

struct HeadSummary {
  int layers = 0;
  int heads = 0;
  Specialization specialization;
  std::vector<double> layer_variances;    // [L] over heads
  double mean_variance = 0;               // over layers
  std::optional<double> early_variance;   // mean over the first floor(L / 3) layers; empty if none
  std::optional<double> middle_variance;  // the next floor(L / 3); empty if none
  std::optional<double> late_variance;    // the rest
  std::optional<double> effective_heads;  // 2^entropy of the heads' means over layers, normalised to sum 1
  std::optional<double> effective_ratio;  // that / H; both empty if the means do not sum to more than 0
  std::optional<GroupVariances> groups;   // for 1 < key-value heads < H
};

// `values` is (L, H). None for no values, values that are not numbers, or key-value heads that do not divide
// H.
Maybe<HeadSummary> SummarizeHeads(const Table& values, int key_value_heads);

// Two of these fields alone, as statistics that can be resampled: `values` is (L, H) and not empty.
std::optional<double> MeanHeadVariance(const Table& values);
// Within / between; empty unless 1 < key-value heads < H, they divide H, and groups differ.
std::optional<double> GroupRatio(const Table& values, int key_value_heads);

// Means over the heads of each group: (L, H) -> (L, G); none if `key_value_heads` does not divide H.
Maybe<Table> GroupMeans(const Table& values, int key_value_heads);

}  // namespace headspec::metrics
