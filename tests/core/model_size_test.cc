#include "core/model_size.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "error_of.h"

namespace headspec {
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
  EXPECT_EQ(ErrorOf([] { ParseModelSize("huge"); }),
            "kInput: model size \"huge\" is not a number of parameters; write it as 1.3B, 500M or 0.0005B");
}

}  // namespace
}  // namespace headspec
