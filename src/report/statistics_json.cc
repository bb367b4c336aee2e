#include "report/statistics_json.h"

#include <optional>
#include <string>

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const Interval& interval) { return Json::array({interval.low, interval.high}); }

Json ToJson(const std::optional<Interval>& interval) { return interval ? ToJson(*interval) : Json(nullptr); }

Json ToJson(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

Json ToJson(const NullStatistics& null) {
  return {{"shuffles", null.shuffles},
          {"mean", null.mean},
          {"deviation", null.deviation},
          {"z", ToJson(null.z)},
          {"p", null.p},
          {"least_p", null.least_p},
          {"median", null.median},
          {"middle_95", ToJson(null.middle_95)}};
}

Json ToJson(const VarianceStatistics& shares) {
  return {{"between_layers", shares.between},
          {"within_layers", shares.within},
          {"total", shares.total},
          {"depth_share", shares.depth_share},
          {"intraclass_correlation", ToJson(shares.icc)}};
}

Json ToJson(const BootstrapStatistics& bootstrap) {
  return {{"resamples", bootstrap.resamples},
          {"undefined", bootstrap.undefined},
          {"standard_error", bootstrap.standard_error},
          {"bias", bootstrap.bias},
          {"percentile_95", ToJson(bootstrap.percentile_95)},
          {"percentile_90", ToJson(bootstrap.percentile_90)},
          {"bca_95", ToJson(bootstrap.bca_95)},
          {"bca_90", ToJson(bootstrap.bca_90)},
          {"why_no_bca", bootstrap.why_no_bca.empty() ? Json(nullptr) : Json(bootstrap.why_no_bca)},
          {"without_prompt", bootstrap.without},
          {"influence", bootstrap.influence}};
}

Json ToJson(const EquivalenceStatistics& equivalence) {
  return {{"target", equivalence.target},
          {"tolerance", equivalence.tolerance},
          {"interval_90", ToJson(equivalence.interval_90)},
          {"outcome", equivalence.outcome}};
}

Json ToJson(const LineStatistics& line) {
  return {{"n", line.n},
          {"slope", line.slope},
          {"intercept", line.intercept},
          {"r_squared", line.r_squared},
          {"slope_error", ToJson(line.slope_error)},
          {"slope_95", ToJson(line.slope_95)},
          {"p", ToJson(line.p)}};
}

template <class T>
Json ToJson(const OrReason<T>& statistic) {
  return statistic.value ? ToJson(*statistic.value) : Json{{"reason", statistic.reason}};
}

Json OrNull(const std::string& reading) { return reading.empty() ? Json(nullptr) : Json(reading); }

}  // namespace

void AddIndexStatistics(const IndexStatistics& statistics, Json& json) {
  json["seed"] = statistics.seed;
  json["permutation_null"] = ToJson(statistics.null);
  json["variance_shares"] = ToJson(statistics.shares);
  json["bootstrap"] = ToJson(statistics.bootstrap);
  json["equivalence"] = ToJson(statistics.equivalence);
  json["readings"] = {{"null", OrNull(statistics.readings.null)},
                      {"equivalence", OrNull(statistics.readings.equivalence)},
                      {"point_rule", OrNull(statistics.readings.point_rule)}};
}

Json TrendJson(const TrendStatistics& trend) {
  return {{"models_measured", trend.measured},
          {"references", trend.references},
          {"on_size", ToJson(trend.on_size)},
          {"on_log_size", ToJson(trend.on_log_size)}};
}

}  // namespace headspec::report
