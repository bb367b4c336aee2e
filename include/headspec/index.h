// The Specialization Index and its statistics from entropies that are there already.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "headspec/export.h"
#include "headspec/run.h"
#include "headspec/statistics.h"
#include "headspec/table.h"

namespace headspec {

// Letters: P prompts, L layers, H heads.
struct StoredIndex {
  std::string place;                 // of the matrix in its file; empty: it was in memory
  int layers = 0;                    // L
  int heads = 0;                     // H
  double specialization_index = 0;   // 1 - mean_head_correlation; NaN if fewer than two heads vary
  double mean_head_correlation = 0;  // Pearson, over pairs of heads' depth profiles
  Table head_correlation;            // (H, H); NaN where undefined
  std::vector<int> constant_heads;   // heads that do not vary over layers: left out of the mean
  int prompts = 0;                   // whose values there are
  IndexStatistics statistics;        // shuffled heads, shares of variance, resampled prompts
};

// `prompts` is (P)(L, H): the index is that of their mean; from two prompts on it has an interval. Throws
// Error(kInput) if there is none, or if a table is empty or ragged or another's shape.
HEADSPEC_API StoredIndex ComputeIndex(const std::vector<Table>& prompts, std::int64_t seed = 42);

// Of every layers-by-heads matrix in a file: JSON with `entropies` anywhere in it (the published schema), or
// results of headspec, .npy or .npz. Throws Error.
HEADSPEC_API std::vector<StoredIndex> StoredIndices(const std::filesystem::path& file,
                                                    Observer* observer = nullptr);

}  // namespace headspec
