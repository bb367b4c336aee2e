// fp8 weights with a scale for each block: the same bits as of the model that they stand for.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "engine/forward.h"
#include "engine/kernel_testing.h"
#include "experiment/conversions.h"
#include "experiment/precision.h"
#include "experiment/sinks.h"
#include "golden.h"
#include "metrics/specialization.h"
#include "temporary_folder.h"

namespace headspec::experiment {
namespace {

constexpr int kBlockRows = 12, kBlockCols = 20;  // divide neither 32 nor 64

struct StoredTensor {
  DType dtype = DType::kF32;
  std::vector<std::uint64_t> shape;
  std::vector<std::byte> bytes;
};
using Tensors = std::map<std::string, StoredTensor>;

std::filesystem::path Golden(const std::string& name) { return golden::Folder() / "families" / name; }

Tensors Read(const std::string& name) {
  Tensors tensors;
  const auto checkpoint = checkpoint::Checkpoint::Open(Golden(name));
  for (const auto& tensor : checkpoint.tensors())
    tensors[tensor.name] = {tensor.dtype, tensor.shape, {tensor.bytes.begin(), tensor.bytes.end()}};
  return tensors;
}

// torch.nn.Linear in the reference, but for the head and the router.
bool IsQuantised(const std::string& name, const StoredTensor& tensor) {
  return tensor.shape.size() == 2 && name.find("embed") == std::string::npos &&
         name.find("lm_head") == std::string::npos && !name.ends_with("mlp.gate.weight");
}

float ValueOf(int code) {
  const int exponent = code >> 3 & 15;
  const double magnitude =
      exponent == 0 ? std::ldexp(code & 7, -9) : std::ldexp(8 + (code & 7), exponent - 10);
  return static_cast<float>(code >> 7 != 0 ? -magnitude : magnitude);
}

// The nearest of all finite codes.
int CodeOf(float value) {
  int best = 0;
  for (int code = 0; code < 256; ++code) {
    if ((code & 127) != 127 && std::abs(ValueOf(code) - value) < std::abs(ValueOf(best) - value)) best = code;
  }
  return best;
}

// The golden model in fp8, and that model's weights by the stated rule: r(code * scale).
struct Pair {
  Tensors fp8, dequantised;
};

Pair Quantise(const std::string& name, DType scale_dtype, DType type) {
  Pair pair;
  for (const auto& [key, tensor] : Read(name)) {
    if (!IsQuantised(key, tensor)) {
      pair.fp8[key] = pair.dequantised[key] = tensor;
      continue;
    }
    const int rows = static_cast<int>(tensor.shape[0]), cols = static_cast<int>(tensor.shape[1]);
    const int scale_cols = (cols + kBlockCols - 1) / kBlockCols;
    StoredTensor codes{DType::kF8E4M3, tensor.shape, {}}, values{type, tensor.shape, {}};
    StoredTensor scales{scale_dtype,
                        {static_cast<std::uint64_t>((rows + kBlockRows - 1) / kBlockRows),
                         static_cast<std::uint64_t>(scale_cols)},
                        {}};
    std::vector<float> scale_of;
    for (std::uint64_t i = 0; i < scales.shape[0] * scales.shape[1]; ++i) {
      scale_of.push_back(kernels::Rounded(scale_dtype, 0.001 * std::pow(1.1, static_cast<double>(i))));
      kernels::AppendStored(scale_dtype, scale_of.back(), scales.bytes);
    }
    std::vector<float> row(static_cast<std::size_t>(cols));
    const WeightView view{tensor.dtype, tensor.bytes.data(), rows, cols};
    for (int r = 0; r < rows; ++r) {
      kernels::LoadRow(view, r, DType::kF32, row);
      for (int c = 0; c < cols; ++c) {
        const float scale = scale_of[static_cast<std::size_t>(r / kBlockRows * scale_cols + c / kBlockCols)];
        const int code = CodeOf(row[static_cast<std::size_t>(c)] / scale);
        codes.bytes.push_back(static_cast<std::byte>(code));
        const float value = kernels::Rounded(type, static_cast<double>(ValueOf(code) * scale));
        kernels::AppendStored(type, value, values.bytes);
      }
    }
    pair.fp8[key] = codes;
    pair.fp8[key + "_scale_inv"] = scales;
    pair.dequantised[key] = values;
  }
  return pair;
}

void WriteCheckpoint(const TemporaryFolder& folder, const std::string& name, const Tensors& tensors,
                     bool is_fp8) {
  nlohmann::json config = golden::ReadJson(Golden(name) / "config.json");
  if (is_fp8) {
    config["quantization_config"] = {{"quant_method", "fp8"},
                                     {"activation_scheme", "dynamic"},
                                     {"weight_block_size", {kBlockRows, kBlockCols}}};
  }
  folder.Write("config.json", config.dump());
  nlohmann::json header;
  std::string data;
  for (const auto& [key, tensor] : tensors) {
    const std::size_t begin = data.size();
    data.append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    header[key] = {
        {"dtype", NameOf(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  std::string length;
  for (int i = 0; i < 8; ++i) length += static_cast<char>(text.size() >> (8 * i) & 0xff);
  folder.Write("model.safetensors", length + text + data);
}

struct Measured {
  Table entropies;
  engine::ForwardReport report;
  std::string stored_dtype;
  std::vector<Conversion> conversions;
};

Measured Measure(const std::string& name, const Tensors& tensors, bool is_fp8, DType type,
                 bool fast = false) {
  const TemporaryFolder folder;
  WriteCheckpoint(folder, name, tensors, is_fp8);
  const model::Model model = model::Model::Open(folder.path());
  const auto ids =
      golden::ReadJson(Golden(name) / "expected.json").at("token_ids").get<std::vector<std::vector<int>>>();
  engine::ForwardOptions options;
  options.type = options.score_type = type;
  options.fast_bf16 = fast;
  EntropySink sink(static_cast<int>(ids.size()), model.config().layers, model.config().heads);
  Measured measured;
  measured.report = engine::Forward(model, ids, sink, options);
  measured.entropies = metrics::MeanTable(sink.per_prompt());
  measured.stored_dtype = model.stored_dtype();
  measured.conversions = ConversionsOf(model, Precision::kBFloat16);
  return measured;
}

// Plain, with experts, and fused in two ways, so that parts begin inside a block.
TEST(Fp8, GivesTheBitsOfTheDequantisedModel) {
  for (const std::string name : {"qwen3", "qwen3-moe", "phi3-mha", "falcon-new-two-norms"}) {
    for (const DType scale_dtype : {DType::kF32, DType::kBF16}) {
      for (const DType type : kernels::kTypes) {
        const Pair pair = Quantise(name, scale_dtype, type);
        const Measured fp8 = Measure(name, pair.fp8, true, type);
        EXPECT_EQ(fp8.entropies, Measure(name, pair.dequantised, false, type).entropies)
            << name << ' ' << NameOf(scale_dtype) << ' ' << NameOf(type);
        EXPECT_EQ(fp8.report.non_finite, 0);
        EXPECT_EQ(fp8.stored_dtype, "BF16, F8_E4M3");
      }
    }
  }
}

// The scales are those of a careless quantiser, and still the model is recognisable.
TEST(Fp8, ConversionsNameTheBlocks) {
  const auto found =
      Measure("qwen3", Quantise("qwen3", DType::kF32, DType::kF32).fp8, true, DType::kF32).conversions;
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].stored + " as " + found[0].used, "BF16 as torch.bfloat16");
  EXPECT_EQ(found[1].stored + " as " + found[1].used, "F32 as torch.float32, scales of fp8 blocks");
  EXPECT_EQ(found[2].stored + " as " + found[2].used,
            "F8_E4M3 as torch.bfloat16, fp8 times the scale of its block");
  EXPECT_EQ(found[1].tensors, found[2].tensors);
}

TEST(Fp8, IsCloseToTheModelBeforeQuantisation) {
  const Pair pair = Quantise("qwen3", DType::kF32, DType::kF32);
  const Table fp8 = Measure("qwen3", pair.fp8, true, DType::kF32).entropies;
  const Table before = Measure("qwen3", Read("qwen3"), false, DType::kF32).entropies;
  for (std::size_t layer = 0; layer < fp8.size(); ++layer) {
    for (std::size_t head = 0; head < fp8[layer].size(); ++head)
      EXPECT_NEAR(fp8[layer][head], before[layer][head], 0.05);
  }
}

// The processor's bf16 units take no fp8: where there are any, these weights go past them.
TEST(Fp8, DoesNotReachTheBf16Units) {
  const Pair pair = Quantise("qwen3", DType::kF32, DType::kBF16);
  EXPECT_EQ(Measure("qwen3", pair.fp8, true, DType::kBF16, true).entropies,
            Measure("qwen3", pair.fp8, true, DType::kBF16, false).entropies);
}

TEST(Fp8, NanIsWatched) {
  Tensors tensors = Quantise("qwen3", DType::kF32, DType::kBF16).fp8;
  tensors.at("model.layers.1.self_attn.k_proj.weight").bytes[5] = std::byte{0xff};
  const Measured measured = Measure("qwen3", tensors, true, DType::kBF16);
  EXPECT_GT(measured.report.non_finite, 0);
  EXPECT_EQ(measured.report.first_non_finite.layer, 1);
  EXPECT_TRUE(std::isfinite(measured.entropies[0][0]));
}

}  // namespace
}  // namespace headspec::experiment
