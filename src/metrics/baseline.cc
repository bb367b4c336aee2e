#include "metrics/baseline.h"

#include <algorithm>
#include <cmath>

namespace headspec::metrics {

Maybe<UniformHead> UniformCausalHead(int tokens) {
  if (tokens < 1) return Maybe<UniformHead>::None("no tokens");
  const double t = tokens;
  UniformHead head;
  double harmonic = 0;  // from the last query back: HT - Hk after query k
  double entropy = 0;
  for (int key = tokens - 1; key >= 0; --key) {
    const double visible = key + 1;
    harmonic += 1 / visible;
    head.local_mass += std::min(9.0, visible) / visible / t;
    entropy -= harmonic / t * std::log2(harmonic / t);
  }
  head.received_entropy = tokens > 1 ? entropy / std::log2(t) : 0;
  if (tokens > 1) head.query_entropy = 1;
  head.sink_mass = head.max_weight = harmonic / t;
  head.previous_token = (harmonic - 1) / t;
  head.mean_distance = (t - 1) / 4;
  head.effective_support = (t + 1) / 2;
  return head;
}

}  // namespace headspec::metrics
