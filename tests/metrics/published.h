// The published E11 files (tests/data/published): each model's table of head values and the fields they
// print.
#pragma once

#include "statistics_golden.h"

namespace headspec::metrics {

struct PublishedPair {
  const char* name;
  const char* file;
  int key_value_heads;
};

inline constexpr PublishedPair kPublished[] = {
    {"Llama-3.1-8B", "E11T_gqa_comparison_20260113_181926.json", 8},
    {"Mistral-7B-v0.3", "E11_territorial_collapse_mistral_20260113_182026.json", 32},
    {"falcon-7b", "E11_falcon_territorial_collapse_20260113_195443.json", 1},
};

inline nlohmann::json ReadPublished(const PublishedPair& pair) {
  return ReadJson(std::string("data/published/") + pair.file).at("results");
}

// Of "base" or "instruct". Mistral and Llama keep the entropies with each seed, all the same.
inline Table Entropies(const nlohmann::json& model) {
  const auto& holder = model.contains("entropies") ? model : model.at("seed_results").at(0);
  return holder.at("entropies").get<Table>();
}

}  // namespace headspec::metrics
