// A caller's own numbers for every head, measured in the pass that measures everything else.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "error_of.h"
#include "headspec/error.h"
#include "headspec/metric.h"
#include "headspec/plans.h"
#include "headspec/run.h"

namespace headspec::experiment {
namespace {

constexpr const char* kModel = HEADSPEC_SOURCE_DIR "/data/nano/nano-0.5m";

// The share of attention on position 0: what headspec has as sink_mass.
class FirstKey final : public HeadReducer {
 public:
  void Begin(const HeadPlace& place) override {
    tokens_ = place.token_ids.size();
    rows_ = 0;
    first_ = total_ = 0;
  }
  void Add(std::span<const float> row) override {
    ++rows_;
    first_ += static_cast<double>(row.front());
    for (const float weight : row) total_ += static_cast<double>(weight);
  }
  double Value() override { return rows_ == tokens_ ? first_ / total_ : std::nan(""); }

 private:
  std::size_t tokens_ = 0, rows_ = 0;
  double first_ = 0, total_ = 0;
};

HeadMetricDefinition Definition(const std::string& name) {
  return {name, [] { return std::make_unique<FirstKey>(); }};
}

Plan PlanIn(Precision precision) {
  Plan plan = PlanOf({kModel});
  plan.protocol.variants = {MakeVariant(precision)};
  return plan;
}

RunResult MeasureWith(const Plan& plan, std::vector<HeadMetricDefinition> metrics) {
  RunOptions options;
  options.metrics = std::move(metrics);
  Observer silent;
  return Measure(plan, options, silent);
}

const HeadMetric& Named(const ModelResult& model, const std::string& name) {
  for (const HeadMetric& metric : model.head_metrics) {
    if (metric.name == name) return metric;
  }
  throw std::out_of_range(name);
}

TEST(OwnMetrics, SeeEveryRowOfEveryHead) {
  const RunResult run = MeasureWith(PlanIn(Precision::kFloat32), {Definition("first_key")});
  const ModelResult& model = run.models.front();
  ASSERT_FALSE(model.error) << *model.error;
  const HeadMetric& own = Named(model, "first_key");
  const HeadMetric& ours = Named(model, "sink_mass");
  ASSERT_EQ(own.per_prompt.size(), ours.per_prompt.size());
  for (std::size_t p = 0; p < own.per_prompt.size(); ++p) {
    for (std::size_t l = 0; l < own.per_prompt[p].size(); ++l) {
      for (std::size_t h = 0; h < own.per_prompt[p][l].size(); ++h)
        EXPECT_NEAR(own.per_prompt[p][l][h], ours.per_prompt[p][l][h], 1e-12);
    }
  }
  EXPECT_NEAR(own.mean[1][2], ours.mean[1][2], 1e-12);
}

TEST(OwnMetrics, AreMeasuredAlthoughTheRestIsKept) {
  const Plan plan = PlanIn(Precision::kBFloat16);
  const RunResult first = MeasureWith(plan, {});
  const RunResult second = MeasureWith(plan, {Definition("first_key")});
  EXPECT_EQ(second.models.front().head_entropies, first.models.front().head_entropies);
  EXPECT_EQ(Named(second.models.front(), "first_key").per_prompt.size(), 10U);
  const RunResult third = MeasureWith(plan, {});
  EXPECT_EQ(third.models.front().head_metrics.size(), first.models.front().head_metrics.size());
}

TEST(OwnMetrics, NeedANameOfTheirOwn) {
  const Plan plan = PlanIn(Precision::kFloat32);
  const auto error_of = [&plan](std::vector<HeadMetricDefinition> metrics) {
    return ErrorOf([&] { MeasureWith(plan, std::move(metrics)); });
  };
  EXPECT_EQ(error_of({Definition("sink_mass")}),
            "kInput: metric \"sink_mass\": headspec has a metric of that name; give it another name");
  EXPECT_EQ(
      error_of({Definition("Sink, mass")}),
      "kInput: metric \"Sink, mass\": expected small letters, digits and underscores; give it another name");
  EXPECT_EQ(error_of({Definition("a"), Definition("a")}),
            "kInput: metric \"a\": defined twice; give one another name");
  EXPECT_EQ(error_of({{"a", [] { return std::unique_ptr<HeadReducer>(); }}}),
            "kInput: metric \"a\": expected `make` to return a reducer, found none; return a std::unique_ptr "
            "to one");
}

}  // namespace
}  // namespace headspec::experiment
