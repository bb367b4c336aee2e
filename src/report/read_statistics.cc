#include "report/read_statistics.h"

#include <optional>
#include <string>
#include <vector>

namespace headspec::report {
namespace {

// Statistics are finite, or they are not there.
double Finite(const JsonReader& json) {
  if (json.IsNull()) json.Fail("a number");
  return json.Number();
}

std::optional<double> FiniteOrNull(const JsonReader& json) {
  return json.IsNull() ? std::nullopt : std::optional(json.Number());
}

Interval ReadInterval(const JsonReader& json) {
  const std::vector<JsonReader> ends = json.Items();
  if (ends.size() != 2) json.Fail("a list of 2");
  return {Finite(ends[0]), Finite(ends[1])};
}

std::optional<Interval> ReadIntervalOrNull(const JsonReader& json) {
  return json.IsNull() ? std::nullopt : std::optional(ReadInterval(json));
}

NullStatistics ReadNull(const JsonReader& json) {
  return {.shuffles = json.At("shuffles").Int(),
          .mean = Finite(json.At("mean")),
          .deviation = Finite(json.At("deviation")),
          .z = FiniteOrNull(json.At("z")),
          .p = Finite(json.At("p")),
          .least_p = Finite(json.At("least_p")),
          .median = Finite(json.At("median")),
          .middle_95 = ReadInterval(json.At("middle_95"))};
}

VarianceStatistics ReadShares(const JsonReader& json) {
  return {.between = Finite(json.At("between_layers")),
          .within = Finite(json.At("within_layers")),
          .total = Finite(json.At("total")),
          .depth_share = Finite(json.At("depth_share")),
          .icc = FiniteOrNull(json.At("intraclass_correlation"))};
}

BootstrapStatistics ReadBootstrap(const JsonReader& json) {
  return {.resamples = json.At("resamples").Int(),
          .undefined = json.At("undefined").Int(),
          .standard_error = Finite(json.At("standard_error")),
          .bias = Finite(json.At("bias")),
          .percentile_95 = ReadInterval(json.At("percentile_95")),
          .percentile_90 = ReadInterval(json.At("percentile_90")),
          .bca_95 = ReadIntervalOrNull(json.At("bca_95")),
          .bca_90 = ReadIntervalOrNull(json.At("bca_90")),
          .why_no_bca = json.At("why_no_bca").StringOrNull(),
          .without = json.At("without_prompt").Numbers(),
          .influence = json.At("influence").Numbers()};
}

EquivalenceStatistics ReadEquivalence(const JsonReader& json) {
  return {.target = Finite(json.At("target")),
          .tolerance = Finite(json.At("tolerance")),
          .interval_90 = ReadInterval(json.At("interval_90")),
          .outcome = json.At("outcome").String()};
}

LineStatistics ReadLine(const JsonReader& json) {
  return {.n = json.At("n").Int(),
          .slope = Finite(json.At("slope")),
          .intercept = Finite(json.At("intercept")),
          .r_squared = Finite(json.At("r_squared")),
          .slope_error = FiniteOrNull(json.At("slope_error")),
          .slope_95 = ReadIntervalOrNull(json.At("slope_95")),
          .p = FiniteOrNull(json.At("p"))};
}

template <class T>
OrReason<T> ReadOrReason(const JsonReader& json, T (*read)(const JsonReader&)) {
  OrReason<T> statistic;
  if (json.Has("reason"))
    statistic.reason = json.At("reason").String();
  else
    statistic.value = read(json);
  json.RefuseOtherKeys();
  return statistic;
}

}  // namespace

IndexStatistics ReadIndexStatistics(const JsonReader& json) {
  IndexStatistics statistics;
  statistics.seed = json.At("seed").Int64();
  statistics.null = ReadOrReason(json.At("permutation_null"), ReadNull);
  statistics.shares = ReadOrReason(json.At("variance_shares"), ReadShares);
  statistics.bootstrap = ReadOrReason(json.At("bootstrap"), ReadBootstrap);
  statistics.equivalence = ReadOrReason(json.At("equivalence"), ReadEquivalence);
  const JsonReader readings = json.At("readings");
  statistics.readings = {.null = readings.At("null").StringOrNull(),
                         .equivalence = readings.At("equivalence").StringOrNull(),
                         .point_rule = readings.At("point_rule").StringOrNull()};
  readings.RefuseOtherKeys();
  return statistics;
}

TrendStatistics ReadTrend(const JsonReader& json) {
  TrendStatistics trend{.measured = json.At("models_measured").Int(),
                        .references = json.At("references").Int(),
                        .on_size = ReadOrReason(json.At("on_size"), ReadLine),
                        .on_log_size = ReadOrReason(json.At("on_log_size"), ReadLine)};
  json.RefuseOtherKeys();
  return trend;
}

}  // namespace headspec::report
