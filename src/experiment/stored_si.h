// The index of matrices that were stored earlier, and its statistics: as far as one matrix allows, and with
// the prompts' values all of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/progress.h"
#include "headspec/statistics.h"
#include "headspec/table.h"

namespace headspec::experiment {

struct StoredIndex {
  std::string place;  // of the matrix in the file
  int layers = 0;
  int heads = 0;
  double specialization_index = 0;
  double mean_head_correlation = 0;
  Table head_correlation;  // (H, H)
  std::vector<int> constant_heads;
  int prompts = 0;  // whose values the file has
  IndexStatistics statistics;
};

// With the seed that a run has by default.
std::vector<StoredIndex> StoredIndices(const std::filesystem::path& file, Progress* progress = nullptr);

}  // namespace headspec::experiment
