// Which models can be measured, as plain data for people and scripts.
#pragma once

#include <string>
#include <vector>

namespace headspec::experiment {

struct SupportedFamily {
  std::vector<std::string> model_types;  // of config.json
  std::string covers;                    // well-known checkpoints
};

// Every family, in the order of the family table.
std::vector<SupportedFamily> SupportedFamilies();

}  // namespace headspec::experiment
