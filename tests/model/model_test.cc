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
