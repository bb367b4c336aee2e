#include "core/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace headspec {
namespace {

TEST(Nearest, IsTheKeyThatWasMeant) {
  const std::vector<std::string> keys = {"prompts", "prompt_md5", "max_length", "seeds"};
  EXPECT_EQ(Nearest("prompt", keys), "prompts");
  EXPECT_EQ(Nearest("maxlength", keys), "max_length");
  EXPECT_EQ(Nearest("seed", keys), "seeds");
  EXPECT_EQ(Nearest("Seeds", keys), "seeds");
  EXPECT_EQ(Nearest("sedes", keys), "seeds");
  EXPECT_EQ(Nearest("seeds", keys), "seeds");
}

TEST(Nearest, IsNothingForAnotherWord) {
  const std::vector<std::string> keys = {"prompts", "seeds"};
  EXPECT_EQ(Nearest("zzzzzzzz", keys), "");
  EXPECT_EQ(Nearest("", keys), "");
  EXPECT_EQ(Nearest("seeds", {}), "");
}

}  // namespace
}  // namespace headspec
