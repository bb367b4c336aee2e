// The golden checkpoints of the older families bind: every tensor has a rule of its shape, and none is left
// over.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "error_of.h"
#include "model/model.h"
#include "temporary_folder.h"

namespace headspec::model {
namespace {

const std::filesystem::path kFamilies = std::filesystem::path(HEADSPEC_TEST_DATA) / "golden/families";

std::vector<std::string> NamesWith(const std::vector<std::string>& beginnings) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFamilies)) {
    const std::string name = entry.path().filename().string();
    for (const std::string& beginning : beginnings) {
      if (name.starts_with(beginning) && !name.starts_with("bert-relative")) names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Weights that the blocks of all these families have.
void ExpectBound(const Model& model) {
  const ModelConfig& config = model.config();
  EXPECT_NE(model.shared()[Slot::kEmbedding].data, nullptr);
  for (int layer = 0; layer < config.layers; ++layer) {
    const Weights& weights = model.layer(layer);
    EXPECT_EQ(weights[Slot::kQueryWeight].rows, config.QueryWidth());
    EXPECT_EQ(weights[Slot::kKeyWeight].rows, config.KeyWidth());
    EXPECT_EQ(weights[Slot::kValueWeight].rows, config.KeyWidth());
    EXPECT_EQ(weights[Slot::kOutputWeight].rows, config.hidden);
    EXPECT_EQ(weights[Slot::kUpWeight].rows, config.intermediate);
    EXPECT_EQ(weights[Slot::kDownWeight].rows, config.hidden);
    for (const Slot slot : {Slot::kQueryBias, Slot::kKeyBias, Slot::kValueBias})
      EXPECT_EQ(weights[slot].data != nullptr, config.qkv_bias);
    EXPECT_EQ(weights[Slot::kOutputBias].data != nullptr, config.output_bias);
    EXPECT_EQ(weights[Slot::kUpBias].data != nullptr, config.mlp_bias);
    EXPECT_EQ(weights[Slot::kDownBias].data != nullptr, config.mlp_bias);
    const bool is_affine = config.is_norm_affine;
    EXPECT_EQ(weights[Slot::kAttentionNormWeight].data != nullptr,
              is_affine && config.norms.before_attention);
    EXPECT_EQ(weights[Slot::kMlpNormWeight].data != nullptr, is_affine && config.norms.before_mlp);
    EXPECT_EQ(weights[Slot::kAttentionSumNormWeight].data != nullptr,
              is_affine && config.norms.after_attention_sum);
    EXPECT_EQ(weights[Slot::kMlpSumNormWeight].data != nullptr, is_affine && config.norms.after_mlp_sum);
  }
}

TEST(GoldenOpenOlder, EveryCheckpointBinds) {
  const std::vector<std::string> names =
      NamesWith({"gpt2", "gpt-neox", "gptj", "codegen", "falcon", "opt", "bloom", "mpt", "bert", "roberta"});
  EXPECT_EQ(names.size(), 25u);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    std::string error = headspec::ErrorOf([&] { ExpectBound(Model::Open(kFamilies / name)); });
    EXPECT_EQ(error, "no error");
  }
}

std::string ContentOf(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// A golden checkpoint as an older file has it: without `prefix`, endings replaced, and one more tensor.
struct OldFile {
  std::string checkpoint;
  std::string prefix;
  std::vector<std::pair<std::string, std::string>> endings;
  std::string buffer;
};

void WriteOldFile(const OldFile& old, const TemporaryFolder& folder) {
  const std::filesystem::path golden = kFamilies / old.checkpoint;
  folder.Write("config.json", ContentOf(golden / "config.json"));
  const std::string file = ContentOf(golden / "model.safetensors");
  std::uint64_t size = 0;
  std::memcpy(&size, file.data(), sizeof(size));
  const std::string data = file.substr(sizeof(size) + size);
  nlohmann::json header;
  const auto stored = nlohmann::json::parse(file.substr(sizeof(size), size));
  for (const auto& [key, tensor] : stored.items()) {
    std::string name = key.starts_with(old.prefix) ? key.substr(old.prefix.size()) : key;
    for (const auto& [ending, old_ending] : old.endings) name = ReplaceAll(name, ending, old_ending);
    header[name] = tensor;
  }
  header[old.buffer] = {
      {"dtype", "F32"}, {"shape", {1, 1}}, {"data_offsets", {data.size(), data.size() + sizeof(float)}}};
  const std::string text = header.dump();
  size = text.size();
  const std::string length(reinterpret_cast<const char*>(&size), sizeof(size));
  folder.Write("model.safetensors", length + text + data + std::string(sizeof(float), '\0'));
}

TEST(GoldenOpenOlder, OldNamesAndBuffers) {
  const std::vector<OldFile> files = {
      {"gpt2-plain", "transformer.", {}, "h.0.attn.bias"},
      {"gpt2-plain", "transformer.", {}, "transformer.h.2.attn.masked_bias"},
      {"gpt-neox-parallel", "gpt_neox.", {}, "gpt_neox.layers.1.attention.rotary_emb.inv_freq"},
      {"gpt-neox-parallel", "", {}, "gpt_neox.layers.1.attention.masked_bias"},
      {"gptj", "", {}, "transformer.h.1.attn.masked_bias"},
      {"codegen", "", {}, "transformer.h.1.attn.causal_mask"},
      {"falcon-7b", "", {}, "transformer.h.1.self_attention.rotary_emb.inv_freq"},
      {"opt-standard", "model.", {}, "lm_head.weight"},
      {"bloom", "transformer.", {}, "lm_head.weight"},
      {"mpt-clip", "", {}, "lm_head.weight"},
      {"bert",
       "bert.",
       {{"LayerNorm.weight", "LayerNorm.gamma"}, {"LayerNorm.bias", "LayerNorm.beta"}},
       "embeddings.position_ids"},
      {"bert", "", {}, "bert.pooler.dense.weight"},
      {"roberta", "", {}, "roberta.embeddings.position_ids"},
  };
  for (const OldFile& old : files) {
    SCOPED_TRACE(old.checkpoint + " with " + old.buffer);
    const TemporaryFolder folder;
    WriteOldFile(old, folder);
    EXPECT_EQ(headspec::ErrorOf([&] { ExpectBound(Model::Open(folder.path())); }), "no error");
  }
}

// Weights that the reference would leave unused, with a warning.
TEST(GoldenOpenOlder, OtherTensorsAreRefused) {
  const std::vector<OldFile> files = {
      {"mpt-clip", "", {}, "transformer.blocks.0.attn.q_ln.weight"},
      {"bert", "", {}, "bert.encoder.layer.0.attention.self.distance_embedding.weight"},
      {"gpt2-plain", "", {}, "transformer.h.0.crossattention.c_attn.weight"},
      {"falcon-7b", "", {}, "transformer.h.0.ln_mlp.weight"},
  };
  for (const OldFile& old : files) {
    const TemporaryFolder folder;
    WriteOldFile(old, folder);
    const std::string error = headspec::ErrorOf([&] { Model::Open(folder.path()); });
    EXPECT_TRUE(error.starts_with("kInput: tensor \"" + old.buffer + "\": not part of a ")) << error;
  }
}

TEST(GoldenOpenOlder, RelativePositionsAreRefused) {
  for (const std::string kind : {"key", "key-query"}) {
    const std::filesystem::path folder = kFamilies / ("bert-relative-" + kind);
    EXPECT_EQ(headspec::ErrorOf([&] { Model::Open(folder); }),
              "kInput: config.json: \"position_embedding_type\": expected \"absolute\", found \"relative_" +
                  ReplaceAll(kind, "-", "_") + "\" in " + folder.string() +
                  "; relative positions change attention and are not supported");
  }
}

}  // namespace
}  // namespace headspec::model
