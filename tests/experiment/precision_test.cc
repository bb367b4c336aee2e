// The three precisions under their four names.
#include "experiment/precision.h"

#include <gtest/gtest.h>

#include "headspec/plans.h"

#include "error_of.h"

namespace headspec::experiment {
namespace {

struct Names {
  Precision precision;
  const char* name;
  const char* torch;
  const char* label;
  DType type;
};

constexpr Names kAll[] = {{Precision::kBFloat16, "bfloat16", "torch.bfloat16", "bf16", DType::kBF16},
                          {Precision::kFloat16, "float16", "torch.float16", "fp16", DType::kF16},
                          {Precision::kFloat32, "float32", "torch.float32", "fp32", DType::kF32}};

TEST(Precision, HasTheNamesOfTheNotebook) {
  for (const Names& names : kAll) {
    EXPECT_EQ(ParsePrecision(names.name, "test"), names.precision);
    EXPECT_EQ(ShortName(names.precision), names.name);
    EXPECT_EQ(TorchName(names.precision), names.torch);
    EXPECT_EQ(TypeOf(names.precision), names.type);
  }
}

TEST(Precision, LabelsVariants) {
  for (const Names& names : kAll) {
    const SanityVariant raw = MakeVariant(names.precision, false);
    EXPECT_EQ(raw.label, std::string("raw+") + names.label);
    EXPECT_EQ(raw.precision, names.precision);
    EXPECT_FALSE(raw.use_chat_template);
    const SanityVariant chat = MakeVariant(names.precision, true);
    EXPECT_EQ(chat.label, std::string("chat+") + names.label);
    EXPECT_TRUE(chat.use_chat_template);
  }
}

TEST(Precision, RefusesOtherWords) {
  for (const char* word : {"", "bf16", "BFLOAT16", "torch.float32", "float64", "float32 ", "auto"}) {
    EXPECT_EQ(
        ErrorOf([&] { ParsePrecision(word, "exp.toml:3: protocol.dtypes"); }),
        std::string("kInput: exp.toml:3: protocol.dtypes: expected bfloat16, float16 or float32, found \"") +
            word + "\"; use one of these");
  }
}

}  // namespace
}  // namespace headspec::experiment
