// How a ladder opens its models: once each, whatever the sanity check asks before.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "experiment/golden.h"
#include "experiment/own_cache_folder.h"
#include "headspec/plans.h"
#include "headspec/run.h"

namespace headspec::experiment {
namespace {

namespace fs = std::filesystem;

// Takes a model's folder away once its sanity check has passed: what is open stays readable, nothing can be
// opened again.
class FolderThief final : public Observer {
 public:
  void OnSanity(const ModelEntry& entry, const SanityResult& sanity) override {
    ++checks;
    if (sanity.ok) fs::remove_all(entry.path);
  }

  int checks = 0;
};

class LadderTest : public OwnCacheTest {
 protected:
  ModelEntry Copy(const std::string& name) const {
    fs::copy(golden::Folder() / "checkpoints" / "phi-mha", folder_ / name);
    return {.name = name, .path = (folder_ / name).string(), .display = name, .size = ""};
  }

  Plan PlanOf(Fallback fallback) const {
    Plan plan;
    plan.protocol = DefaultProtocol();
    plan.protocol.sanity_min_si = 0;
    plan.protocol.fallback = fallback;
    plan.ladder = {Copy("one"), Copy("two")};
    return plan;
  }
};

TEST_F(LadderTest, MeasuresTheModelThatTheSanityCheckOpened) {
  FolderThief thief;
  const RunResult run = headspec::Run(PlanOf(Fallback::kFirstModel), RunOptions{.fresh = true}, thief);
  EXPECT_EQ(thief.checks, 1);
  ASSERT_EQ(run.models.size(), 2u);
  EXPECT_EQ(run.models[0].error, std::nullopt);
  EXPECT_EQ(run.models[1].error, std::nullopt);
  EXPECT_EQ(run.models[0].si_mean, run.models[1].si_mean);
  EXPECT_FALSE(fs::exists(folder_ / "one"));
  EXPECT_TRUE(fs::exists(folder_ / "two"));
}

TEST_F(LadderTest, OpensEachModelOnceWithFallbackPerModel) {
  FolderThief thief;
  const RunResult run = headspec::Run(PlanOf(Fallback::kPerModel), RunOptions{.fresh = true}, thief);
  EXPECT_EQ(thief.checks, 2);
  ASSERT_EQ(run.models.size(), 2u);
  EXPECT_EQ(run.models[0].error, std::nullopt);
  EXPECT_EQ(run.models[1].error, std::nullopt);
  EXPECT_EQ(run.models[0].si_mean, run.models[1].si_mean);
  EXPECT_FALSE(fs::exists(folder_ / "two"));
}

}  // namespace
}  // namespace headspec::experiment
