#include "report/ladder.h"

#include <gtest/gtest.h>

#include "report/helpers.h"

namespace headspec::report {
namespace {

TEST(ModelSizeLabel, IsShort) {
  EXPECT_EQ(ModelSizeLabel(1.3), "1.3B");
  EXPECT_EQ(ModelSizeLabel(14), "14B");
  EXPECT_EQ(ModelSizeLabel(0.5), "0.5B");
  EXPECT_EQ(ModelSizeLabel(0.124), "124M");
  EXPECT_EQ(ModelSizeLabel(0.0005), "0.5M");
  EXPECT_EQ(ModelSizeLabel(0.00005), "50K");
  EXPECT_EQ(ModelSizeLabel(70.55), "70.55B");
}

TEST(TitlesOf, NotebookKeepsItsTitlesAndOthersGetTheirName) {
  Plan plan;
  plan.experiment = "E08-Phi-Size-Ladder";
  EXPECT_EQ(TitlesOf(plan).bars, "Microsoft Phi Family: Complete Size Ladder");
  EXPECT_EQ(TitlesOf(plan).series, "Microsoft Phi");
  plan.experiment = "nano-ladder";
  EXPECT_EQ(TitlesOf(plan).bars, "nano-ladder: size ladder");
  EXPECT_EQ(TitlesOf(plan).series, "Models");
  plan.experiment = "";
  EXPECT_EQ(TitlesOf(plan).bars, "Size ladder");
}

}  // namespace
}  // namespace headspec::report
