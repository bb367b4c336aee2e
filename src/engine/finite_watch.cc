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
  // Operations follow one another. Within attention those of different heads overlap, but a head's scores
  // come before all that follows from them, so the first record is of the first operation all the same.
  if (count_ == 0 || IsEarlier(place, first_)) first_ = place;
  count_ += found;
}

void FiniteWatch::CheckRows(const Place& place, const MatrixView& values, ThreadPool& pool) {
  pool.For(values.rows, [&](int row) { Check(place, RowOf(values, row)); });
}

}  // namespace headspec::engine
