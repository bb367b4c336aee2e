#include "engine/finite_watch.h"

#include <tuple>

#include "engine/kernels/kernels.h"

namespace headspec::engine {
namespace {

bool IsEarlier(const Place& a, const Place& b) {
  return a.layer == b.layer && a.operation == b.operation &&
         std::tie(a.prompt, a.head) < std::tie(b.prompt, b.head);
}

}  // namespace

void FiniteWatch::Check(const Place& place, std::span<const float> values) {
  const int found = kernels::CountNonFinite(values);
  if (found == 0) return;
  const std::lock_guard lock(mutex_);
  // Operations follow one another; only prompts and heads of one operation run at the same time.
  if (count_ == 0 || IsEarlier(place, first_)) first_ = place;
  count_ += found;
}

}  // namespace headspec::engine
