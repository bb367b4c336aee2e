#include "experiment/sensitivity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "experiment/measurement.h"
#include "experiment/subject_of.h"
#include "golden.h"
#include "headspec/plans.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace {

ModelResult Made() {
  ModelResult measured;
  measured.num_layers = 3;
  measured.num_heads = 2;
  measured.prompt_entropies = {{{0.1, 0.4}, {0.5, 0.2}, {0.9, 0.3}}, {{0.2, 0.4}, {0.3, 0.7}, {0.7, 0.6}}};
  measured.head_entropies = metrics::MeanTable(measured.prompt_entropies);
  measured.head_metrics = {{.name = "received_entropy_without_first", .mean = {{1, 2}, {2, 4}, {3, 6}}},
                           {.name = "query_entropy", .mean = {{1, 6}, {2, 4}, {3, 2}}}};
  return measured;
}

TEST(DerivedSensitivity, IsTheIndexOfTheOtherTables) {
  const ModelResult measured = Made();
  const auto rows = DerivedSensitivity(measured);
  ASSERT_EQ(rows.size(), 2u + 3u + 2u);
  EXPECT_EQ(rows[0].label, "received entropy without position 0");
  EXPECT_NEAR(rows[0].si, 0, 1e-12);
  EXPECT_EQ(rows[1].label, "query entropy");
  EXPECT_NEAR(rows[1].si, 2, 1e-12);
  EXPECT_EQ(rows[3].label, "layer 1");
  const Table without = {measured.head_entropies[0], measured.head_entropies[2]};
  EXPECT_EQ(rows[3].si, metrics::ComputeSpecialization(without).index);
  EXPECT_EQ(rows[6].kind, "without prompt");
  EXPECT_EQ(rows[6].label, "prompt 2");
  EXPECT_EQ(rows[6].si, metrics::ComputeSpecialization(measured.prompt_entropies[0]).index);
}

TEST(DerivedSensitivity, SaysWhyThereIsNone) {
  ModelResult measured = Made();
  measured.num_layers = 1;
  measured.prompt_entropies = {{{0.1, 0.4}}};
  measured.head_entropies = {{0.1, 0.4}};
  measured.head_metrics = {{.name = "query_entropy", .mean = {{0.1, 0.4}}}};
  const auto rows = DerivedSensitivity(measured);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(std::isnan(rows[0].si));
  EXPECT_EQ(rows[0].note, "not measured");
  EXPECT_EQ(rows[1].note, "not defined: fewer than two heads vary over the layers");
}

// Float16 overflows in this checkpoint, and the row says so.
TEST(MeasureSensitivity, MeasuresEveryDtypeAndProfileOnce) {
  ModelEntry entry;
  entry.name = (golden::Folder() / "checkpoints" / "phi-fp16-overflow").string();
  Protocol protocol = DefaultProtocol();
  protocol.sensitivity = true;
  Observer nobody;
  const Subject subject = SubjectOf(entry);
  const ModelResult found =
      MeasureModel(subject, entry, protocol, {.precision = Precision::kBFloat16}, nobody);
  std::vector<std::string> labels;
  for (const SensitivityRow& row : found.sensitivity) labels.push_back(row.label);
  const std::vector<std::string> passes = {"bfloat16, hf-4.57", "float16, hf-4.57", "float32, hf-4.57",
                                           "bfloat16, hf-4.47", "float16, hf-4.47", "float32, exact"};
  ASSERT_GT(labels.size(), passes.size());
  EXPECT_TRUE(std::equal(passes.begin(), passes.end(), labels.begin()));
  EXPECT_EQ(found.sensitivity[0].si, found.si_mean);
  EXPECT_NE(found.sensitivity[1].note.find("NaN or infinite values"), std::string::npos);
  EXPECT_EQ(found.sensitivity[2].si, found.sensitivity[5].si);
  protocol.sensitivity = false;
  const ModelResult single =
      MeasureModel(subject, entry, protocol, {.precision = Precision::kFloat32}, nobody);
  EXPECT_EQ(single.si_mean, found.sensitivity[2].si);
  EXPECT_TRUE(single.sensitivity.empty());
}

}  // namespace
}  // namespace headspec::experiment
