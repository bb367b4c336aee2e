// What numpy and scipy gave (tests/golden/statistics.json), and tables that several tests need.
#pragma once

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string>

#include "headspec/table.h"
#include "metrics/random.h"

namespace headspec::metrics {

inline nlohmann::json ReadJson(const std::string& name) {
  std::ifstream in(std::filesystem::path(HEADSPEC_TEST_DATA) / name);
  return nlohmann::json::parse(in);
}

inline nlohmann::json Golden(const std::string& key) { return ReadJson("golden/statistics.json").at(key); }

// The standard normal distribution, by Box and Muller.
inline double Normal(Random& random) {
  const double radius = std::sqrt(-2 * std::log(1 - random.Uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.Uniform());
}

// (L, H): strength * effect of the layer + identity * effect of the head + noise, all standard normal.
struct Planted {
  int layers = 8;
  int heads = 6;
  double depth = 0;
  double identity = 0;
};

inline Table PlantedTable(const Planted& planted, Random& random) {
  std::vector<double> head_effects;
  for (int head = 0; head < planted.heads; ++head) head_effects.push_back(planted.identity * Normal(random));
  Table table;
  for (int layer = 0; layer < planted.layers; ++layer) {
    const double layer_effect = planted.depth * Normal(random);
    auto& row = table.emplace_back();
    for (const double head_effect : head_effects) row.push_back(layer_effect + head_effect + Normal(random));
  }
  return table;
}

}  // namespace headspec::metrics
