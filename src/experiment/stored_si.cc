#include "experiment/stored_si.h"

#include "experiment/stored_entropies.h"
#include "metrics/specialization.h"

namespace headspec::experiment {

std::vector<StoredIndex> StoredIndices(const std::filesystem::path& file) {
  std::vector<StoredIndex> all;
  for (const StoredEntropies& stored : ReadStoredEntropies(file)) {
    const metrics::Specialization s = metrics::ComputeSpecialization(stored.values);
    all.push_back({stored.place, static_cast<int>(stored.values.size()),
                   static_cast<int>(stored.values.front().size()), s.index, s.mean_correlation, s.correlation,
                   s.constant_heads});
  }
  return all;
}

}  // namespace headspec::experiment
