// How far a statistic of the mean table depends on which prompts were asked: resampling of prompts with
// replacement, and leaving each out. Percentile and BCa intervals as in Efron and Tibshirani 1993 (chapters
// 13 and 14) and scipy.stats.bootstrap. With ten prompts such intervals are somewhat short. Letters: P
// prompts, B resamples. All tables of one model have one shape (L, H).
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/progress.h"
#include "headspec/table.h"
#include "metrics/maybe.h"
#include "metrics/random.h"
#include "metrics/summary.h"

namespace headspec::metrics {

using Resample = std::vector<int>;  // [P] how often each prompt was drawn; they sum to P

// The same resamples serve every statistic and both models of a pair. `prompts` >= 1.
std::vector<Resample> DrawResamples(int prompts, int count, Random& random);

// Empty where the statistic is not defined; never NaN. FastIndex is one.
using Statistic = std::function<std::optional<double>(const Table&)>;

struct Intervals {
  Interval percentile;
  std::optional<Interval> bca;
};

struct Bootstrap {
  double estimate = 0;        // of the mean over all prompts
  double standard_error = 0;  // deviation of the resamples, n - 1
  double bias = 0;            // mean of the resamples - estimate
  Intervals at_95;
  Intervals at_90;              // for the equivalence test
  std::string why_no_bca;       // empty when there is one
  std::vector<double> without;  // [P] the statistic without each prompt; empty if one of them is undefined
  // [P] (P - 1) * (mean of `without` - without[p]): the pull of prompt p on the estimate; empty with
  // `without`.
  std::vector<double> influence;
  int undefined = 0;           // resamples whose statistic is undefined: left out
  std::vector<double> sorted;  // the others' values, ascending
};

// `tables` is (P)(L, H). None for one prompt, tables that differ in shape, values that are not numbers, a
// statistic that is undefined on the mean table, or fewer than two resamples that define it.
Maybe<Bootstrap> BootstrapPrompts(const std::vector<Table>& tables, const Statistic& statistic,
                                  const std::vector<Resample>& resamples, Progress* progress = nullptr);

// Of the mean of one number for each prompt, `values` (P); NaN: that prompt does not define it and is left
// out. None if fewer than two prompts define it.
Maybe<Bootstrap> BootstrapMean(std::span<const double> values, const std::vector<Resample>& resamples);

// Of statistic(tuned) - statistic(base): the same prompts are drawn for both. Their shapes may differ.
Maybe<Bootstrap> BootstrapDifference(const std::vector<Table>& base, const std::vector<Table>& tuned,
                                     const Statistic& statistic, const std::vector<Resample>& resamples,
                                     Progress* progress = nullptr);

}  // namespace headspec::metrics
