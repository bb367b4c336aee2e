// What config.json says about quantised weights: fp8 in blocks is read, all else is refused by name.
#include "model/quantization.h"

#include <gtest/gtest.h>

#include <string>

#include "model/tiny_checkpoint.h"

namespace headspec::model {
namespace {

ScaleBlocks Read(const TinyCheckpoint& checkpoint) {
  return ReadQuantization(ConfigReader::Open(checkpoint.folder()));
}

std::string Refused(const std::string& value) {
  const TinyCheckpoint checkpoint(Json{{"quantization_config", Json::parse(value)}});
  return ErrorOf(checkpoint.folder(), [&] { Read(checkpoint); });
}

TEST(Quantization, NoneIsStated) {
  EXPECT_FALSE(Read(TinyCheckpoint(Json{{"model_type", "phi"}})).IsQuantised());
  EXPECT_FALSE(Read(TinyCheckpoint(Json{{"quantization_config", nullptr}})).IsQuantised());
}

// As in Qwen3-8B-FP8 and DeepSeek-V3.
TEST(Quantization, Fp8Blocks) {
  const auto blocks = [](const Json& quantization) {
    const ScaleBlocks read = Read(TinyCheckpoint(Json{{"quantization_config", quantization}}));
    return std::pair(read.rows, read.cols);
  };
  EXPECT_EQ(blocks({{"activation_scheme", "dynamic"},
                    {"modules_to_not_convert", {"lm_head"}},
                    {"fmt", "e4m3"},
                    {"quant_method", "fp8"},
                    {"weight_block_size", {128, 64}}}),
            std::pair(128, 64));
  EXPECT_EQ(blocks({{"quant_method", "fp8"}}), std::pair(128, 128));
}

TEST(QuantizationRefusal, MethodsByName) {
  const auto expected = [](const std::string& method) {
    return "kInput: config.json: \"quantization_config.quant_method\": expected full-precision weights or "
           "\"fp8\", found " +
           method + " in FOLDER; measure the model that it was made from, or dequantise it first";
  };
  for (const std::string method :
       {"gptq", "awq", "bitsandbytes", "compressed-tensors", "mxfp4", "fbgemm_fp8", "torchao", "FP8"})
    EXPECT_EQ(Refused(R"({"quant_method": ")" + method + "\"}"), expected('"' + method + '"'));
  EXPECT_EQ(Refused(R"({"load_in_4bit": true})"), expected("\"bitsandbytes\""));
  EXPECT_EQ(Refused(R"({"load_in_8bit": true, "load_in_4bit": false})"), expected("\"bitsandbytes\""));
  EXPECT_EQ(Refused("{}"), expected("nothing"));
}

TEST(QuantizationRefusal, Fp8OfAnotherKind) {
  EXPECT_EQ(Refused(R"({"quant_method": "fp8", "activation_scheme": "static"})"),
            "kInput: config.json: \"quantization_config.activation_scheme\": expected \"dynamic\", found "
            "\"static\" in FOLDER; measure the model that it was made from, or dequantise it first");
  for (const std::string blocks : {"[]", "[128]", "[128, 0]", "[-1, 128]", "[128, 128, 1]", "[1048577, 1]"}) {
    EXPECT_EQ(
        Refused(R"({"quant_method": "fp8", "weight_block_size": )" + blocks + "}"),
        "kInput: config.json: \"quantization_config.weight_block_size\": expected two integers from 1 to "
        "1048576, found " +
            blocks + " in FOLDER; correct config.json or download it again");
  }
}

TEST(QuantizationRefusal, OtherTypesThanExpected) {
  EXPECT_EQ(Refused(R"("fp8")"),
            "kInput: config.json: \"quantization_config\": expected an object, found \"fp8\" in FOLDER; "
            "download the file again or correct it");
  EXPECT_EQ(
      Refused(R"({"quant_method": "fp8", "weight_block_size": 128})"),
      "kInput: config.json: \"quantization_config.weight_block_size\": expected a list of integers, found "
      "128 in FOLDER; download the file again or correct it");
}

}  // namespace
}  // namespace headspec::model
