// Binding of a checkpoint's tensors to the family's table.
#include "model/model.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "model/tiny_checkpoint.h"

namespace headspec::model {
namespace {

constexpr const char* kOtherModel =
    "; config.json and the weights belong to different models, or the file is damaged";

ModelConfig TinyPhi() {
  ModelConfig config;
  config.model_type = "phi";
  config.layers = 2;
  config.hidden = 8;
  config.heads = config.kv_heads = 2;
  config.head_dim = 4;
  config.intermediate = 12;
  config.vocab = 11;
  return config;
}

const Family& Phi() {
  for (const Family* family : Families()) {
    if (family->model_types.front() == "phi") return *family;
  }
  throw std::logic_error("no phi");
}

TinyTensors PhiTensors(std::string_view prefix = "model.") { return TensorsOf(Phi(), TinyPhi(), prefix); }

std::string OpenError(const TinyTensors& tensors, const Json& config = PhiConfig()) {
  const TinyCheckpoint checkpoint(config, tensors);
  return ErrorOf(checkpoint.folder(), [&] { Model::Open(checkpoint.folder()); });
}

TEST(Model, BindsEveryTensor) {
  TinyTensors tensors = PhiTensors();
  tensors["lm_head.weight"] = {{11, 8}};
  const TinyCheckpoint checkpoint(PhiConfig(), tensors);
  const Model model = Model::Open(checkpoint.folder());
  EXPECT_EQ(model.shared()[Slot::kEmbedding].rows, 11);
  EXPECT_EQ(model.shared()[Slot::kEmbedding].cols, 8);
  EXPECT_EQ(model.shared()[Slot::kEmbedding].dtype, DType::kF32);
  for (int layer = 0; layer < 2; ++layer) {
    const Weights& weights = model.layer(layer);
    for (const TensorRule& rule : Phi().tensors) {
      if (rule.slot == Slot::kEmbedding) continue;
      const WeightView& view = weights[rule.slot];
      if (rule.when != nullptr) {
        EXPECT_EQ(view.data, nullptr) << rule.pattern;
        continue;
      }
      ASSERT_NE(view.data, nullptr) << rule.pattern;
      EXPECT_EQ(view.rows, SizeOf(rule.rows, model.config())) << rule.pattern;
      EXPECT_EQ(view.cols, SizeOf(rule.cols, model.config())) << rule.pattern;
    }
  }
  EXPECT_NE(model.layer(0)[Slot::kUpWeight].data, model.layer(1)[Slot::kUpWeight].data);
}

// Layer: norm 16, four projections of 72, up 108, down 104. Embedding and head 88 each.
TEST(Model, CountsParametersAndBytes) {
  TinyTensors tensors = PhiTensors();
  tensors["lm_head.weight"] = {{11, 8}, DType::kF16};
  tensors["model.layers.0.mlp.fc1.bias"].dtype = DType::kBF16;
  const TinyCheckpoint checkpoint(PhiConfig(), tensors);
  const Model model = Model::Open(checkpoint.folder());
  EXPECT_EQ(model.parameters(), 2u * 516 + 2 * 88);
  constexpr unsigned kLastLayer = 2 * 8 + 2 * (8 * 8 + 8);  // norm, query and key: it ends with its attention
  EXPECT_EQ(model.used_bytes(), 4u * (516 + kLastLayer) - 12 * 2);
  EXPECT_EQ(model.stored_dtype(), "BF16, F32");
  EXPECT_EQ(model.LayerBytes(0), 4u * 516 - 12 * 2);
  EXPECT_EQ(model.LayerBytes(1), 4u * kLastLayer);
  for (int layer = 0; layer < 2; ++layer) {
    model.Prefetch(layer);
    model.Release(layer, false);
  }
  EXPECT_EQ(static_cast<int>(model.shared()[Slot::kEmbedding].data[0]), 0);  // still mapped
}

TEST(Model, StoredRotaryFrequenciesAreLeftAlone) {
  TinyTensors tensors = PhiTensors();
  tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {{1}, DType::kF32};
  tensors["model.layers.1.self_attn.rotary_emb.inv_freq"] = {{1}, DType::kF32};
  EXPECT_EQ(OpenError(tensors), "no error");
  tensors["model.layers.x.self_attn.rotary_emb.inv_freq"] = {{1}, DType::kF32};
  EXPECT_NE(OpenError(tensors).find("model.layers.x"), std::string::npos);
}

TEST(Model, PrefixMayBeMissingAndHeadIsOptional) {
  EXPECT_EQ(OpenError(PhiTensors()), "no error");
  EXPECT_EQ(OpenError(PhiTensors("")), "no error");
  TinyTensors with_rest = PhiTensors();
  with_rest["lm_head.weight"] = {{11, 8}};
  with_rest["lm_head.bias"] = {{11}};
  with_rest["model.final_layernorm.weight"] = {{8}};
  with_rest["model.final_layernorm.bias"] = {{8}};
  EXPECT_EQ(OpenError(with_rest), "no error");
}

TEST(Model, QkNormTensorsFollowTheConfig) {
  ModelConfig config = TinyPhi();
  config.qk_norm = QkNorm::kPerHead;
  const TinyTensors with_norm = TensorsOf(Phi(), config, "model.");
  Json json = PhiConfig();
  json["qk_layernorm"] = true;
  EXPECT_EQ(OpenError(with_norm, json), "no error");
  EXPECT_EQ(
      OpenError(PhiTensors(), json),
      std::string(
          "kInput: tensor \"model.layers.0.self_attn.q_layernorm.weight\": expected [4], found nothing in "
          "model.safetensors") +
          kOtherModel);
  EXPECT_EQ(OpenError(with_norm), std::string("kInput: tensor \"model.layers.0.self_attn.k_layernorm.bias\": "
                                              "not part of a phi model with 2 layers in "
                                              "model.safetensors (8 such tensors in all)") +
                                      kOtherModel);
}

TEST(ModelRefusal, MissingTensor) {
  for (const std::string prefix : {"model.", ""}) {
    TinyTensors tensors = PhiTensors(prefix);
    tensors.erase(prefix + "layers.1.mlp.fc1.weight");
    EXPECT_EQ(OpenError(tensors), std::string("kInput: tensor \"model.layers.1.mlp.fc1.weight\": expected "
                                              "[12, 8], found nothing in model.safetensors") +
                                      kOtherModel);
  }
}

TEST(ModelRefusal, FewerLayersThanTheConfigSays) {
  Json config = PhiConfig();
  config["num_hidden_layers"] = 3;
  EXPECT_EQ(
      OpenError(PhiTensors(), config),
      std::string("kInput: tensor \"model.layers.2.input_layernorm.weight\": expected [8], found nothing in "
                  "model.safetensors") +
          kOtherModel);
}

TEST(ModelRefusal, SurplusTensors) {
  Json config = PhiConfig();
  config["num_hidden_layers"] = 1;
  EXPECT_EQ(
      OpenError(PhiTensors(), config),
      std::string(
          "kInput: tensor \"model.layers.1.input_layernorm.bias\": not part of a phi model with 1 layers in "
          "model.safetensors (14 such tensors in all)") +
          kOtherModel);
  TinyTensors tensors = PhiTensors();
  tensors["model.layers.0.mlp.gate.weight"] = {{12, 8}};
  EXPECT_EQ(OpenError(tensors),
            std::string(
                "kInput: tensor \"model.layers.0.mlp.gate.weight\": not part of a phi model with 2 layers in "
                "model.safetensors (1 such tensor in all)") +
                kOtherModel);
}

TEST(ModelRefusal, SameTensorWithAndWithoutPrefix) {
  TinyTensors tensors = PhiTensors();
  tensors["embed_tokens.weight"] = {{11, 8}};
  EXPECT_EQ(OpenError(tensors),
            std::string("kInput: tensor \"embed_tokens.weight\": not part of a phi model with 2 layers in "
                        "model.safetensors (1 such tensor in all)") +
                kOtherModel);
}

TEST(ModelRefusal, WrongShape) {
  const std::string name = "model.layers.1.mlp.fc1.weight";
  const std::string expected =
      "kInput: tensor \"" + name + "\": expected F32, F16 or BF16 [12, 8], found F32 ";
  for (const auto& [shape, words] :
       std::map<std::vector<std::uint64_t>, std::string>{{{8, 12}, "[8, 12]"},
                                                         {{96}, "[96]"},
                                                         {{12, 8, 1}, "[12, 8, 1]"},
                                                         {{12, 9}, "[12, 9]"},
                                                         {{}, "[]"},
                                                         {{0, 8}, "[0, 8]"}}) {
    TinyTensors tensors = PhiTensors();
    tensors[name] = {shape};
    EXPECT_EQ(OpenError(tensors), expected + words + " in model.safetensors" + kOtherModel);
  }
}

TEST(ModelRefusal, VocabularyOfAnotherModel) {
  Json config = PhiConfig();
  config["vocab_size"] = 12;
  EXPECT_EQ(OpenError(PhiTensors(), config),
            std::string("kInput: tensor \"model.embed_tokens.weight\": expected F32, F16 or BF16 "
                        "[12, 8], found F32 [11, 8] in model.safetensors") +
                kOtherModel);
}

TEST(ModelRefusal, IntegerAndOtherElements) {
  for (const DType dtype : {DType::kI8, DType::kU8, DType::kF8E4M3, DType::kF64, DType::kI32}) {
    TinyTensors tensors = PhiTensors();
    tensors["model.layers.0.self_attn.dense.weight"].dtype = dtype;
    EXPECT_EQ(OpenError(tensors),
              fmt::format("kInput: tensor \"model.layers.0.self_attn.dense.weight\": expected F32, F16 or "
                          "BF16 [8, 8], found {} [8, "
                          "8] in model.safetensors; quantised and integer weights are not supported",
                          NameOf(dtype)));
  }
}

// ---- fp8 with a scale for each block

Json Fp8Config() {
  Json config = PhiConfig();
  config["quantization_config"] = {{"quant_method", "fp8"}, {"weight_block_size", {5, 3}}};
  return config;
}

const std::string kDense = "model.layers.0.self_attn.dense.weight";
const std::string kScales = kDense + "_scale_inv";
constexpr const char* kNeedScales =
    "; fp8 weights need a scale for each block of 5 x 3, as quantization_config.weight_block_size says";

TinyTensors Fp8Tensors(DType scale_dtype = DType::kF32) {
  TinyTensors tensors = PhiTensors();
  tensors[kDense].dtype = DType::kF8E4M3;
  tensors[kScales] = {{2, 3}, scale_dtype};
  return tensors;
}

TEST(ModelFp8, ScalesAreBoundBesideTheirWeight) {
  for (const DType dtype : {DType::kF32, DType::kBF16}) {
    const TinyCheckpoint checkpoint(Fp8Config(), Fp8Tensors(dtype));
    const Model model = Model::Open(checkpoint.folder());
    const WeightView& view = model.layer(0)[Slot::kOutputWeight];
    EXPECT_EQ(view.dtype, DType::kF8E4M3);
    EXPECT_EQ(view.scales.dtype, dtype);
    EXPECT_NE(view.scales.data, nullptr);
    EXPECT_EQ(view.scales.cols, 3);
    EXPECT_EQ(view.scales.block_rows, 5);
    EXPECT_EQ(view.scales.block_cols, 3);
    EXPECT_EQ(model.layer(0)[Slot::kQueryWeight].scales.data, nullptr);
    EXPECT_EQ(model.stored_dtype(), "F32, F8_E4M3");  // the scales are no weights
    EXPECT_EQ(model.LayerBytes(0), 4u * (516 - 64) + 64 + 6 * (dtype == DType::kF32 ? 4 : 2));
  }
}

TEST(ModelFp8, BlocksAre128UnlessTheConfigSaysOtherwise) {
  Json config = Fp8Config();
  config["quantization_config"].erase("weight_block_size");
  TinyTensors tensors = Fp8Tensors();
  tensors[kScales] = {{1, 1}};
  EXPECT_EQ(OpenError(tensors, config), "no error");
}

TEST(ModelFp8Refusal, ScalesThatDoNotFit) {
  TinyTensors tensors = Fp8Tensors();
  tensors.erase(kScales);
  const std::string expected = "kInput: tensor \"" + kScales + "\": expected F32 or BF16 [2, 3], found ";
  EXPECT_EQ(OpenError(tensors, Fp8Config()), expected + "nothing in model.safetensors" + kNeedScales);
  for (const auto& [scales, words] :
       {std::pair(TinyTensor{{3, 2}}, "F32 [3, 2]"), std::pair(TinyTensor{{2, 3, 1}}, "F32 [2, 3, 1]"),
        std::pair(TinyTensor{}, "F32 []"), std::pair(TinyTensor{{2, 3}, DType::kF8E8M0}, "F8_E8M0 [2, 3]")}) {
    tensors[kScales] = scales;
    EXPECT_EQ(OpenError(tensors, Fp8Config()), expected + words + " in model.safetensors" + kNeedScales);
  }
}

TEST(ModelFp8Refusal, OtherWeightsThanMatricesOfE4M3) {
  for (const DType dtype : {DType::kF8E5M2, DType::kF8E4M3Fnuz, DType::kI8}) {
    TinyTensors tensors = Fp8Tensors();
    tensors[kDense].dtype = dtype;
    EXPECT_EQ(
        OpenError(tensors, Fp8Config()),
        fmt::format("kInput: tensor \"{}\": expected F32, F16, BF16 or F8_E4M3 [8, 8], found {} [8, 8] in "
                    "model.safetensors; quantised and integer weights are not supported",
                    kDense, NameOf(dtype)));
  }
  TinyTensors tensors = Fp8Tensors();
  tensors["model.layers.0.self_attn.dense.bias"].dtype = DType::kF8E4M3;
  EXPECT_EQ(OpenError(tensors, Fp8Config()),
            "kInput: tensor \"model.layers.0.self_attn.dense.bias\": expected F32, F16 or BF16 [8], found "
            "F8_E4M3 [8] in model.safetensors; quantised and integer weights are not supported");
}

TEST(ModelFp8Refusal, ScalesOfFullPrecisionWeightsAndOtherScales) {
  TinyTensors tensors = PhiTensors();
  tensors[kScales] = {{2, 3}};
  const auto expected = [](const std::string& name) {
    return "kInput: tensor \"" + name +
           "\": not part of a phi model with 2 layers in model.safetensors (1 such tensor in all)" +
           kOtherModel;
  };
  EXPECT_EQ(OpenError(tensors, Fp8Config()), expected(kScales));
  tensors = Fp8Tensors();
  tensors["model.layers.0.self_attn.dense.input_scale"] = {{}};
  EXPECT_EQ(OpenError(tensors, Fp8Config()), expected("model.layers.0.self_attn.dense.input_scale"));
}

TEST(ModelRefusal, QuantisationBeforeAnyTensor) {
  Json config = PhiConfig();
  config["quantization_config"] = {{"quant_method", "gptq"}, {"bits", 4}};
  EXPECT_EQ(
      OpenError({}, config),
      "kInput: config.json: \"quantization_config.quant_method\": expected full-precision weights or "
      "\"fp8\", found \"gptq\" in FOLDER; measure the model that it was made from, or dequantise it first");
}

TEST(ModelRefusal, NoWeights) {
  const TinyCheckpoint checkpoint(PhiConfig());
  const std::string error = ErrorOf(checkpoint.folder(), [&] { Model::Open(checkpoint.folder()); });
  EXPECT_TRUE(error.starts_with("kSystem: FOLDER: no weights: ")) << error;
}

TEST(Model, OpensTheGoldenCheckpoints) {
  struct Golden {
    const char* name;
    int heads, kv_heads, head_dim, rotary;
    const char* stored;
  };
  for (const Golden& golden :
       {Golden{"phi-mha", 4, 4, 16, 8, "BF16"}, Golden{"phi-gqa-qknorm-fp16", 8, 2, 16, 6, "F16"},
        Golden{"phi-two-shards", 4, 1, 12, 6, "F32"}}) {
    const Model model =
        Model::Open(std::filesystem::path(HEADSPEC_TEST_DATA) / "golden" / "checkpoints" / golden.name);
    EXPECT_EQ(model.config().heads, golden.heads) << golden.name;
    EXPECT_EQ(model.config().kv_heads, golden.kv_heads) << golden.name;
    EXPECT_EQ(model.config().head_dim, golden.head_dim) << golden.name;
    EXPECT_EQ(model.config().rotaries[0].dims, golden.rotary) << golden.name;
    EXPECT_EQ(model.stored_dtype(), golden.stored) << golden.name;
    EXPECT_EQ(model.shared()[Slot::kEmbedding].rows, model.config().vocab) << golden.name;
  }
}

}  // namespace
}  // namespace headspec::model
