#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/matmul.cc"
#include <hwy/foreach_target.h>  // comes before highway.h

#include <hwy/highway.h>

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <vector>

#include "engine/kernels/bf16_units.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/kernels.h"
#include "engine/kernels/round-inl.h"

// y = x w^T as panels of w columns. A panel of `kDepth` stored elements per output is widened to float and
// laid out so that the inner loop reads it in order; then each block of rows of x meets it while it is
// still in the first-level cache. No converted copy of a weight matrix ever exists. x is laid out once per
// call, block by block, so that the inner loop reads that in order too.
HWY_BEFORE_NAMESPACE();
namespace headspec::kernels {
namespace HWY_NAMESPACE {

using FloatTag = hn::ScalableTag<float>;
using FloatVector = hn::VFromD<FloatTag>;

constexpr int kDepth = 256;  // the same on every target: it fixes the order of additions
constexpr int kVectors = 2;  // vectors of outputs per panel
// A task's panels and rows of x, at most: wide enough that x is read rarely, so few that the panels and the
// sums stay in the second-level cache.
constexpr int kMaxPanels = 12;
constexpr int kMaxRows = 512;
constexpr int kSlabBlocks = 8;  // blocks of x that stay in that cache while all panels meet them
// Rows of x per block: accumulators, panel vectors and a broadcast must fit the registers (16 or 32).
#if HWY_HAVE_SCALABLE
constexpr int kRows = 4;
#elif HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_SSE4 || HWY_TARGET == HWY_SSSE3
constexpr int kRows = 6;
#else
constexpr int kRows = 12;
#endif

constexpr std::size_t Size(int n) { return static_cast<std::size_t>(n); }

int PanelWidth() { return kVectors * static_cast<int>(hn::Lanes(FloatTag())); }

// Element (m, k) of a block of kM rows of x: laid out by PackRows, or in place.
template <int kM>
struct PackedBlock {
  const float* HWY_RESTRICT values;
  float operator()(int m, int k) const { return values[k * kM + m]; }
};
template <int kM>
struct RowBlock {
  explicit RowBlock(const MatrixView& x) {
    for (int m = 0; m < kM; ++m) rows[m] = x.Row(m);
  }
  const float* rows[kM];
  float operator()(int m, int k) const { return rows[m][k]; }
};

#if HWY_HAVE_SCALABLE
// Vectors of unknown length cannot be elements of an array: here the rows are written out.
class Accumulators {
 public:
  template <int kM, class Block>
  static HWY_INLINE void Multiply(const Block& x, const float* HWY_RESTRICT panel, int depth, float* y) {
    const FloatTag d;
    const std::size_t lanes = hn::Lanes(d);
    auto low0 = hn::Zero(d), low1 = low0, low2 = low0, low3 = low0;
    auto high0 = low0, high1 = low0, high2 = low0, high3 = low0;
    for (int k = 0; k < depth; ++k, panel += kVectors * lanes) {
      const auto low = hn::Load(d, panel), high = hn::Load(d, panel + lanes);
      Step<kM, 0>(x, k, low, high, low0, high0);
      Step<kM, 1>(x, k, low, high, low1, high1);
      Step<kM, 2>(x, k, low, high, low2, high2);
      Step<kM, 3>(x, k, low, high, low3, high3);
    }
    Store<kM, 0>(low0, high0, y);
    Store<kM, 1>(low1, high1, y);
    Store<kM, 2>(low2, high2, y);
    Store<kM, 3>(low3, high3, y);
  }

 private:
  template <int kM, int kRow, class Block>
  static HWY_INLINE void Step(const Block& x, int k, FloatVector panel_low, FloatVector panel_high,
                              FloatVector& low, FloatVector& high) {
    if constexpr (kRow < kM) {
      const auto value = hn::Set(FloatTag(), x(kRow, k));
      low = hn::MulAdd(value, panel_low, low);
      high = hn::MulAdd(value, panel_high, high);
    }
  }
  template <int kM, int kRow>
  static HWY_INLINE void Store(FloatVector low, FloatVector high, float* y) {
    if constexpr (kRow < kM) {
      const FloatTag d;
      const std::size_t lanes = hn::Lanes(d);
      y += Size(kRow) * kVectors * lanes;
      hn::Store(hn::Add(hn::Load(d, y), low), d, y);
      hn::Store(hn::Add(hn::Load(d, y + lanes), high), d, y + lanes);
    }
  }
};
#endif

// y[0..kM) += x[0..kM) * panel, over `depth` terms.
template <int kM, class Block>
HWY_INLINE void MultiplyBlock(const Block& x, const float* HWY_RESTRICT panel, int depth,
                              float* HWY_RESTRICT y) {
#if HWY_HAVE_SCALABLE
  Accumulators::Multiply<kM>(x, panel, depth, y);
#else
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  FloatVector low[kM];
  FloatVector high[kM];
  for (int m = 0; m < kM; ++m) {
    low[m] = hn::Zero(d);
    high[m] = hn::Zero(d);
  }
  for (int k = 0; k < depth; ++k) {
    const auto panel_low = hn::Load(d, panel);
    const auto panel_high = hn::Load(d, panel + lanes);
    panel += kVectors * lanes;
#pragma GCC unroll 12
    for (int m = 0; m < kM; ++m) {
      const auto value = hn::Set(d, x(m, k));
      low[m] = hn::MulAdd(value, panel_low, low[m]);
      high[m] = hn::MulAdd(value, panel_high, high[m]);
    }
  }
  for (int m = 0; m < kM; ++m, y += kVectors * lanes) {
    hn::Store(hn::Add(hn::Load(d, y), low[m]), d, y);
    hn::Store(hn::Add(hn::Load(d, y + lanes), high[m]), d, y + lanes);
  }
#endif
}

// Calls f with `count`, which is kRows or less, as a compile-time constant.
template <int kM = kRows, class F>
HWY_INLINE void WithRows(int count, const F& f) {
  if constexpr (kM > 0) {
    if (count == kM) return f(std::integral_constant<int, kM>());
    WithRows<kM - 1>(count, f);
  }
}

// x as blocks of kRows rows, the last one of what is left: for each kDepth columns, for each block,
// [terms][rows].
struct PackedRows {
  float* values;
  int rows;
  int cols;

  int RowsOf(int block) const { return std::min(kRows, rows - block * kRows); }
  // Terms k .. k + depth - 1 of a block; k is a multiple of kDepth.
  float* At(int block, int k) const {
    return values + Size(k) * Size(rows) + Size(block * kRows) * Size(std::min(kDepth, cols - k));
  }
};

void PackRows(const MatrixView& x, float* packed, int block) {
  const PackedRows to{packed, x.rows, x.cols};
  WithRows(to.RowsOf(block), [&](auto count) {
    constexpr int kM = decltype(count)::value;
    const RowBlock<kM> from(x.Rows(block * kRows, kM));
    for (int k = 0; k < x.cols; k += kDepth) {
      float* out = to.At(block, k);
      const int end = std::min(k + kDepth, x.cols);
      for (int i = k; i < end; ++i) {
        for (int m = 0; m < kM; ++m) *out++ = from(m, i);
      }
    }
  });
}

// sums (x.rows, PanelWidth()) += x * panel.
void MultiplyRows(const MatrixView& x, const float* panel, float* sums) {
  for (int row = 0; row < x.rows; row += kRows) {
    WithRows(std::min(kRows, x.rows - row), [&](auto count) {
      constexpr int kM = decltype(count)::value;
      MultiplyBlock<kM>(RowBlock<kM>(x.Rows(row, kM)), panel, x.cols, sums + Size(row) * Size(PanelWidth()));
    });
  }
}

using WordTag = hn::RebindToUnsigned<FloatTag>;

#if HWY_TARGET != HWY_SCALAR && !HWY_HAVE_SCALABLE
// One vector: its 128-bit part b is four words of row 4 b. The rows' distance is in bytes, at any address.
template <class D>
HWY_INLINE hn::VFromD<D> LoadParts(D d, const std::uint8_t* rows, std::size_t distance) {
  if constexpr (hn::MaxLanes(d) <= 4) {
    return hn::BitCast(d, hn::LoadU(hn::Repartition<std::uint8_t, D>(), rows));
  } else {
    const hn::Half<D> half;
    const std::size_t rows_of_half = hn::MaxLanes(half);
    return hn::Combine(d, LoadParts(half, rows + rows_of_half * distance, distance),
                       LoadParts(half, rows, distance));
  }
}
#endif

// Transposes words (32 bits) of as many rows as a vector has lanes: take(i, word i of every row). `words` is
// a multiple of four.
template <class Take>
HWY_INLINE void TransposeWords(const std::uint8_t* rows, std::size_t distance, int words, const Take& take) {
#if HWY_TARGET == HWY_SCALAR || HWY_HAVE_SCALABLE
  const WordTag d;
  HWY_ALIGN std::uint32_t column[HWY_MAX_BYTES / sizeof(std::uint32_t)];
  for (int i = 0; i < words; ++i, rows += sizeof(std::uint32_t)) {
    for (std::size_t n = 0; n < hn::Lanes(d); ++n)
      std::memcpy(column + n, rows + n * distance, sizeof(std::uint32_t));
    take(i, hn::Load(d, column));
  }
#else
  const WordTag d;
  const hn::RepartitionToWide<WordTag> d64;
  for (int i = 0; i < words; i += 4, rows += 16) {
    const auto a = LoadParts(d, rows, distance), b = LoadParts(d, rows + distance, distance);
    const auto c = LoadParts(d, rows + 2 * distance, distance),
               e = LoadParts(d, rows + 3 * distance, distance);
    const auto ab = hn::BitCast(d64, hn::InterleaveLower(d, a, b));
    const auto ce = hn::BitCast(d64, hn::InterleaveLower(d, c, e));
    const auto ab_up = hn::BitCast(d64, hn::InterleaveUpper(d, a, b));
    const auto ce_up = hn::BitCast(d64, hn::InterleaveUpper(d, c, e));
    take(i, hn::BitCast(d, hn::InterleaveLower(d64, ab, ce)));
    take(i + 1, hn::BitCast(d, hn::InterleaveUpper(d64, ab, ce)));
    take(i + 2, hn::BitCast(d, hn::InterleaveLower(d64, ab_up, ce_up)));
    take(i + 3, hn::BitCast(d, hn::InterleaveUpper(d64, ab_up, ce_up)));
  }
#endif
}

// panel[k][n] = rows[n][k] for floats, kDepth apart; reads up to three floats beyond `depth`.
void InterleaveFloats(const float* rows, int depth, float* panel) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  for (int v = 0; v < kVectors; ++v) {
    const float* first = rows + Size(v) * lanes * kDepth;
    float* to = panel + Size(v) * lanes;
    TransposeWords(
        reinterpret_cast<const std::uint8_t*>(first), kDepth * sizeof(float), (depth + 3) / 4 * 4,
        [&](int k, auto words) { hn::Store(hn::BitCast(d, words), d, to + Size(k) * kVectors * lanes); });
  }
}

// The same for bf16, eight terms at a time, at any address: a word is two terms, the lower one first.
void InterleaveBf16(const std::byte* rows, std::size_t distance, int depth, float* panel) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t width = kVectors * lanes;
  for (int v = 0; v < kVectors; ++v) {
    const auto* first = reinterpret_cast<const std::uint8_t*>(rows + Size(v) * lanes * distance);
    float* to = panel + Size(v) * lanes;
    TransposeWords(first, distance, depth / 2, [&](int i, auto words) {
      hn::Store(hn::BitCast(d, hn::ShiftLeft<16>(words)), d, to + Size(2 * i) * width);
      hn::Store(hn::BitCast(d, hn::And(words, hn::Set(WordTag(), 0xffff0000u))), d,
                to + Size(2 * i + 1) * width);
    });
  }
}

// Memory of one thread that grows and is kept: fresh pages cost more than what is done with them.
class Scratch {
 public:
  float* Take(std::size_t size) {
    if (size > size_) {
      values_ = hwy::AllocateAligned<float>(size);
      size_ = size;
    }
    return values_.get();
  }

 private:
  hwy::AlignedFreeUniquePtr<float[]> values_;
  std::size_t size_ = 0;
};

struct ThreadScratch {
  Scratch packed, rows, panel, sums;

  // Room for kDepth terms of one panel, widened but not yet laid out; and for all panels of a task.
  float* Rows() { return rows.Take(Size(kDepth) * Size(PanelWidth())); }
  float* Panel(int index = 0) {
    const std::size_t size = Size(kDepth) * Size(PanelWidth());
    return panel.Take(kMaxPanels * size) + Size(index) * size;
  }
  float* ZeroSums(std::size_t size) {
    float* values = sums.Take(size);
    std::fill_n(values, size, 0.0f);
    return values;
  }
};

ThreadScratch& OfThisThread() {
  static thread_local ThreadScratch scratch;
  return scratch;
}

// Lays out terms of a panel whose rows load(n, out) widens; rows from `count` on are zero.
template <class Load>
void LoadPanel(int count, int depth, float* panel, const Load& load) {
  float* rows = OfThisThread().Rows();
  for (int n = 0; n < PanelWidth(); ++n) {
    float* row = rows + Size(n) * kDepth;
    if (n < count)
      load(n, row);
    else
      std::fill_n(row, depth, 0.0f);
  }
  InterleaveFloats(rows, depth, panel);
}

// The same of a transposed view: its rows follow each other already.
void LoadTransposedPanel(const WeightView& w, DType type, int first, int k, int depth, float* panel) {
  const std::size_t width = Size(PanelWidth());
  const std::size_t count = std::min(width, Size(w.rows - first));
  for (int i = 0; i < depth; ++i, panel += width) {
    Widen(w.dtype, w.Term(k + i) + Size(first) * w.ElementBytes(), count, panel);
    if (!IsExactIn(w.dtype, type)) RoundAll(type, panel, count);
    std::fill_n(panel + count, width - count, 0.0f);
  }
}

// kDepth or fewer terms, from k on, of w's rows `first` and on.
void LoadWeightPanel(const WeightView& w, DType type, int first, int k, float* panel) {
  const int depth = std::min(kDepth, w.cols - k);
  const int count = std::min(PanelWidth(), w.rows - first);
  if (w.IsTransposed()) return LoadTransposedPanel(w, type, first, k, depth, panel);
  const bool is_in_one_group = w.group == 0 || first / w.group == (first + count - 1) / w.group;
  const bool is_whole = count == PanelWidth() && is_in_one_group && depth % 8 == 0;
  if (is_whole && w.dtype == DType::kBF16 && IsExactIn(w.dtype, type)) {
    InterleaveBf16(w.Row(first) + 2 * Size(k), w.RowBytes(), depth, panel);
    return;
  }
  LoadPanel(count, depth, panel, [&](int n, float* out) { LoadElements(w, first + n, k, depth, type, out); });
}

void StorePanel(const float* sums, int first, const MatrixView& y) {
  const int count = std::min(PanelWidth(), y.cols - first);
  for (int m = 0; m < y.rows; ++m) std::copy_n(sums + Size(m) * Size(PanelWidth()), count, y.Row(m) + first);
}

// y's outputs from `first` on = round(sums + bias), one panel.
template <DType kType>
void FinishPanel(const float* sums, const float* bias, int first, const MatrixView& y) {
  const FloatTag d;
  const std::size_t lanes = hn::Lanes(d);
  const std::size_t width = kVectors * lanes;
  const auto low = hn::LoadU(d, bias), high = hn::LoadU(d, bias + lanes);
  const std::size_t count = std::min(width, Size(y.cols - first));
  HWY_ALIGN float tail[kVectors * HWY_MAX_BYTES / sizeof(float)];
  for (int m = 0; m < y.rows; ++m, sums += width) {
    float* out = count == width ? y.Row(m) + first : tail;
    hn::StoreU(RoundVector<kType>(d, hn::Add(hn::Load(d, sums), low)), d, out);
    hn::StoreU(RoundVector<kType>(d, hn::Add(hn::Load(d, sums + lanes), high)), d, out + lanes);
    if (count != width) std::copy_n(tail, count, y.Row(m) + first);
  }
}

// Calls kDepth or fewer terms of w's rows `first` .. `last` - 1, from k on, into the second-level cache. They
// lie on a page each, which the processor does not foresee.
void PrefetchRows(const WeightView& w, int k, int first, int last) {
  constexpr std::size_t kLine = 64;
  if (w.IsTransposed()) return;  // its terms lie in order
  const std::size_t element = w.ElementBytes();
  const std::size_t bytes = Size(std::min(kDepth, w.cols - k)) * element;
  for (int row = first; row < std::min(last, w.rows); ++row) {
    const std::byte* terms = w.Row(row) + Size(k) * element;
    for (std::size_t i = 0; i < bytes; i += kLine) __builtin_prefetch(terms + i, 0, 2);
  }
}

struct Product {
  float* packed;  // x, as PackRows left it
  const WeightView& weight;
  const float* bias;  // of whole panels
  const MatrixView& y;
  DType type;
};

// What one task computes: `panels` panels of y for `blocks` blocks of x.
struct LinearPart {
  int first_block, blocks;
  int first_panel, panels;
};

// y's part = round(x w^T + bias).
void LinearPanels(const Product& product, const LinearPart& part) {
  const WeightView& w = product.weight;
  const MatrixView& y = product.y;
  const PackedRows x{product.packed, y.rows, w.cols};
  ThreadScratch& scratch = OfThisThread();
  const int width = PanelWidth();
  const int first_row = part.first_block * kRows;
  const int rows = std::min(part.blocks * kRows, x.rows - first_row);
  const int last_block = part.first_block + part.blocks;
  float* sums = scratch.ZeroSums(Size(part.panels) * Size(rows) * Size(width));
  const auto sums_of = [&](int p, int block) {
    return sums + (Size(p) * Size(rows) + Size(block * kRows - first_row)) * Size(width);
  };
  for (int k = 0; k < x.cols; k += kDepth) {
    const int depth = std::min(kDepth, x.cols - k);
    for (int p = 0; p < part.panels; ++p)
      LoadWeightPanel(w, product.type, (part.first_panel + p) * width, k, scratch.Panel(p));
    for (int slab = part.first_block; slab < last_block; slab += kSlabBlocks) {
      const int end = std::min(slab + kSlabBlocks, last_block);
      for (int p = 0; p < part.panels; ++p) {
        const int output = (part.first_panel + p) * width;
        for (int block = slab; block < end; ++block) {
          if (k + kDepth < x.cols) {
            const int done = block - part.first_block;
            PrefetchRows(w, k + kDepth, output + done * width / part.blocks,
                         output + (done + 1) * width / part.blocks);
          }
          WithRows(x.RowsOf(block), [&](auto count) {
            constexpr int kM = decltype(count)::value;
            MultiplyBlock<kM>(PackedBlock<kM>{x.At(block, k)}, scratch.Panel(p), depth, sums_of(p, block));
          });
        }
      }
    }
  }
  for (int p = 0; p < part.panels; ++p) {
    const int output = (part.first_panel + p) * width;
    WithType(product.type, [&](auto kind) {
      FinishPanel<decltype(kind)::value>(sums_of(p, part.first_block), product.bias + output, output,
                                         y.Rows(first_row, rows));
    });
  }
}

int CeilDiv(int a, int b) { return (a + b - 1) / b; }

// A few parts per thread at least. How outputs are shared out does not touch their order of additions.
std::vector<LinearPart> PartsOf(int rows, int outputs, int threads) {
  const int blocks = CeilDiv(rows, kRows), panels = CeilDiv(outputs, PanelWidth());
  const int slabs = CeilDiv(rows, kMaxRows);
  const int blocks_per_part = CeilDiv(blocks, slabs);
  const int panels_per_part = std::clamp(panels * slabs / (16 * threads), 1, kMaxPanels);
  std::vector<LinearPart> parts;
  for (int panel = 0; panel < panels; panel += panels_per_part) {
    for (int block = 0; block < blocks; block += blocks_per_part) {
      parts.push_back({block, std::min(blocks_per_part, blocks - block), panel,
                       std::min(panels_per_part, panels - panel)});
    }
  }
  return parts;
}

// The bias in floats, zero beyond the last output of the last panel, or where there is none.
std::vector<float> LoadBias(const LinearWeights& w, DType type) {
  std::vector<float> bias;
  if (w.bias.data != nullptr) bias = LoadVector(w.bias, type);
  bias.resize(Size(CeilDiv(w.weight.rows, PanelWidth()) * PanelWidth()));
  return bias;
}

void LinearOf(const MatrixView& x, const LinearWeights& w, const MatrixView& y, DType type,
              ThreadPool& pool) {
  float* packed = OfThisThread().packed.Take(Size(x.rows) * Size(x.cols));
  pool.For(CeilDiv(x.rows, kRows), [&](int block) { PackRows(x, packed, block); });
  const std::vector<float> bias = LoadBias(w, type);
  const Product product{packed, w.weight, bias.data(), y, type};
  const std::vector<LinearPart> parts = PartsOf(x.rows, w.weight.rows, pool.threads());
  pool.For(static_cast<int>(parts.size()), [&](int i) { LinearPanels(product, parts[Size(i)]); });
}

void MultiplyTransposedOf(const MatrixView& a, const MatrixView& b, const MatrixView& y) {
  ThreadScratch& scratch = OfThisThread();
  for (int first = 0; first < b.rows; first += PanelWidth()) {
    float* sums = scratch.ZeroSums(Size(a.rows) * Size(PanelWidth()));
    for (int k = 0; k < a.cols; k += kDepth) {
      const int depth = std::min(kDepth, a.cols - k);
      LoadPanel(std::min(PanelWidth(), b.rows - first), depth, scratch.Panel(),
                [&](int n, float* out) { std::copy_n(b.Row(first + n) + k, depth, out); });
      MultiplyRows(a.Columns(k, depth), scratch.Panel(), sums);
    }
    StorePanel(sums, first, y);
  }
}

// y = a b: rows of b are already in panel order.
void MultiplyOf(const MatrixView& a, const MatrixView& b, const MatrixView& y) {
  ThreadScratch& scratch = OfThisThread();
  const int width = PanelWidth();
  for (int first = 0; first < b.cols; first += width) {
    const int count = std::min(width, b.cols - first);
    float* sums = scratch.ZeroSums(Size(a.rows) * Size(width));
    for (int k = 0; k < a.cols; k += kDepth) {
      const int depth = std::min(kDepth, a.cols - k);
      for (int i = 0; i < depth; ++i) {
        float* out = scratch.Panel() + Size(i) * Size(width);
        std::copy_n(b.Row(k + i) + first, count, out);
        std::fill_n(out + count, width - count, 0.0f);
      }
      MultiplyRows(a.Columns(k, depth), scratch.Panel(), sums);
    }
    StorePanel(sums, first, y);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace headspec::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headspec::kernels {

HWY_EXPORT(LinearOf);
HWY_EXPORT(MultiplyTransposedOf);
HWY_EXPORT(MultiplyOf);

void Linear(const MatrixView& x, const LinearWeights& w, const MatrixView& y, DType type, ThreadPool& pool) {
  const Bf16Unit unit = Bf16UnitHere();
  if (unit != Bf16Unit::kNone && type == DType::kBF16 && w.weight.dtype == DType::kBF16 &&
      !w.weight.IsTransposed())
    return unit == Bf16Unit::kAmx ? LinearAmxBf16(x, w, y, pool) : LinearAvx512Bf16(x, w, y, pool);
  HEADSPEC_DISPATCH(LinearOf)(x, w, y, type, pool);
}

void MultiplyTransposed(const MatrixView& a, const MatrixView& b, const MatrixView& y) {
  HEADSPEC_DISPATCH(MultiplyTransposedOf)(a, b, y);
}

void Multiply(const MatrixView& a, const MatrixView& b, const MatrixView& y) {
  HEADSPEC_DISPATCH(MultiplyOf)(a, b, y);
}

}  // namespace headspec::kernels
#endif
