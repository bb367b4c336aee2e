// Rotary settings of config.json under the rules of different families.
#include "model/rope.h"

#include <gtest/gtest.h>

#include <cmath>

#include "model/config_reader.h"
#include "model/tiny_checkpoint.h"

namespace headspec::model {
namespace {

using Kind = RopeScaling::Kind;

constexpr int kHeadDim = 8;

Rotary Read(const Json& config, const RopeRules& rules = {}) {
  const TinyCheckpoint checkpoint(config);
  return ReadRotary(ConfigReader::Open(checkpoint.folder()), kHeadDim, rules);
}

// A file with this rope_scaling and a few other keys.
Json Scaled(const Json& scaling, const Json& others = Json::object()) {
  Json config = {{"rope_scaling", scaling}};
  config.update(others);
  return config;
}

RopeRules Phi3Rules() {
  RopeRules rules;
  rules.partial = true;
  rules.scalings = {Kind::kLongrope};
  rules.longrope_aliases = true;
  rules.max_length = rules.original_length = 4096;
  return rules;
}

RopeRules GptNeoxRules() {
  RopeRules rules;
  rules.theta_key = "rotary_emb_base";
  rules.partial_key = "rotary_pct";
  rules.partial_factor = 0.25;
  rules.partial = true;
  return rules;
}

RopeRules GptjRules() {
  RopeRules rules;
  rules.theta_key = rules.partial_key = "";
  rules.dims_key = "rotary_dim";
  rules.scalings = {};
  rules.pairs = RotaryPairs::kNeighbours;
  rules.frequencies_in_type = true;
  return rules;
}

const Json kShort = {1.0, 1.25, 1.5, 2};
const Json kLong = {1.0, 4.0, 16.0, 64};

Json Longrope(const Json& others = Json::object()) {
  Json scaling = {{"type", "longrope"}, {"short_factor", kShort}, {"long_factor", kLong}};
  scaling.update(others);
  return scaling;
}

TEST(Rope, Defaults) {
  const Rotary rotary = Read(Json::object());
  EXPECT_EQ(rotary.dims, 8);
  EXPECT_EQ(rotary.theta, 10000);
  EXPECT_EQ(rotary.pairs, RotaryPairs::kHalves);
  EXPECT_EQ(rotary.rounding, RotaryRounding::kEachOperation);
  EXPECT_FALSE(rotary.frequencies_in_type);
  EXPECT_EQ(rotary.scaling, RopeScaling());
  EXPECT_EQ(Read({{"rope_scaling", nullptr}, {"rope_parameters", nullptr}}).scaling, RopeScaling());
}

TEST(Rope, KeysOfTheFamily) {
  const Rotary neox = Read({{"rotary_emb_base", 500}, {"rotary_pct", 0.5}}, GptNeoxRules());
  EXPECT_EQ(neox.theta, 500);
  EXPECT_EQ(neox.dims, 4);
  // The reference overwrites these with the family's own keys, or their defaults.
  const Rotary ignored = Read({{"rope_theta", 500}, {"partial_rotary_factor", 0.5}}, GptNeoxRules());
  EXPECT_EQ(ignored.theta, 10000);
  EXPECT_EQ(ignored.dims, 2);

  const Rotary gptj = Read({{"rotary_dim", 4}, {"rope_theta", 7}}, GptjRules());
  EXPECT_EQ(gptj.theta, 10000);
  EXPECT_EQ(gptj.dims, 4);
  EXPECT_EQ(gptj.pairs, RotaryPairs::kNeighbours);
  EXPECT_TRUE(gptj.frequencies_in_type);
}

TEST(Rope, RoundingComesFromTheRules) {
  RopeRules rules;
  rules.rounding = RotaryRounding::kOnce;
  EXPECT_EQ(Read(Json::object(), rules).rounding, RotaryRounding::kOnce);
}

TEST(Rope, TypeUnderEitherKeyOrBoth) {
  for (const Json& scaling :
       {Json{{"type", "linear"}, {"factor", 4}}, Json{{"rope_type", "linear"}, {"factor", 4}},
        Json{{"type", "linear"}, {"rope_type", "linear"}, {"factor", 4}}}) {
    const RopeScaling read = Read(Scaled(scaling)).scaling;
    EXPECT_EQ(read.kind, Kind::kLinear);
    EXPECT_EQ(read.factor, 4);
  }
}

TEST(Rope, Dynamic) {
  const Json scaling = {{"rope_type", "dynamic"}, {"factor", 2.5}};
  const RopeScaling read = Read(Scaled(scaling, {{"max_position_embeddings", 64}})).scaling;
  EXPECT_EQ(read.kind, Kind::kDynamic);
  EXPECT_EQ(read.factor, 2.5);
  EXPECT_EQ(read.max_length, 64);
  EXPECT_EQ(Read(Scaled(scaling)).scaling.max_length, 2048);
}

TEST(Rope, Yarn) {
  const RopeScaling read = Read(Scaled({{"rope_type", "yarn"},
                                        {"factor", 4},
                                        {"original_max_position_embeddings", 1024},
                                        {"beta_fast", 16},
                                        {"beta_slow", 2},
                                        {"truncate", false}}))
                               .scaling;
  EXPECT_EQ(read.kind, Kind::kYarn);
  EXPECT_EQ(read.factor, 4);
  EXPECT_EQ(read.original_length, 1024);
  EXPECT_EQ(read.beta_fast, 16);
  EXPECT_EQ(read.beta_slow, 2);
  EXPECT_FALSE(read.truncate);
  EXPECT_EQ(read.attention_factor, 0.1 * std::log(4.0) + 1);
}

// Zero counts as absent, as Python's "or" has it.
TEST(Rope, YarnDefaults) {
  const RopeScaling read = Read(Scaled({{"rope_type", "yarn"},
                                        {"factor", 1},
                                        {"original_max_position_embeddings", 0},
                                        {"beta_fast", 0},
                                        {"beta_slow", nullptr}},
                                       {{"max_position_embeddings", 300}}))
                               .scaling;
  EXPECT_EQ(read.original_length, 300);
  EXPECT_EQ(read.beta_fast, 32);
  EXPECT_EQ(read.beta_slow, 1);
  EXPECT_TRUE(read.truncate);
  EXPECT_EQ(read.attention_factor, 1);
}

TEST(Rope, YarnAttentionFactor) {
  const auto factor = [](const Json& changes) {
    Json scaling = {{"rope_type", "yarn"}, {"factor", 40}};
    scaling.update(changes);
    return Read(Scaled(scaling)).scaling.attention_factor;
  };
  const double plain = 0.1 * std::log(40.0) + 1;
  EXPECT_EQ(factor({{"attention_factor", 0.5}, {"mscale", 1}, {"mscale_all_dim", 2}}), 0.5);
  EXPECT_EQ(factor({{"mscale", 1}, {"mscale_all_dim", 0.5}}), plain / (0.1 * 0.5 * std::log(40.0) + 1));
  EXPECT_EQ(factor({{"mscale", 0.707}}), plain);
  EXPECT_EQ(factor({{"mscale", 0.707}, {"mscale_all_dim", 0}}), plain);
}

TEST(Rope, Llama3) {
  const RopeScaling read = Read(Scaled({{"rope_type", "llama3"},
                                        {"factor", 8},
                                        {"low_freq_factor", 1},
                                        {"high_freq_factor", 4},
                                        {"original_max_position_embeddings", 8192}}))
                               .scaling;
  EXPECT_EQ(read.kind, Kind::kLlama3);
  EXPECT_EQ(read.factor, 8);
  EXPECT_EQ(read.low_freq_factor, 1);
  EXPECT_EQ(read.high_freq_factor, 4);
  EXPECT_EQ(read.original_length, 8192);
  EXPECT_EQ(read.attention_factor, 1);
}

TEST(Rope, LongropeByOriginalLength) {
  for (const char* name : {"longrope", "su", "yarn"}) {
    const Json scaling = Longrope({{"type", name}, {"original_max_position_embeddings", 7}});
    const RopeScaling read =
        Read(Scaled(scaling, {{"max_position_embeddings", 131072}}), Phi3Rules()).scaling;
    EXPECT_EQ(read.kind, Kind::kLongrope);
    // The one inside rope_scaling does not count.
    EXPECT_EQ(read.original_length, 4096);
    EXPECT_EQ(read.short_factors, kShort.get<std::vector<double>>());
    EXPECT_EQ(read.long_factors, kLong.get<std::vector<double>>());
    EXPECT_EQ(read.attention_factor, std::sqrt(1 + std::log(32.0) / std::log(4096.0)));
  }
  const Json lengths = {{"max_position_embeddings", 480}, {"original_max_position_embeddings", 48}};
  const RopeScaling read = Read(Scaled(Longrope(), lengths), Phi3Rules()).scaling;
  EXPECT_EQ(read.original_length, 48);
  EXPECT_EQ(read.attention_factor, std::sqrt(1 + std::log(10.0) / std::log(48.0)));
  EXPECT_EQ(Read(Scaled(Longrope()), Phi3Rules()).scaling.attention_factor, 1);
}

TEST(Rope, LongropeByFactor) {
  const RopeScaling read = Read(Scaled(Longrope({{"factor", 4}}), {{"max_position_embeddings", 64}})).scaling;
  EXPECT_EQ(read.original_length, 64);
  EXPECT_EQ(read.attention_factor, std::sqrt(1 + std::log(4.0) / std::log(64.0)));
  EXPECT_EQ(Read(Scaled(Longrope({{"attention_factor", 1.5}}))).scaling.attention_factor, 1.5);
}

TEST(Rope, ParametersOfVersion5) {
  const Json parameters = {{"rope_type", "longrope"},      {"rope_theta", 5e5},
                           {"partial_rotary_factor", 1.0}, {"short_factor", kShort},
                           {"long_factor", kLong},         {"original_max_position_embeddings", 1024}};
  const Rotary rotary = Read(
      {{"rope_parameters", parameters}, {"max_position_embeddings", 4096}, {"rope_theta", 7}}, Phi3Rules());
  EXPECT_EQ(rotary.theta, 5e5);
  EXPECT_EQ(rotary.scaling.original_length, 1024);
  EXPECT_EQ(rotary.scaling.attention_factor, std::sqrt(1 + std::log(4.0) / std::log(1024.0)));
  const Rotary neox =
      Read({{"rope_parameters", {{"rope_theta", 500}, {"partial_rotary_factor", 0.5}}}}, GptNeoxRules());
  EXPECT_EQ(neox.theta, 500);
  EXPECT_EQ(neox.dims, 4);
}

// As version 5 writes it for gemma3.
TEST(Rope, ParametersByTypeOfLayer) {
  const Json config = {{"rope_parameters",
                        {{"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 1e4}}},
                         {"full_attention", {{"rope_type", "linear"}, {"factor", 8}, {"rope_theta", 1e6}}}}}};
  RopeRules rules;
  rules.layer_type = "full_attention";
  const Rotary full = Read(config, rules);
  EXPECT_EQ(full.theta, 1e6);
  EXPECT_EQ(full.scaling.kind, Kind::kLinear);
  EXPECT_EQ(full.scaling.factor, 8);
  rules.layer_type = "sliding_attention";
  rules.theta_key = "rope_local_base_freq";
  rules.scaling_key = "";
  const Rotary sliding = Read(config, rules);
  EXPECT_EQ(sliding.theta, 1e4);
  EXPECT_EQ(sliding.scaling.kind, Kind::kNone);
  // The old keys of the same: the sliding layers are never scaled.
  const Json old = Scaled({{"rope_type", "linear"}, {"factor", 8}}, {{"rope_local_base_freq", 5000}});
  EXPECT_EQ(Read(old, rules).theta, 5000);
  EXPECT_EQ(Read(old, rules).scaling, RopeScaling());
}

TEST(Rope, OldAndNewScalingMayAgree) {
  const Json linear = {{"rope_type", "linear"}, {"factor", 4}};
  EXPECT_EQ(Read({{"rope_scaling", linear}, {"rope_parameters", linear}}).scaling.factor, 4);
}

struct Refusal {
  Json config;
  std::string message;  // after "kInput: config.json: "
};

void ExpectRefusals(const RopeRules& rules, const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    const TinyCheckpoint checkpoint(refusal.config);
    const std::string error = ErrorOf(
        checkpoint.folder(), [&] { ReadRotary(ConfigReader::Open(checkpoint.folder()), kHeadDim, rules); });
    EXPECT_EQ(error, "kInput: config.json: " + refusal.message);
  }
}

TEST(RopeRefusal, Type) {
  const std::string next = " in FOLDER; this rotary scaling changes attention and is not supported";
  const std::string unnamed = " in FOLDER; name the kind of scaling, or remove the key if there is none";
  const std::string all =
      R"("rope_scaling.rope_type": expected one of: default, linear, dynamic, yarn, longrope, llama3; found )";
  ExpectRefusals(
      {},
      {
          {Scaled(Json::object()), all + "nothing" + unnamed},
          {Scaled({{"factor", 4}}), all + "nothing" + unnamed},
          {Scaled({{"rope_type", "mrope"}}), all + "\"mrope\"" + next},
          {Scaled({{"rope_type", "su"}}), all + "\"su\"" + next},
          {Scaled({{"rope_type", 4}}),
           R"("rope_scaling.rope_type": expected a string, found 4 in FOLDER; download the file again or correct it)"},
          {Scaled({{"type", "yarn"}, {"rope_type", "linear"}}),
           R"("rope_scaling.type": expected "linear" as in rope_type, found "yarn" in FOLDER; remove the wrong one)"},
      });
  ExpectRefusals(Phi3Rules(),
                 {{Scaled({{"type", "linear"}, {"factor", 4}}),
                   R"("rope_scaling.type": expected one of: default, longrope; found "linear")" + next}});
  ExpectRefusals(GptjRules(),
                 {{Scaled({{"rope_type", "linear"}}, {{"rotary_dim", 4}}),
                   R"("rope_scaling.rope_type": expected one of: default; found "linear")" + next}});
}

TEST(RopeRefusal, ThetaAndDims) {
  const std::string next = " in FOLDER; correct the value";
  ExpectRefusals(
      {},
      {
          {{{"rope_theta", 0}}, R"("rope_theta": expected a positive number, found 0)" + next},
          {{{"rope_theta", 5}, {"rope_parameters", {{"rope_theta", -1}}}},
           R"("rope_parameters.rope_theta": expected a positive number, found -1)" + next},
          {{{"partial_rotary_factor", 0.5}},
           R"("partial_rotary_factor": expected 1, found 0.5 in FOLDER; this family rotates whole heads; remove the key)"},
      });
  ExpectRefusals(
      GptNeoxRules(),
      {
          {{{"rotary_emb_base", -1}}, R"("rotary_emb_base": expected a positive number, found -1)" + next},
          {{{"rotary_pct", 1.5}}, R"("rotary_pct": expected a number in (0, 1], found 1.5)" + next},
          {{{"rotary_pct", 0.4}},
           R"("rotary_pct": expected an even number of rotated values, found 3 of a head of 8)" + next},
      });
  ExpectRefusals(
      GptjRules(),
      {
          {{{"rotary_dim", 3}},
           R"("rotary_dim": expected an even number of rotated values, found 3 of a head of 8)" + next},
          {Json::object(),
           R"("rotary_dim": expected an even number of rotated values, found 64 of a head of 8)" + next},
          {{{"rotary_dim", 10}},
           R"("rotary_dim": expected an integer from 2 to 8, found 10 in FOLDER; download the file again or correct it)"},
      });
  // A whole head of odd width.
  const TinyCheckpoint checkpoint(Json::object());
  EXPECT_EQ(
      ErrorOf(checkpoint.folder(), [&] { ReadRotary(ConfigReader::Open(checkpoint.folder()), 5, {}); }),
      "kInput: config.json: \"head_dim\": expected an even number of rotated values, found 5 of a head of 5" +
          next);
}

TEST(RopeRefusal, Factor) {
  const std::string key = R"("rope_scaling.factor": expected a number of at least 1, found )";
  std::vector<Refusal> refusals;
  for (const char* name : {"linear", "dynamic", "yarn", "llama3"}) {
    refusals.push_back({Scaled({{"rope_type", name}}), key + "nothing in FOLDER; add the scaling factor"});
    refusals.push_back(
        {Scaled({{"rope_type", name}, {"factor", 0.5}}), key + "0.5 in FOLDER; correct the scaling factor"});
  }
  refusals.push_back({Scaled(Longrope()), key + "nothing in FOLDER; add the scaling factor"});
  ExpectRefusals({}, refusals);
}

TEST(RopeRefusal, DynamicAndYarn) {
  const std::string next = " in FOLDER; correct the value";
  const Json dynamic = {{"rope_type", "dynamic"}, {"factor", 2}};
  const Json yarn = {{"rope_type", "yarn"}, {"factor", 2}};
  ExpectRefusals(
      GptNeoxRules(),
      {{Scaled(dynamic),
        R"("rope_scaling.rope_type": expected at least 4 rotated values for "dynamic", found 2)" + next}});
  ExpectRefusals(
      {},
      {
          {Scaled(dynamic, {{"max_position_embeddings", 0}}),
           R"("max_position_embeddings": expected an integer from 1 to 1073741824, found 0 in FOLDER; download the file again or correct it)"},
          {Scaled(yarn, {{"rope_theta", 1}}),
           R"("rope_scaling.rope_type": expected a theta above 1 for "yarn", found 1)" + next},
          {Scaled({{"rope_type", "yarn"}, {"factor", 2}, {"beta_slow", -1}}),
           R"("rope_scaling.beta_slow": expected a positive number, found -1)" + next},
          {Scaled({{"rope_type", "yarn"}, {"factor", 2}, {"original_max_position_embeddings", -1}}),
           R"("rope_scaling.original_max_position_embeddings": expected an integer from 0 to 1073741824, found -1 in FOLDER; download the file again or correct it)"},
      });
}

TEST(RopeRefusal, Llama3) {
  const Json whole = {{"rope_type", "llama3"},
                      {"factor", 8},
                      {"low_freq_factor", 1},
                      {"high_freq_factor", 4},
                      {"original_max_position_embeddings", 8192}};
  const auto with = [&](const char* key, const Json& value) {
    Json scaling = whole;
    scaling[key] = value;
    return Scaled(scaling);
  };
  const std::string add = ": expected a number of at least 0, found nothing in FOLDER; add the value";
  ExpectRefusals(
      {},
      {
          {with("low_freq_factor", nullptr), "\"rope_scaling.low_freq_factor\"" + add},
          {with("high_freq_factor", nullptr), "\"rope_scaling.high_freq_factor\"" + add},
          {with("low_freq_factor", 0),
           R"("rope_scaling.low_freq_factor": expected a positive number, found 0 in FOLDER; correct the scaling factor)"},
          {with("high_freq_factor", 1),
           R"("rope_scaling.high_freq_factor": expected a number above low_freq_factor 1, found 1 in FOLDER; correct the scaling factor)"},
          {with("original_max_position_embeddings", nullptr),
           R"("rope_scaling.original_max_position_embeddings": expected an integer from 1 to 1073741824, found nothing in FOLDER; download the file again or correct it)"},
      });
}

TEST(RopeRefusal, Longrope) {
  const std::string next = " in FOLDER; download the file again or correct it";
  const std::string list = R"("rope_scaling.short_factor": expected a list of 4 numbers, found )";
  ExpectRefusals(
      Phi3Rules(),
      {
          {Scaled(Longrope({{"short_factor", nullptr}})), list + "nothing" + next},
          {Scaled(Longrope({{"short_factor", 1.5}})), list + "1.5" + next},
          {Scaled(Longrope({{"short_factor", {1, 2, 3}}})), list + "3 values" + next},
          {Scaled(Longrope({{"short_factor", {1, 2, "3", 4}}})), list + "\"3\" in it" + next},
          {Scaled(Longrope({{"long_factor", {1, 2, 0, 4}}})),
           R"("rope_scaling.long_factor": expected positive numbers, found 0 in FOLDER; correct the scaling factor)"},
          {Scaled(Longrope(), {{"original_max_position_embeddings", 1}}),
           R"("original_max_position_embeddings": expected an integer from 2 to 1073741824, found 1)" + next},
          {Scaled(Longrope(), {{"max_position_embeddings", 1}}),
           R"("max_position_embeddings": expected an integer from 2 to 1073741824, found 1)" + next},
      });
}

TEST(RopeRefusal, Parameters) {
  RopeRules sliding;
  sliding.layer_type = "sliding_attention";
  ExpectRefusals(
      sliding,
      {{{{"rope_parameters", {{"rope_theta", 5}}}},
        R"("rope_parameters.sliding_attention": expected an object, found nothing in FOLDER; give the rotary settings of each type of layer)"}});
  ExpectRefusals(
      {},
      {
          {{{"rope_parameters", {{"full_attention", {{"rope_theta", 5}}}}}},
           R"("rope_parameters.full_attention": expected one set of rotary settings for all layers, found one for a type of layer in FOLDER; this family rotates all layers alike)"},
          {{{"rope_parameters", {{"rope_type", "linear"}, {"factor", 4}}},
            {"rope_scaling", {{"rope_type", "linear"}, {"factor", 8}}}},
           R"("rope_scaling": expected the scaling of rope_parameters, found another in FOLDER; remove the wrong one)"},
      });
}

}  // namespace
}  // namespace headspec::model
