// Rotary settings from config.json, in the old keys (rope_theta, partial_rotary_factor, rope_scaling)
// and the new ones (rope_parameters), shared by the families that rotate.
#pragma once

#include "model/config.h"
#include "model/config_reader.h"

namespace headspec::model {

struct RopeDefaults {
  double theta;
  double partial_factor;
};

// `head_dim` is the full head width. Throws Error(kInput) on a scaling type that is not supported.
Rotary ReadRotary(const ConfigReader& config, int head_dim, const RopeDefaults& defaults);

}  // namespace headspec::model
