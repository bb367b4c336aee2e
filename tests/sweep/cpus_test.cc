#include "sweep/cpus.h"

#include <gtest/gtest.h>

namespace headspec::sweep {
namespace {

TEST(Cpus, OfAQuota) {
  EXPECT_EQ(CpusOfQuota("200000 100000\n"), 2);
  EXPECT_EQ(CpusOfQuota("150000 100000"), 1);
  EXPECT_EQ(CpusOfQuota("50000 100000"), 1);
  for (const char* none : {"max 100000", "", "x", "1", "5 0"}) EXPECT_FALSE(CpusOfQuota(none)) << none;
}

TEST(Cpus, OfARank) {
  EXPECT_EQ(ThreadsOfRank(64, 64, {}, 4), 16);  // not bound: shared with the others
  EXPECT_EQ(ThreadsOfRank(8, 64, {}, 4), 8);    // bound by the launcher: its own
  EXPECT_EQ(ThreadsOfRank(64, 64, 6, 2), 3);    // a container
  EXPECT_EQ(ThreadsOfRank(8, 64, 4, 1), 4);
  EXPECT_EQ(ThreadsOfRank(2, 2, {}, 5), 1);
  EXPECT_GE(ThreadsHere(1), 1);
}

}  // namespace
}  // namespace headspec::sweep
