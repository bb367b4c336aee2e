// Turns the JSON text of a safetensors header into entries, in the order of the text. ParseSafetensors calls
// it. It checks form (which fields, of which type, each once), not whether offsets and sizes agree.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/safetensors.h"

namespace headspec::checkpoint {

struct HeaderText {
  std::vector<TensorEntry> tensors;
  std::map<std::string, std::string> metadata;
};

// Throws Error(kInput) InvalidHeaderDeserialization.
HeaderText ReadHeader(std::string_view text, const std::string& file_name);

}  // namespace headspec::checkpoint
