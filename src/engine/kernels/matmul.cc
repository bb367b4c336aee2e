#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/matmul.cc"
#include <hwy/foreach_target.h>  // comes before highway.h

#include <hwy/highway.h>

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "engine/kernels/bf16_units.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/round-inl.h"

// y = x w^T as panels of w columns. A panel of `kDepth` stored elements per output is widened to float and
// laid out so that the inner loop reads it in order; then each block of rows of x meets it while it is
// still in the cache. No converted copy of a weight matrix ever exists.
HWY_BEFORE_NAMESPACE();
namespace headspec::kernels {
namespace HWY_NAMESPACE {

using FloatTag = hn::ScalableTag<float>;
using FloatVector = hn::VFromD<FloatTag>;

constexpr int kDepth = 512;    // the same on every target: it fixes the order of additions
constexpr int kVectors = 2;    // vectors of outputs per panel
constexpr int kMaxPanels = 4;  // of a task: they share a slab of x
constexpr int kSlabRows = 96;  // rows of x, kDepth wide, that stay in the second-level cache for these panels
// Rows of x per block: accumulators, panel vectors and a broadcast must fit the registers (16 or 32).
constexpr int kRows = (HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3) ? 6 : 12;

int PanelWidth() { return kVectors * static_cast<int>(hn::Lanes(FloatTag())); }

// y[0..kM) (+)= x[0..kM) * panel, over `depth` terms.
template <int kM>
HWY_INLINE void Block(const MatrixView& x, const float* HWY_RESTRICT panel, int depth, float* y,
                      std::size_t y_stride) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  FloatVector low[kM];
  FloatVector high[kM];
  const float* rows[kM];
  for (int m = 0; m < kM; ++m) {
    low[m] = hn::Zero(d);
    high[m] = hn::Zero(d);
    rows[m] = x.Row(m);
  }
  for (int k = 0; k < depth; ++k) {
    const auto panel_low = hn::Load(d, panel);
    const auto panel_high = hn::Load(d, panel + lanes);
    panel += kVectors * lanes;
#pragma GCC unroll 12
    for (int m = 0; m < kM; ++m) {
      const auto value = hn::Set(d, rows[m][k]);
      low[m] = hn::MulAdd(value, panel_low, low[m]);
      high[m] = hn::MulAdd(value, panel_high, high[m]);
    }
  }
  for (int m = 0; m < kM; ++m, y += y_stride) {
    hn::Store(hn::Add(hn::Load(d, y), low[m]), d, y);
    hn::Store(hn::Add(hn::Load(d, y + lanes), high[m]), d, y + lanes);
  }
}

template <int kM>
void LastBlock(const MatrixView& x, const float* panel, int depth, float* y, std::size_t y_stride) {
  if constexpr (kM > 0) {
    if (x.rows == kM) return Block<kM>(x, panel, depth, y, y_stride);
    LastBlock<kM - 1>(x, panel, depth, y, y_stride);
  }
}

// sums (x.rows, PanelWidth()) += x * panel.
void MultiplyPanel(const MatrixView& x, const float* panel, float* sums) {
  const std::size_t width = static_cast<std::size_t>(PanelWidth());
  int row = 0;
  for (; row + kRows <= x.rows; row += kRows) {
    Block<kRows>(x.Rows(row, kRows), panel, x.cols, sums + static_cast<std::size_t>(row) * width, width);
  }
  if (row < x.rows) {
    LastBlock<kRows - 1>(x.Rows(row, x.rows - row), panel, x.cols,
                         sums + static_cast<std::size_t>(row) * width, width);
  }
}

// panel[k][n] = rows[n][k], four rows and four terms at a time.
void Interleave(const float* rows, int count, int depth, float* panel) {
#if HWY_TARGET == HWY_SCALAR
  for (int k = 0; k < depth; ++k) {
    for (int n = 0; n < count; ++n) *panel++ = rows[n * kDepth + k];
  }
#else
  const std::size_t width = static_cast<std::size_t>(PanelWidth());
  const hn::FixedTag<float, 4> d;
  const hn::RepartitionToWide<decltype(d)> d64;
  const auto pairs = [&](auto a, auto b) { return hn::BitCast(d64, hn::InterleaveLower(d, a, b)); };
  const auto upper = [&](auto a, auto b) { return hn::BitCast(d64, hn::InterleaveUpper(d, a, b)); };
  for (int n = 0; n < count; n += 4) {
    const float* r = rows + static_cast<std::size_t>(n) * kDepth;
    int k = 0;
    for (; k + 4 <= depth; k += 4) {
      const auto a = hn::LoadU(d, r + k), b = hn::LoadU(d, r + kDepth + k);
      const auto c = hn::LoadU(d, r + 2 * kDepth + k), e = hn::LoadU(d, r + 3 * kDepth + k);
      const auto ab0 = pairs(a, b), ce0 = pairs(c, e), ab1 = upper(a, b), ce1 = upper(c, e);
      float* out = panel + static_cast<std::size_t>(k) * width + static_cast<std::size_t>(n);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d64, ab0, ce0)), d, out);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d64, ab0, ce0)), d, out + width);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(d64, ab1, ce1)), d, out + 2 * width);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(d64, ab1, ce1)), d, out + 3 * width);
    }
    for (; k < depth; ++k) {
      for (int i = 0; i < 4; ++i)
        panel[static_cast<std::size_t>(k) * width + static_cast<std::size_t>(n + i)] = r[i * kDepth + k];
    }
  }
#endif
}

// Scratch of one thread: widened rows, the panel made of them, and the panel's outputs.
struct Scratch {
  hwy::AlignedFreeUniquePtr<float[]> rows, panel, sums;
  std::size_t sums_size = 0;

  float* Sums(int x_rows, int panels = 1) {
    const std::size_t size =
        static_cast<std::size_t>(x_rows) * static_cast<std::size_t>(panels * PanelWidth());
    if (size > sums_size) {
      sums = hwy::AllocateAligned<float>(size);
      sums_size = size;
    }
    std::fill_n(sums.get(), size, 0.0f);
    return sums.get();
  }
};

Scratch& ThreadScratch() {
  static thread_local Scratch scratch;
  const std::size_t size = static_cast<std::size_t>(kDepth) * static_cast<std::size_t>(PanelWidth());
  static thread_local std::size_t allocated = 0;
  if (allocated != size) {
    scratch.rows = hwy::AllocateAligned<float>(size);
    scratch.panel = hwy::AllocateAligned<float>(kMaxPanels * size);
    allocated = size;
  }
  return scratch;
}

// Outputs first .. first + panel width of x b^T, where load(row, k, depth, out) gives b's elements.
template <class Load>
const float* PanelOfProduct(const MatrixView& x, int first, int b_rows, const Load& load) {
  Scratch& scratch = ThreadScratch();
  const int width = PanelWidth();
  const int count = std::min(width, b_rows - first);
  float* sums = scratch.Sums(x.rows);
  for (int k = 0; k < x.cols; k += kDepth) {
    const int depth = std::min(kDepth, x.cols - k);
    for (int n = 0; n < width; ++n) {
      float* row = scratch.rows.get() + static_cast<std::size_t>(n) * kDepth;
      if (n < count)
        load(first + n, k, depth, row);
      else
        std::fill_n(row, depth, 0.0f);
    }
    Interleave(scratch.rows.get(), width, depth, scratch.panel.get());
    MultiplyPanel(x.Columns(k, depth), scratch.panel.get(), sums);
  }
  return sums;
}

void StorePanel(const float* sums, int first, const MatrixView& y) {
  const int count = std::min(PanelWidth(), y.cols - first);
  for (int m = 0; m < y.rows; ++m) {
    std::copy_n(sums + static_cast<std::size_t>(m) * static_cast<std::size_t>(PanelWidth()), count,
                y.Row(m) + first);
  }
}

// kDepth or fewer terms of the panel's rows of w, widened and laid out for MultiplyPanel.
void LoadPanel(const WeightView& w, DType type, int first, int k, float* panel) {
  float* rows = ThreadScratch().rows.get();
  const int depth = std::min(kDepth, w.cols - k);
  for (int n = 0; n < PanelWidth(); ++n) {
    float* row = rows + static_cast<std::size_t>(n) * kDepth;
    if (first + n < w.rows)
      LoadElements(w, first + n, k, depth, type, row);
    else
      std::fill_n(row, depth, 0.0f);
  }
  Interleave(rows, PanelWidth(), depth, panel);
}

// y's outputs from `first` on = round(sums + bias), one panel.
template <DType kType>
void FinishPanel(const float* sums, const float* bias, int first, const MatrixView& y) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t width = kVectors * lanes;
  const auto low = hn::Load(d, bias), high = hn::Load(d, bias + lanes);
  const std::size_t count = std::min(width, static_cast<std::size_t>(y.cols - first));
  HWY_ALIGN float tail[kVectors * HWY_MAX_BYTES / sizeof(float)];
  for (int m = 0; m < y.rows; ++m, sums += width) {
    float* out = count == width ? y.Row(m) + first : tail;
    hn::StoreU(RoundVector<kType>(d, hn::Add(hn::Load(d, sums), low)), d, out);
    hn::StoreU(RoundVector<kType>(d, hn::Add(hn::Load(d, sums + lanes), high)), d, out + lanes);
    if (count != width) std::copy_n(tail, count, y.Row(m) + first);
  }
}

// Panels first .. first + count - 1 of y.
void LinearPanels(const MatrixView& x, const LinearWeights& w, const MatrixView& y, DType type, int first,
                  int count) {
  Scratch& scratch = ThreadScratch();
  const std::size_t width = static_cast<std::size_t>(PanelWidth());
  const std::size_t sums_size = static_cast<std::size_t>(x.rows) * width;
  float* sums = scratch.Sums(x.rows, count);
  const auto panel = [&](int p) {
    return scratch.panel.get() + static_cast<std::size_t>(p) * kDepth * width;
  };
  for (int k = 0; k < x.cols; k += kDepth) {
    const MatrixView terms = x.Columns(k, std::min(kDepth, x.cols - k));
    for (int p = 0; p < count; ++p) LoadPanel(w.weight, type, (first + p) * PanelWidth(), k, panel(p));
    for (int row = 0; row < x.rows; row += kSlabRows) {
      const MatrixView slab = terms.Rows(row, std::min(kSlabRows, x.rows - row));
      for (int p = 0; p < count; ++p) {
        float* slab_sums =
            sums + static_cast<std::size_t>(p) * sums_size + static_cast<std::size_t>(row) * width;
        MultiplyPanel(slab, panel(p), slab_sums);
      }
    }
  }
  for (int p = 0; p < count; ++p) {
    HWY_ALIGN float bias[kVectors * HWY_MAX_BYTES / sizeof(float)] = {};
    const int output = (first + p) * PanelWidth();
    if (w.bias.data != nullptr) {
      const WeightView as_row{w.bias.dtype, w.bias.data, 1, w.bias.rows};
      LoadElements(as_row, 0, output, std::min(PanelWidth(), y.cols - output), type, bias);
    }
    const float* panel_sums = sums + static_cast<std::size_t>(p) * sums_size;
    WithType(type, [&](auto kind) { FinishPanel<decltype(kind)::value>(panel_sums, bias, output, y); });
  }
}

int MaxPanels() { return kMaxPanels; }

void MultiplyTransposedOf(const MatrixView& a, const MatrixView& b, const MatrixView& y) {
  for (int first = 0; first < b.rows; first += PanelWidth()) {
    const float* sums = PanelOfProduct(a, first, b.rows, [&](int row, int k, int depth, float* out) {
      std::copy_n(b.Row(row) + k, depth, out);
    });
    StorePanel(sums, first, y);
  }
}

// y = a b: rows of b are already in panel order.
void MultiplyOf(const MatrixView& a, const MatrixView& b, const MatrixView& y) {
  Scratch& scratch = ThreadScratch();
  const int width = PanelWidth();
  for (int first = 0; first < b.cols; first += width) {
    const int count = std::min(width, b.cols - first);
    float* sums = scratch.Sums(a.rows);
    for (int k = 0; k < a.cols; k += kDepth) {
      const int depth = std::min(kDepth, a.cols - k);
      for (int i = 0; i < depth; ++i) {
        float* out = scratch.panel.get() + static_cast<std::size_t>(i) * static_cast<std::size_t>(width);
        std::copy_n(b.Row(k + i) + first, count, out);
        std::fill_n(out + count, width - count, 0.0f);
      }
      MultiplyPanel(a.Columns(k, depth), scratch.panel.get(), sums);
    }
    StorePanel(sums, first, y);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headspec::kernels {

HWY_EXPORT(PanelWidth);
HWY_EXPORT(LinearPanels);
HWY_EXPORT(MaxPanels);
HWY_EXPORT(MultiplyTransposedOf);
HWY_EXPORT(MultiplyOf);

namespace {

// The unit for bf16 products in use: none unless asked for, because its results differ between machines.
enum class Bf16Unit { kNone, kAvx512, kAmx };

Bf16Unit BestBf16Unit() {
  if (HasAmxBf16()) return Bf16Unit::kAmx;
  return HasAvx512Bf16() ? Bf16Unit::kAvx512 : Bf16Unit::kNone;
}

std::atomic<Bf16Unit>& CurrentBf16Unit() {
  static std::atomic<Bf16Unit> unit(Bf16Unit::kNone);
  return unit;
}

constexpr char kAmxName[] = "AMX-BF16";
constexpr char kAvx512Name[] = "AVX512-BF16";

}  // namespace

void Linear(const MatrixView& x, const LinearWeights& w, const MatrixView& y, DType type, ThreadPool& pool) {
  const Bf16Unit unit = CurrentBf16Unit();
  if (unit != Bf16Unit::kNone && type == DType::kBF16 && w.weight.dtype == DType::kBF16)
    return unit == Bf16Unit::kAmx ? LinearAmxBf16(x, w, y, pool) : LinearAvx512Bf16(x, w, y, pool);
  const int width = HWY_DYNAMIC_DISPATCH(PanelWidth)();
  const int panels = (w.weight.rows + width - 1) / width;
  // A few tasks per thread at least; how outputs are shared out does not touch their order of additions.
  const int count = std::clamp(panels / (4 * pool.threads()), 1, HWY_DYNAMIC_DISPATCH(MaxPanels)());
  pool.For((panels + count - 1) / count, [&](int task) {
    const int first = task * count;
    HWY_DYNAMIC_DISPATCH(LinearPanels)(x, w, y, type, first, std::min(count, panels - first));
  });
}

void MultiplyTransposed(const MatrixView& a, const MatrixView& b, const MatrixView& y) {
  HWY_DYNAMIC_DISPATCH(MultiplyTransposedOf)(a, b, y);
}

void Multiply(const MatrixView& a, const MatrixView& b, const MatrixView& y) {
  HWY_DYNAMIC_DISPATCH(MultiplyOf)(a, b, y);
}

std::vector<std::string> Targets() {
  std::vector<std::string> names;
  if (HasAmxBf16()) names.emplace_back(kAmxName);
  if (HasAvx512Bf16()) names.emplace_back(kAvx512Name);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets())
    names.emplace_back(hwy::TargetName(target));
  return names;
}

std::string CurrentTarget() {
  const Bf16Unit unit = CurrentBf16Unit();
  if (unit == Bf16Unit::kAmx) return kAmxName;
  if (unit == Bf16Unit::kAvx512) return kAvx512Name;
  return hwy::TargetName(hwy::SupportedAndGeneratedTargets().front());
}

void UseBf16Unit(bool use) { CurrentBf16Unit() = use ? BestBf16Unit() : Bf16Unit::kNone; }

void SelectTarget(const std::string& name) {
  hwy::SetSupportedTargetsForTest(0);
  CurrentBf16Unit() = Bf16Unit::kNone;
  if (name == kAmxName && HasAmxBf16()) CurrentBf16Unit() = Bf16Unit::kAmx;
  if (name == kAvx512Name && HasAvx512Bf16()) CurrentBf16Unit() = Bf16Unit::kAvx512;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    // Everything from the named set down stays available, as on a machine that has no more.
    if (name == hwy::TargetName(target)) hwy::SetSupportedTargetsForTest(target);
  }
}

}  // namespace headspec::kernels
#endif
