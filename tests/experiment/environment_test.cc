#include "experiment/environment.h"

#include <gtest/gtest.h>

#include <regex>

#include "engine/forward.h"
#include "experiment/conversions.h"
#include "experiment/golden.h"
#include "experiment/measurement.h"
#include "experiment/subject_of.h"
#include "headspec/plans.h"

namespace headspec::experiment {
namespace {

TEST(CpuName, TakesTheModelName) {
  EXPECT_EQ(CpuName("processor\t: 0\nmodel\t\t: 106\nmodel name\t: Intel(R) Xeon(R) Platinum\n"),
            "Intel(R) Xeon(R) Platinum");
  EXPECT_EQ(CpuName("processor : 0\nModel\t: Raspberry Pi 4\n"), "Raspberry Pi 4");
}

TEST(CpuName, TakesWhatArmStates) {
  EXPECT_EQ(CpuName("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n"),
            "implementer 0x41, part 0xd40");
  EXPECT_EQ(CpuName(""), "");
  EXPECT_EQ(CpuName("no colon\n:\n"), "");
}

TEST(Environment, IsKnown) {
  RunOptions options;
  options.threads = 3;
  const Environment environment = DescribeEnvironment(options);
  EXPECT_TRUE(environment.program.starts_with("headspec "));
  EXPECT_TRUE(std::regex_match(environment.commit, std::regex("([0-9a-f]{40}(-dirty)?)?")))
      << environment.commit;
  EXPECT_NE(environment.compiler, "");
  EXPECT_TRUE(environment.system.starts_with("Linux "));
  EXPECT_GE(environment.logical_cpus, 1);
  EXPECT_EQ(environment.threads, 3);
  EXPECT_EQ(DescribeEnvironment({}).threads, environment.logical_cpus);
  for (const Library& library : environment.libraries)
    EXPECT_TRUE(std::regex_match(library.version, std::regex("[0-9]+\\.[0-9]+.*")))
        << library.name << ' ' << library.version;
}

TEST(Products, AreTheUnitsOnlyWhereItMultiplies) {
  const auto products = [](Precision precision, bool fast) {
    ModelEntry entry;
    entry.name = (golden::Folder() / "checkpoints" / "phi-mha").string();
    MeasurementSettings settings;
    settings.precision = precision;
    settings.run.fast_bf16 = fast;
    Observer silent;
    const Numerics numerics =
        MeasureModel(SubjectOf(entry), entry, DefaultProtocol(), settings, silent).numerics;
    const bool is_unit = numerics.products.ends_with("-BF16");
    EXPECT_EQ(is_unit, is_unit && numerics.products == numerics.cpu_target);
    return is_unit;
  };
  EXPECT_FALSE(products(Precision::kBFloat16, false));
  EXPECT_FALSE(products(Precision::kFloat32, true));
  EXPECT_EQ(products(Precision::kBFloat16, true), engine::CpuTargets().front().ends_with("-BF16"));
}

TEST(Conversions, CountTheTensorsOfThePass) {
  const auto open = [](const char* name) {
    return model::Model::Open(golden::Folder() / "checkpoints" / name);
  };
  const auto plain = ConversionsOf(open("phi-mha"), Precision::kFloat32);
  ASSERT_EQ(plain.size(), 1u);
  EXPECT_EQ(plain[0].used, "torch.float32");
  EXPECT_GT(plain[0].tensors, 0u);
  EXPECT_EQ(ConversionsOf(open("phi-gqa-qknorm-fp16"), Precision::kBFloat16).front().stored, "F16");
}

}  // namespace
}  // namespace headspec::experiment
