// The committed golden checkpoints and what the reference gave for them (tests/golden/README.md).
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "headspec/table.h"

namespace headspec::golden {

inline std::filesystem::path Folder() { return std::filesystem::path(HEADSPEC_TEST_DATA) / "golden"; }

inline nlohmann::json ReadJson(const std::filesystem::path& file) {
  std::ifstream in(file);
  return nlohmann::json::parse(in);
}

inline std::vector<std::string> CheckpointNames() {
  return {"phi-mha", "phi-gqa-qknorm-fp16", "phi-two-shards", "phi-rope-linear", "phi-fp16-overflow"};
}

inline nlohmann::json Expected(const std::string& checkpoint) {
  return ReadJson(Folder() / "checkpoints" / checkpoint / "expected.json");
}

inline std::string PromptsArgument(const std::string& list) {
  return list == "standard-10" ? "standard-10-v3" : (Folder() / (list + ".json")).string();
}

// Largest difference of one layer's heads.
inline double LayerDistance(const Table& found, const nlohmann::json& expected, std::size_t layer) {
  double largest = 0;
  for (std::size_t head = 0; head < found[layer].size(); ++head) {
    largest = std::max(largest, std::abs(found[layer][head] - expected.at(layer).at(head).get<double>()));
  }
  return largest;
}

// How far a whole measurement is from a run of expected.json, for tools/make_models_doc.py. `prompts` is the
// list's key where the run is one of several.
inline void RecordParity(const std::string& checkpoint, const std::string& dtype, const std::string& prompts,
                         const Table& found, double si, const nlohmann::json& run) {
  double largest = 0;
  for (std::size_t layer = 0; layer < found.size(); ++layer)
    largest = std::max(largest, LayerDistance(found, run.at("entropies"), layer));
  const auto record = [](const char* key, double value) {
    testing::Test::RecordProperty(key, fmt::format("{:.3g}", value));
  };
  testing::Test::RecordProperty("checkpoint", checkpoint);
  testing::Test::RecordProperty("dtype", dtype);
  testing::Test::RecordProperty("prompts", prompts);
  record("layer_0", LayerDistance(found, run.at("entropies"), 0));
  record("all_layers", largest);
  record("si", std::abs(si - run.at("si").get<double>()));
}

}  // namespace headspec::golden
