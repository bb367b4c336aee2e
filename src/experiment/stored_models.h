// Models that somebody measured earlier, with what their file says about them: results.json of headspec, or
// a published E11 file (experiment/stored_entropies.h reads matrices alone).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "headspec/table.h"

namespace headspec::experiment {

struct StoredModel {
  std::string role;  // "base" or "instruct" in a pair's file, else empty
  std::string name;
  std::string place;  // JSON pointer of the entropies
  std::string architecture = {};
  int kv_heads = 0;                          // 0: not stated
  Table entropies = {};                      // (L, H)
  std::vector<Table> prompt_entropies = {};  // empty: not stored
  std::optional<bool> adds_bos = {};
  std::optional<bool> has_chat_template = {};
  std::optional<bool> chat_template_applied = {};
  std::string dtype = {};  // "torch.bfloat16"
};

struct StoredMeasurement {
  std::vector<StoredModel> models;  // a pair: base first
  std::string prompt_version;
  std::string prompt_md5;
  int num_prompts = 0;
  int max_length = 0;
  std::optional<bool> use_chat_template;
  std::string padding;  // "none", "max-length left", ...; empty: not stated
};

// Throws Error on a file that is not readable, holds no entropies, or holds values that are not numbers.
StoredMeasurement ReadStoredMeasurement(const std::filesystem::path& file);

}  // namespace headspec::experiment
