// config.json: what is read, what is taken when it is absent, and the words for everything that is wrong.
#include <gtest/gtest.h>

#include "model/config_reader.h"
#include "model/family.h"
#include "model/tiny_checkpoint.h"

namespace headspec::model {
namespace {

ModelConfig Read(const std::filesystem::path& folder) {
  const ConfigReader json = ConfigReader::Open(folder);
  return FamilyOf(json).read_config(json);
}

ModelConfig Read(const Json& config) { return Read(TinyCheckpoint(config).folder()); }

// The phi of tiny_checkpoint.h with some keys changed.
Json PhiWith(const Json& changes) {
  Json config = PhiConfig();
  config.update(changes);
  return config;
}

TEST(Config, DefaultsOfPhi) {
  const ModelConfig config = Read(PhiConfig());
  EXPECT_EQ(config.model_type, "phi");
  EXPECT_EQ(config.weights_dtype, "");
  EXPECT_EQ(config.layers, 2);
  EXPECT_EQ(config.hidden, 8);
  EXPECT_EQ(config.heads, 2);
  EXPECT_EQ(config.kv_heads, 2);
  EXPECT_EQ(config.head_dim, 4);
  EXPECT_EQ(config.intermediate, 12);
  EXPECT_EQ(config.vocab, 11);
  EXPECT_EQ(config.norm_epsilon, 1e-5);
  EXPECT_EQ(config.qk_norm, QkNorm::kNone);
  EXPECT_EQ(config.rotaries[0].dims, 2);
  EXPECT_EQ(config.rotaries[0].theta, 10000);
  EXPECT_EQ(config.rotaries[0].scaling.factor, 1);
}

TEST(Config, EveryKeyOfPhi) {
  const ModelConfig config = Read(PhiWith({{"torch_dtype", "float16"},
                                           {"num_attention_heads", 4},
                                           {"num_key_value_heads", 2},
                                           {"head_dim", 10},
                                           {"layer_norm_eps", 1e-6},
                                           {"hidden_act", "gelu_new"},
                                           {"qk_layernorm", true},
                                           {"partial_rotary_factor", 0.4},
                                           {"rope_theta", 500000},
                                           {"rope_scaling", {{"type", "linear"}, {"factor", 4}}}}));
  EXPECT_EQ(config.weights_dtype, "float16");
  EXPECT_EQ(config.heads, 4);
  EXPECT_EQ(config.kv_heads, 2);
  EXPECT_EQ(config.head_dim, 10);
  EXPECT_EQ(config.QueryWidth(), 40);
  EXPECT_EQ(config.KeyWidth(), 20);
  EXPECT_EQ(config.norm_epsilon, 1e-6);
  EXPECT_EQ(config.qk_norm, QkNorm::kPerHead);
  EXPECT_EQ(config.rotaries[0].dims, 4);
  EXPECT_EQ(config.rotaries[0].theta, 500000);
  EXPECT_EQ(config.rotaries[0].scaling.factor, 4);
}

// Those of transformers' PhiConfig.
TEST(Config, AbsentSizesTakeTheClassDefaults) {
  const ModelConfig config = Read(Json{{"model_type", "phi"}});
  EXPECT_EQ(config.layers, 24);
  EXPECT_EQ(config.layer.size(), 24u);
  EXPECT_EQ(config.hidden, 2048);
  EXPECT_EQ(config.heads, 32);
  EXPECT_EQ(config.kv_heads, 32);
  EXPECT_EQ(config.head_dim, 64);
  EXPECT_EQ(config.intermediate, 8192);
  EXPECT_EQ(config.vocab, 51200);
  EXPECT_EQ(config.rotaries[0].dims, 32);
}

TEST(Config, EachAbsentSizeTakesItsOwnDefault) {
  const auto without = [](const char* key) {
    Json config = PhiWith({{"hidden_size", 128}});
    config.erase(key);
    return Read(config);
  };
  EXPECT_EQ(without("num_hidden_layers").layers, 24);
  EXPECT_EQ(without("hidden_size").hidden, 2048);
  EXPECT_EQ(without("num_attention_heads").heads, 32);
  EXPECT_EQ(without("num_attention_heads").head_dim, 4);
  EXPECT_EQ(without("intermediate_size").intermediate, 8192);
  EXPECT_EQ(without("vocab_size").vocab, 51200);
  EXPECT_EQ(without("vocab_size").layers, 2);
}

// Of keys other than sizes.
TEST(Config, NullIsAsGoodAsAbsent) {
  const ModelConfig config = Read(PhiWith({{"num_key_value_heads", nullptr},
                                           {"rope_scaling", nullptr},
                                           {"head_dim", nullptr},
                                           {"layer_norm_eps", nullptr},
                                           {"qk_layernorm", nullptr},
                                           {"hidden_act", nullptr}}));
  EXPECT_EQ(config.kv_heads, 2);
  EXPECT_EQ(config.head_dim, 4);
  EXPECT_EQ(config.norm_epsilon, 1e-5);
}

// int(head_dim * factor) of the reference: down, not to the nearest.
TEST(Config, RotatedValuesAreRoundedDown) {
  const auto dims = [](int head_dim, double factor) {
    return Read(PhiWith({{"head_dim", head_dim}, {"partial_rotary_factor", factor}})).rotaries[0].dims;
  };
  EXPECT_EQ(dims(80, 0.4), 32);
  EXPECT_EQ(dims(64, 0.5), 32);
  EXPECT_EQ(dims(16, 0.4), 6);
  EXPECT_EQ(dims(6, 1), 6);
}

void ExpectSame(const ModelConfig& a, const ModelConfig& b) {
  EXPECT_EQ(a.weights_dtype, b.weights_dtype);
  EXPECT_EQ(a.rotaries[0].dims, b.rotaries[0].dims);
  EXPECT_EQ(a.rotaries[0].theta, b.rotaries[0].theta);
  EXPECT_EQ(a.rotaries[0].scaling.factor, b.rotaries[0].scaling.factor);
}

TEST(Config, NewKeysMeanWhatTheOldOnesDo) {
  const ModelConfig before = Read(PhiWith({{"torch_dtype", "bfloat16"},
                                           {"rope_theta", 50000.0},
                                           {"partial_rotary_factor", 1.0},
                                           {"rope_scaling", {{"rope_type", "linear"}, {"factor", 8.0}}}}));
  const Json parameters = {
      {"rope_type", "linear"}, {"factor", 8.0}, {"rope_theta", 50000.0}, {"partial_rotary_factor", 1.0}};
  ExpectSame(before, Read(PhiWith({{"dtype", "bfloat16"}, {"rope_parameters", parameters}})));
  // The new keys where a file has both.
  ExpectSame(before, Read(PhiWith({{"dtype", "bfloat16"},
                                   {"torch_dtype", "float32"},
                                   {"rope_theta", 7.0},
                                   {"partial_rotary_factor", 0.5},
                                   {"rope_parameters", parameters}})));
}

TEST(Config, DefaultRopeParametersChangeNothing) {
  ExpectSame(Read(PhiConfig()), Read(PhiWith({{"rope_parameters", {{"rope_type", "default"}}}})));
  ExpectSame(Read(PhiConfig()), Read(PhiWith({{"rope_scaling", {{"type", "default"}}}})));
}

struct Refusal {
  Json changes;
  std::string message;  // after "kInput: config.json: "
};

void ExpectRefusals(const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    const TinyCheckpoint checkpoint(PhiWith(refusal.changes));
    EXPECT_EQ(ErrorOf(checkpoint.folder(), [&] { Read(checkpoint.folder()); }),
              "kInput: config.json: " + refusal.message);
  }
}

TEST(ConfigRefusal, NullSizes) {
  const std::string next =
      ": expected a value, found null in FOLDER; give the value, or remove the key for its default";
  ExpectRefusals({
      {{{"num_hidden_layers", nullptr}}, R"("num_hidden_layers")" + next},
      {{{"hidden_size", nullptr}}, R"("hidden_size")" + next},
      {{{"intermediate_size", nullptr}}, R"("intermediate_size")" + next},
      {{{"vocab_size", nullptr}}, R"("vocab_size")" + next},
      {{{"num_attention_heads", nullptr}}, R"("num_attention_heads")" + next},
  });
}

TEST(ConfigRefusal, ValuesThatAreNoSize) {
  const std::string layers = R"("num_hidden_layers": expected an integer from 1 to 16384, found )";
  const std::string next = " in FOLDER; download the file again or correct it";
  ExpectRefusals({
      {{{"num_hidden_layers", -1}}, layers + "-1" + next},
      {{{"num_hidden_layers", 0}}, layers + "0" + next},
      {{{"num_hidden_layers", 16385}}, layers + "16385" + next},
      {{{"num_hidden_layers", 4294967298}}, layers + "4294967298" + next},
      {{{"num_hidden_layers", 18446744073709551615u}}, layers + "18446744073709551615" + next},
      {{{"num_hidden_layers", 1e30}}, layers + "1e+30" + next},
      {{{"num_hidden_layers", 2.0}}, layers + "2.0" + next},
      {{{"num_hidden_layers", "2"}}, layers + "\"2\"" + next},
      {{{"num_hidden_layers", true}}, layers + "true" + next},
      {{{"num_hidden_layers", {1, 2}}}, layers + "[1,2]" + next},
      {{{"num_hidden_layers", std::string(1000, 'x')}}, layers + '"' + std::string(56, 'x') + "..." + next},
      {{{"head_dim", 0}}, R"("head_dim": expected an integer from 1 to 16384, found 0)" + next},
  });
}

TEST(ConfigRefusal, WrongTypes) {
  const std::string next = " in FOLDER; download the file again or correct it";
  ExpectRefusals({
      {{{"layer_norm_eps", "1e-5"}}, R"("layer_norm_eps": expected a number, found "1e-5")" + next},
      {{{"rope_theta", true}}, R"("rope_theta": expected a number, found true)" + next},
      {{{"qk_layernorm", 1}}, R"("qk_layernorm": expected true or false, found 1)" + next},
      {{{"hidden_act", 5}}, R"("hidden_act": expected a string, found 5)" + next},
      {{{"torch_dtype", {{"a", 1}}}}, R"("torch_dtype": expected a string, found {"a":1})" + next},
      {{{"model_type", 5}}, R"("model_type": expected a string, found 5)" + next},
      {{{"rope_scaling", "linear"}}, R"("rope_scaling": expected an object, found "linear")" + next},
      {{{"rope_scaling", {{"type", "linear"}, {"factor", "4"}}}},
       R"("rope_scaling.factor": expected a number, found "4")" + next},
      {{{"rope_parameters", {{"rope_theta", "x"}}}},
       R"("rope_parameters.rope_theta": expected a number, found "x")" + next},
  });
}

TEST(ConfigRefusal, HeadsThatDoNotDivide) {
  ExpectRefusals({
      {{{"num_attention_heads", 3}},
       R"("num_attention_heads": expected a divisor of hidden_size 8, found 3 in FOLDER; correct the configuration)"},
      {{{"num_attention_heads", 4}, {"num_key_value_heads", 3}},
       R"("num_key_value_heads": expected a divisor of num_attention_heads 4, found 3 in FOLDER; correct the configuration)"},
      {{{"num_key_value_heads", 4}},
       R"("num_key_value_heads": expected an integer from 1 to 2, found 4 in FOLDER; download the file again or correct it)"},
  });
}

TEST(ConfigRefusal, Rotary) {
  const std::string unsupported = " in FOLDER; this rotary scaling changes attention and is not supported";
  ExpectRefusals({
      {{{"head_dim", 6}},
       R"("partial_rotary_factor": expected an even number of rotated values, found 3 of a head of 6 in FOLDER; correct the value)"},
      {{{"partial_rotary_factor", 0.1}},
       R"("partial_rotary_factor": expected an even number of rotated values, found 0 of a head of 4 in FOLDER; correct the value)"},
      {{{"partial_rotary_factor", 1.5}},
       R"("partial_rotary_factor": expected a number in (0, 1], found 1.5 in FOLDER; correct the value)"},
      {{{"partial_rotary_factor", 0}},
       R"("partial_rotary_factor": expected a number in (0, 1], found 0 in FOLDER; correct the value)"},
      {{{"rope_parameters", {{"partial_rotary_factor", 2}}}},
       R"("rope_parameters.partial_rotary_factor": expected a number in (0, 1], found 2 in FOLDER; correct the value)"},
      {{{"rope_theta", 0}},
       R"("rope_theta": expected a positive number, found 0 in FOLDER; correct the value)"},
      {{{"rope_theta", -2.5}},
       R"("rope_theta": expected a positive number, found -2.5 in FOLDER; correct the value)"},
      {{{"rope_scaling", {{"rope_type", "ntk"}, {"factor", 4}}}},
       R"("rope_scaling.rope_type": expected one of: default, linear, dynamic, yarn, longrope, llama3; found "ntk")" +
           unsupported},
      {{{"rope_parameters", {{"rope_type", "mrope"}}}},
       R"("rope_parameters.rope_type": expected one of: default, linear, dynamic, yarn, longrope, llama3; found "mrope")" +
           unsupported},
      {{{"rope_scaling", {{"type", "linear"}, {"factor", 0.5}}}},
       R"("rope_scaling.factor": expected a number of at least 1, found 0.5 in FOLDER; correct the scaling factor)"},
  });
}

TEST(ConfigRefusal, ActivationAndEpsilon) {
  ExpectRefusals({
      {{{"hidden_act", "tanh"}},
       R"("hidden_act": expected one of: gelu, gelu_pytorch_tanh, gelu_new, gelu_fast, quick_gelu, silu, swish, relu; found "tanh" in FOLDER; this activation is not supported)"},
      {{{"layer_norm_eps", -1e-5}},
       R"("layer_norm_eps": expected a number of at least 0, found -1e-05 in FOLDER; correct the value)"},
  });
}

TEST(ConfigRefusal, UnknownModelTypeNamesTheSupported) {
  std::string supported;
  for (const Family* family : Families()) {
    for (const std::string_view type : family->model_types)
      supported += (supported.empty() ? "" : ", ") + std::string(type);
  }
  EXPECT_TRUE(supported.starts_with("phi, phi3, llama, ")) << supported;
  supported = R"("model_type": expected one of: )" + supported + "; found ";
  const std::string next = " in FOLDER; this version measures only these families";
  ExpectRefusals({
      {{{"model_type", "mamba"}}, supported + "\"mamba\"" + next},
      {{{"model_type", "Phi"}}, supported + "\"Phi\"" + next},
      {{{"model_type", nullptr}}, supported + "nothing" + next},
  });
}

std::string ErrorOfContent(const std::string& content) {
  const TinyCheckpoint checkpoint;
  checkpoint.Write("config.json", content);
  return ErrorOf(checkpoint.folder(), [&] { Read(checkpoint.folder()); });
}

TEST(ConfigRefusal, NotJson) {
  for (const char* content : {"", "{", "{\"a\": 1,}", "<html>", "{\"a\": 1e999}", "{} {}"}) {
    const std::string error = ErrorOfContent(content);
    EXPECT_TRUE(error.starts_with("kInput: config.json: not JSON in FOLDER (")) << error;
    EXPECT_TRUE(error.ends_with("; download the file again or correct it")) << error;
    EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  }
  EXPECT_EQ(ErrorOfContent("[1]"),
            "kInput: config.json: expected an object, found array in FOLDER; download the file again or "
            "correct it");
}

TEST(ConfigRefusal, LfsPointer) {
  EXPECT_EQ(ErrorOfContent("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 700\n"),
            "kInput: config.json: a Git-LFS pointer instead of the file in FOLDER/config.json; run git lfs "
            "pull there, or download the file again");
}

TEST(ConfigRefusal, MissingFile) {
  const TinyCheckpoint empty;
  EXPECT_EQ(ErrorOf(empty.folder(), [&] { Read(empty.folder()); }),
            "kSystem: config.json: none in FOLDER; give a folder that holds a Hugging Face checkpoint "
            "(config.json, tokenizer.json, model.safetensors)");
  std::filesystem::create_directory(empty.folder() / "config.json");
  EXPECT_EQ(ErrorOf(empty.folder(), [&] { Read(empty.folder()); }),
            "kSystem: config.json: cannot be read in FOLDER/config.json; check that it is a file and its "
            "permissions");
}

}  // namespace
}  // namespace headspec::model
