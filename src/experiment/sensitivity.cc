#include "experiment/sensitivity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <string>
#include <utility>

#include "experiment/head_metrics_sink.h"
#include "experiment/measurement.h"
#include "experiment/pass.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double IndexOf(const Table& values) { return metrics::ComputeSpecialization(values).index; }

SensitivityRow RowOf(std::string kind, std::string label, const Table& values) {
  SensitivityRow row{std::move(kind), std::move(label), IndexOf(values), ""};
  if (std::isnan(row.si)) row.note = "not defined: fewer than two heads vary over the layers";
  return row;
}

struct Variant {
  const char* kind;
  Precision precision;
  Profile profile;
};

std::string LabelOf(const Variant& variant) {
  return ShortName(variant.precision) + ", " + ProfileName(variant.profile);
}

// All that can differ: in float32 the profiles are one, and hf-4.47 differs for models that it knows.
std::vector<Variant> VariantsOf(const model::ModelConfig& config) {
  std::vector<Variant> variants;
  for (const Precision precision : {Precision::kBFloat16, Precision::kFloat16, Precision::kFloat32})
    variants.push_back({"dtype", precision, Profile::kHf457});
  if (config.scores.upcast_in_447) {
    for (const Precision precision : {Precision::kBFloat16, Precision::kFloat16})
      variants.push_back({"numerics", precision, Profile::kHf447});
  }
  variants.push_back({"numerics", Precision::kFloat32, Profile::kExact});
  return variants;
}

SensitivityRow Measured(const SensitivityInputs& inputs, const ModelResult& measured, const Variant& variant,
                        Observer& observer) {
  Protocol protocol = inputs.protocol;
  protocol.profile = variant.profile;
  const PassRequest request{.precision = variant.precision,
                            .run = inputs.run,
                            .head_metrics = protocol.metrics != HeadMetricSet::kNone};
  const PassResult pass = RunPass(inputs.subject, measured.token_ids, protocol, request, observer).result;
  SensitivityRow row = RowOf(variant.kind, LabelOf(variant), metrics::MeanTable(pass.per_prompt));
  if (pass.non_finite.count > 0) row.note = Describe(pass.non_finite);
  return row;
}

void AddMetric(const ModelResult& measured, std::string_view name, std::string label,
               std::vector<SensitivityRow>& rows) {
  const auto& all = measured.head_metrics;
  const auto metric =
      std::find_if(all.begin(), all.end(), [&](const HeadMetric& m) { return m.name == name; });
  if (metric == all.end())
    rows.push_back({"metric", std::move(label), kNaN, "not measured"});
  else
    rows.push_back(RowOf("metric", std::move(label), metric->mean));
}

}  // namespace

std::vector<SensitivityRow> DerivedSensitivity(const ModelResult& measured) {
  std::vector<SensitivityRow> rows;
  AddMetric(measured, kWithoutFirst, "received entropy without position 0", rows);
  AddMetric(measured, "query_entropy", "query entropy", rows);
  for (std::size_t layer = 0; layer < measured.head_entropies.size() && measured.num_layers > 1; ++layer) {
    Table others = measured.head_entropies;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(layer));
    rows.push_back(RowOf("without layer", fmt::format("layer {}", layer), others));
  }
  for (std::size_t p = 0; p < measured.prompt_entropies.size() && measured.prompt_entropies.size() > 1; ++p) {
    std::vector<Table> others = measured.prompt_entropies;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(p));
    rows.push_back(RowOf("without prompt", fmt::format("prompt {}", p + 1), metrics::MeanTable(others)));
  }
  return rows;
}

std::vector<SensitivityRow> MeasureSensitivity(const SensitivityInputs& inputs, const ModelResult& measured,
                                               Observer& observer) {
  const Variant own{"measured", inputs.precision, inputs.protocol.profile};
  std::vector<SensitivityRow> rows = {RowOf(own.kind, LabelOf(own), measured.head_entropies)};
  if (measured.numerics.non_finite.count > 0) rows.front().note = Describe(measured.numerics.non_finite);
  for (const Variant& variant : VariantsOf(inputs.subject.model.config())) {
    const bool is_own = variant.precision == own.precision && variant.profile == own.profile;
    if (!is_own) rows.push_back(Measured(inputs, measured, variant, observer));
  }
  std::vector<SensitivityRow> derived = DerivedSensitivity(measured);
  rows.insert(rows.end(), std::make_move_iterator(derived.begin()), std::make_move_iterator(derived.end()));
  return rows;
}

}  // namespace headspec::experiment
