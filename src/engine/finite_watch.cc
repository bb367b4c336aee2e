#include "engine/finite_watch.h"

#include <tuple>

#include "engine/kernels/kernels.h"

namespace headspec::engine {
namespace {

bool IsEarlier(const Place& a, const Place& b) {
  return std::tie(a.layer, a.step, a.prompt, a.head) < std::tie(b.layer, b.step, b.prompt, b.head);
}

}  // namespace

void FiniteWatch::Check(const Place& place, std::span<const float> values) {
  const int found = kernels::CountNonFinite(values);
  if (found == 0) return;
  const std::lock_guard lock(mutex_);
  if (count_ == 0 || IsEarlier(place, first_)) first_ = place;
  count_ += found;
}

void FiniteWatch::CheckRows(const Place& place, const MatrixView& values, ThreadPool& pool) {
  pool.For(values.rows, [&](int row) { Check(place, RowOf(values, row)); });
}

}  // namespace headspec::engine
