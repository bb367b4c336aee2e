// Entropies that somebody stored earlier: JSON with `entropies` or `head_entropies` matrices anywhere in it
// (the published schema, and ours), .npy, or .npz.
// Values of single prompts come with them where the file has them.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "headspec/table.h"

namespace headspec::experiment {

struct StoredEntropies {
  std::string place;  // JSON pointer, array name in the archive, or the file's name
  Table values;       // (L, H); an array of (P, L, H) is averaged over its first axis
  // (P)(L, H): that array, or the list under the matrix's key + "_per_prompt" beside it; else empty.
  std::vector<Table> prompts = {};
};

// All matrices in the file, in its order. Throws Error on a file that is none of these, that holds none,
// or whose matrix is ragged, empty, not numeric or not finite.
std::vector<StoredEntropies> ReadStoredEntropies(const std::filesystem::path& file);

// One matrix; `place` names it in errors. Throws Error as above.
Table TableFromJson(const nlohmann::json& json, const std::string& place);

}  // namespace headspec::experiment
