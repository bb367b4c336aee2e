#include "model/quantization.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

namespace headspec::model {
namespace {

constexpr const char* kNext = "measure the model that it was made from, or dequantise it first";
constexpr int kMostInBlock = 1 << 20;

// Old files state keys of bitsandbytes and no method.
std::string MethodOf(const ConfigReader& json) {
  const bool is_old = json.Bool("load_in_4bit", false) || json.Bool("load_in_8bit", false);
  return json.String("quant_method", is_old ? "bitsandbytes" : "");
}

}  // namespace

// Defaults are those of transformers 4.57.6, FineGrainedFP8Config.
ScaleBlocks ReadQuantization(const ConfigReader& json) {
  const auto stated = json.Object("quantization_config");
  if (!stated) return {};
  if (const std::string method = MethodOf(*stated); method != "fp8") {
    stated->Fail("quant_method",
                 fmt::format("expected full-precision weights or \"fp8\", found {}",
                             method.empty() ? "nothing" : '"' + method + '"'),
                 kNext);
  }
  if (const std::string scheme = stated->String("activation_scheme", "dynamic"); scheme != "dynamic") {
    stated->Fail("activation_scheme", fmt::format("expected \"dynamic\", found \"{}\"", scheme), kNext);
  }
  if (!stated->Has("weight_block_size")) return {128, 128};
  const std::vector<int> blocks = stated->Ints("weight_block_size");
  const auto fits = [](int size) { return size >= 1 && size <= kMostInBlock; };
  if (blocks.size() != 2 || !fits(blocks[0]) || !fits(blocks[1])) {
    stated->Fail(
        "weight_block_size",
        fmt::format("expected two integers from 1 to {}, found [{}]", kMostInBlock, fmt::join(blocks, ", ")),
        "correct config.json or download it again");
  }
  return {blocks[0], blocks[1]};
}

}  // namespace headspec::model
