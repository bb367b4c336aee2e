#include "report/ladder.h"

#include <gtest/gtest.h>

#include "report/helpers.h"

namespace headspec::report {
namespace {

TEST(ParseModelSize, ReadsBillionsMillionsAndBareNumbers) {
  EXPECT_DOUBLE_EQ(ParseModelSize("1.3B"), 1.3);
  EXPECT_DOUBLE_EQ(ParseModelSize(" 14 b "), 14);
  EXPECT_DOUBLE_EQ(ParseModelSize("500M"), 0.5);
  EXPECT_DOUBLE_EQ(ParseModelSize("0.5m"), 0.0005);
  EXPECT_DOUBLE_EQ(ParseModelSize("0.0005B"), 0.0005);
  EXPECT_DOUBLE_EQ(ParseModelSize("50K"), 0.00005);
  EXPECT_DOUBLE_EQ(ParseModelSize("1T"), 1000);
  EXPECT_DOUBLE_EQ(ParseModelSize("2.7"), 2.7);
}

TEST(ParseModelSize, RejectsWhatIsNoSize) {
  for (const char* text :
       {"", " ", "B", "huge", "1.3X", "1.3BB", "-1B", "0B", "inf", "nanB", "1e999B", "7B-chat"}) {
    EXPECT_THROW(ParseModelSize(text), Error) << text;
  }
  EXPECT_EQ(ErrorOf([] { ParseModelSize("huge"); }, ErrorKind::kInput),
            "model size \"huge\" is not a number of parameters; write it as 1.3B, 500M or 0.0005B");
}

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
