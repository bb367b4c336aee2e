#include "experiment/interruption.h"

#include <gtest/gtest.h>

#include <string>

namespace headspec::experiment {
namespace {

std::string WordsOf(const std::vector<ModelResult>& done, std::size_t total, bool fresh = false) {
  const Error error = Interruption(done, total, fresh);
  EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
  return error.what();
}

TEST(Interruption, SaysWhatIsKeptAndHowToGoOn) {
  ModelResult measured, failed, unkept;
  failed.error = "out of memory";
  unkept.warnings = {"the result is not kept for later runs: cannot write x"};
  EXPECT_EQ(WordsOf({}, 3), "interrupted: nothing was written");
  EXPECT_EQ(WordsOf({failed, unkept}, 3), "interrupted: nothing was written");
  EXPECT_EQ(WordsOf({measured}, 1), "interrupted: the model is kept; run the same command again to go on");
  EXPECT_EQ(WordsOf({measured, failed}, 3),
            "interrupted: 1 of 3 models is kept; run the same command again to go on");
  EXPECT_EQ(WordsOf({measured, measured}, 3, true),
            "interrupted: 2 of 3 models are kept; run the same command again without --fresh to go on");
}

}  // namespace
}  // namespace headspec::experiment
