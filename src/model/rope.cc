#include "model/rope.h"

#include <fmt/format.h>

namespace headspec::model {
namespace {

// "default" leaves the frequencies alone, "linear" divides them.
void ReadScaling(const ConfigReader& scaling, Rotary& rotary) {
  const char* key = scaling.Has("rope_type") || !scaling.Has("type") ? "rope_type" : "type";
  const std::string type = scaling.String(key, "");
  if (type == "default") return;
  if (type != "linear") {
    scaling.Fail(key,
                 fmt::format("expected one of: default, linear; found {}",
                             type.empty() ? "nothing" : '"' + type + '"'),
                 "this rotary scaling changes attention and is not supported yet");
  }
  rotary.linear_factor = scaling.Number("factor", 0);
  if (!scaling.Has("factor")) {
    scaling.Fail("factor", "expected a number of at least 1, found nothing", "add the scaling factor");
  }
  if (rotary.linear_factor < 1) {
    scaling.Fail("factor", fmt::format("expected a number of at least 1, found {}", rotary.linear_factor),
                 "correct the scaling factor");
  }
}

}  // namespace

Rotary ReadRotary(const ConfigReader& config, int head_dim, const RopeDefaults& defaults) {
  Rotary rotary;
  const auto parameters = config.Object("rope_parameters");
  const ConfigReader& source = parameters ? *parameters : config;
  rotary.theta = source.Number("rope_theta", config.Number("rope_theta", defaults.theta));
  const double factor =
      source.Number("partial_rotary_factor", config.Number("partial_rotary_factor", defaults.partial_factor));
  if (!(rotary.theta > 0)) {
    source.Fail("rope_theta", fmt::format("expected a positive number, found {}", rotary.theta),
                "correct the value");
  }
  if (!(factor > 0 && factor <= 1)) {
    source.Fail("partial_rotary_factor", fmt::format("expected a number in (0, 1], found {}", factor),
                "correct the value");
  }
  rotary.dims = static_cast<int>(head_dim * factor);
  if (rotary.dims < 2 || rotary.dims % 2 != 0) {
    source.Fail("partial_rotary_factor",
                fmt::format("expected an even number of rotated values, found {} of a head of {}",
                            rotary.dims, head_dim),
                "correct the value");
  }
  if (parameters && parameters->Has("rope_type")) ReadScaling(*parameters, rotary);
  if (const auto scaling = config.Object("rope_scaling")) ReadScaling(*scaling, rotary);
  return rotary;
}

}  // namespace headspec::model
