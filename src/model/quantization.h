// What config.json says about quantised weights.
#pragma once

#include "model/config_reader.h"

namespace headspec::model {

// Blocks of an fp8 weight that share a scale, in elements.
struct ScaleBlocks {
  int rows = 0;  // 0: the weights are not quantised
  int cols = 0;

  bool IsQuantised() const { return rows > 0; }
};

// Throws Error(kInput) naming the method where it is another than fp8 in blocks.
ScaleBlocks ReadQuantization(const ConfigReader& json);

}  // namespace headspec::model
