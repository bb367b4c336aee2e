// Rotary settings from config.json, in the old keys (rope_theta, partial_rotary_factor, rope_scaling) and
// the new ones (rope_parameters), shared by the families that rotate.
// transformers 4.57.6 ignores rope_parameters and falls back to the class's defaults. It is read here because
// that is what the file means: version 5 writes it and computes with it.
#pragma once

#include <string_view>
#include <vector>

#include "model/config.h"
#include "model/config_reader.h"

namespace headspec::model {

// What a family accepts. Keys are those at the top level of config.json; an empty key is not read. In
// rope_parameters the keys are the same for all families.
struct RopeRules {
  std::string_view theta_key = "rope_theta";
  double theta = 10000;  // if the file gives none

  std::string_view partial_key = "partial_rotary_factor";
  double partial_factor = 1;  // if the file gives none
  // Whether the family rotates a part of each head. The reference fails on a factor in the others.
  bool partial = false;
  std::string_view dims_key = "";  // gptj, codegen: the number of rotated values instead of a factor
  int dims = 64;                   // if the file gives none

  std::string_view scaling_key = "rope_scaling";  // empty: never scaled, as gemma3's sliding layers
  std::vector<RopeScaling::Kind> scalings = {RopeScaling::Kind::kLinear, RopeScaling::Kind::kDynamic,
                                             RopeScaling::Kind::kYarn, RopeScaling::Kind::kLongrope,
                                             RopeScaling::Kind::kLlama3};
  bool longrope_aliases = false;  // phi3: "su" and "yarn" mean longrope
  int max_length = 2048;          // max_position_embeddings if the file gives none
  int original_length = 0;        // original_max_position_embeddings at the top level, likewise; 0: none
  // Where rope_parameters holds one object for each type of layer: "full_attention", "sliding_attention".
  std::string_view layer_type = "";

  RotaryPairs pairs = RotaryPairs::kHalves;
  RotaryRounding rounding = RotaryRounding::kEachOperation;
  bool frequencies_in_type = false;
};

// `head_dim` is the full head width. Throws Error(kInput) on what the family does not accept.
Rotary ReadRotary(const ConfigReader& config, int head_dim, const RopeRules& rules);

}  // namespace headspec::model
