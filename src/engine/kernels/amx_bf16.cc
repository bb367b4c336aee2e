#include "engine/kernels/bf16_units.h"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <hwy/aligned_allocator.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "engine/kernels/bf16_vectors.h"

// y^T = w x^T in tiles: a tile of sums is [16 outputs][16 tokens]. x is repacked once per call, in pairs of
// terms, and one slab of tokens stays in the second-level cache. Rows of w are copied, 32 at a time and while
// the 32 before them are multiplied, into whole cache lines: in the file they lie at odd addresses and their
// distances make them compete for the same cache sets. Measured: loading tiles straight from the file
// reaches a fifth of the peak.
namespace headspec::kernels {
namespace {

#define HEADSPEC_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq")))

constexpr int kTile = 16;          // rows of a tile
constexpr int kTerms = 32;         // bf16 values in a row of a tile
constexpr int kTileSize = 256;     // sums, or pairs of bf16, in a tile
constexpr int kLine = 64;          // bytes in a row of a tile and in a cache line
constexpr int kBlock = 2 * kTile;  // outputs, and tokens, of one block of four tiles of sums
// Terms per visit of a block: w's part (32 KiB) stays in the first-level cache for all tokens of the slab.
constexpr int kDepth = 512;
// Tiles of x in a slab's chunk: 1 MiB that stays in the second-level cache. Few tokens take long chunks, so
// that the sums are visited rarely; many take wide slabs, so that w is copied rarely.
constexpr int kSlabSteps = 1024;
constexpr int kChunk = 2560;
constexpr int kSlabTiles = 16;         // at most
constexpr std::size_t kRowsAhead = 2;  // how far ahead of the copy w is called into the second-level cache
// Blocks of outputs that go through a chunk together, at most; their sums (half a MiB, 2 KiB per tile of
// tokens) stay in the second-level cache too.
constexpr int kGroup = 8;
constexpr int kGroupTiles = 128;

constexpr std::size_t Size(int n) { return static_cast<std::size_t>(n); }
constexpr int CeilDiv(int a, int b) { return (a + b - 1) / b; }

// Tile registers in use on this thread while it lives: all eight of full size.
class TileScope {
 public:
  HEADSPEC_AMX TileScope() {
    struct alignas(64) {
      std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
      std::uint16_t row_bytes[16] = {};
      std::uint8_t rows[16] = {};
    } config;
    for (int i = 0; i < 8; ++i) {
      config.row_bytes[i] = 64;
      config.rows[i] = kTile;
    }
    // GCC's _tile_loadconfig does not say that it reads memory.
    asm volatile("" : : "r"(&config) : "memory");
    _tile_loadconfig(&config);
  }
  HEADSPEC_AMX ~TileScope() { _tile_release(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

// x as tiles, zero beyond its rows and columns: for each kDepth columns, for each 16 rows, 1 KiB per 32
// columns.
class PackedTokens {
 public:
  explicit PackedTokens(const MatrixView& x)
      : cols_(x.cols),
        row_tiles_(CeilDiv(x.rows, kTile)),
        tiles_(hwy::AllocateAligned<std::uint32_t>(Size(row_tiles_) * Size(CeilDiv(x.cols, kTerms)) *
                                                   kTileSize)) {}

  int row_tiles() const { return row_tiles_; }
  std::uint32_t* At(int row_tile, int col) const {
    const int first = col / kDepth * kDepth;
    const int steps = CeilDiv(std::min(kDepth, cols_ - first), kTerms);
    const std::size_t tile =
        Size(first / kTerms) * Size(row_tiles_) + Size(row_tile) * Size(steps) + Size((col - first) / kTerms);
    return tiles_.get() + tile * kTileSize;
  }

  HEADSPEC_AMX void Pack(const MatrixView& x, int row_tile) {
    const int first = row_tile * kTile;
    const int count = std::min(kTile, x.rows - first);
    for (int k = 0; k < x.cols; k += kTerms) {
      __m512i rows[kTile];
#pragma GCC unroll 16
      for (int i = 0; i < kTile; ++i) {
        rows[i] = i < count ? bf16::Narrow(x.Row(first + i) + k, x.cols - k) : _mm512_setzero_si512();
      }
      bf16::Transpose(rows);
      std::uint32_t* tile = At(row_tile, k);
#pragma GCC unroll 16
      for (int i = 0; i < kTile; ++i) _mm512_store_si512(tile + i * kTile, rows[i]);
    }
  }

 private:
  int cols_;
  int row_tiles_;
  hwy::AlignedFreeUniquePtr<std::uint32_t[]> tiles_;
};

// Copies up to 32 rows of w, a few cache lines at a time and each row from its start to its end, which the
// processor's own prefetching follows. Tiles: for each 32 terms, [32 rows][32 terms].
class WeightCopier {
 public:
  void Start(const WeightView& w, int first, int k, int depth, std::byte* to) {
    rows_ = std::min(kBlock, w.rows - first);
    stride_ = w.RowBytes();
    row_ = w.Row(first) + 2 * Size(k);
    to_ = to;
    lines_ = depth / kTerms;
    next_row_ = next_line_ = 0;
    const bool has_tail = depth % kTerms != 0;
    if (rows_ < kBlock) std::fill_n(to, Size(lines_ + has_tail) * kBlock * kLine, std::byte{0});
    if (has_tail) CopyTail(depth);
    if (lines_ == 0) next_row_ = rows_;
  }
  int lines() const { return rows_ * lines_; }

  HEADSPEC_AMX __attribute__((always_inline)) void Copy(int count) {
    for (; count > 0 && next_row_ < rows_; --count) {
      const std::byte* from = row_ + next_line_ * kLine;
      const __m512i line = _mm512_loadu_si512(from);
      // Far enough for memory's latency; past the tensor's end it does nothing.
      _mm_prefetch(reinterpret_cast<const char*>(from) + kRowsAhead * stride_, _MM_HINT_T1);
      _mm512_store_si512(to_ + (next_line_ * kBlock + next_row_) * kLine, line);
      if (++next_line_ < lines_) continue;
      next_line_ = 0;
      ++next_row_;
      row_ += stride_;
    }
  }
  HEADSPEC_AMX void Finish() { Copy(kBlock * kChunk); }

 private:
  void CopyTail(int depth) {
    std::byte* tail = to_ + Size(lines_) * kBlock * kLine;
    std::fill_n(tail, kBlock * kLine, std::byte{0});
    for (int row = 0; row < rows_; ++row) {
      std::copy_n(row_ + Size(row) * stride_ + lines_ * kLine, 2 * Size(depth % kTerms), tail + row * kLine);
    }
  }

  int rows_ = 0;
  int lines_ = 0;  // whole ones, per row
  int next_row_ = 0;
  int next_line_ = 0;
  std::size_t stride_ = 0;
  const std::byte* row_ = nullptr;
  std::byte* to_ = nullptr;
};

// One visit: two or four tiles of sums, [output tile][token tile], over `steps` * 32 terms.
struct Visit {
  const std::byte* w;
  const std::uint32_t* x;
  float* sums;
  int steps;
  bool is_first;
  int lines_per_step;  // to copy of the block that comes next
};

// The "stream" loads keep what is used once in this slab's round from displacing w in the first-level cache.
template <int kTokenTiles>
HEADSPEC_AMX void MultiplyBlock(const Visit& v, WeightCopier& copier) {
  if (v.is_first) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else {
    _tile_stream_loadd(0, v.sums, kLine);
    _tile_stream_loadd(1, v.sums + kTileSize, kLine);
    if constexpr (kTokenTiles == 2) {
      _tile_stream_loadd(2, v.sums + 2 * kTileSize, kLine);
      _tile_stream_loadd(3, v.sums + 3 * kTileSize, kLine);
    }
  }
  const std::byte* w = v.w;
  const std::uint32_t* x = v.x;
  const std::uint32_t* x_high = x + Size(v.steps) * kTileSize;
  WeightCopier copy = copier;
  for (int step = 0; step < v.steps; ++step) {
    _tile_loadd(4, w, kLine);
    _tile_stream_loadd(6, x, kLine);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(5, w + kTile * kLine, kLine);
    _tile_dpbf16ps(1, 5, 6);
    if constexpr (kTokenTiles == 2) {
      _tile_stream_loadd(7, x_high, kLine);
      _tile_dpbf16ps(2, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
    copy.Copy(v.lines_per_step);
    w += kBlock * kLine;
    x += kTileSize;
    x_high += kTileSize;
  }
  copier = copy;
  _tile_stored(0, v.sums, kLine);
  _tile_stored(1, v.sums + kTileSize, kLine);
  if constexpr (kTokenTiles == 2) {
    _tile_stored(2, v.sums + 2 * kTileSize, kLine);
    _tile_stored(3, v.sums + 3 * kTileSize, kLine);
  }
}

// y[first_token ..][first_output ..] = round(sums^T + bias) for one tile of sums.
HEADSPEC_AMX void StoreTile(const float* sums, const float* bias, const MatrixView& y, int first_token,
                            int first_output) {
  const int tokens = std::min(kTile, y.rows - first_token);
  const __mmask16 outputs = bf16::FirstLanes(y.cols - first_output);
  const __m512 offset = _mm512_maskz_loadu_ps(outputs, bias + first_output);
  __m512i rows[kTile];
#pragma GCC unroll 16
  for (int i = 0; i < kTile; ++i) rows[i] = _mm512_load_si512(sums + i * kTile);
  bf16::Transpose(rows);
#pragma GCC unroll 16
  for (int i = 0; i < kTile; ++i) {
    if (i >= tokens) break;
    const __m512 rounded = bf16::Round(_mm512_add_ps(_mm512_castsi512_ps(rows[i]), offset));
    _mm512_mask_storeu_ps(y.Row(first_token + i) + first_output, outputs, rounded);
  }
}

// How the product is cut. The cuts do not touch any output's order of additions.
struct Plan {
  int blocks;  // of 32 outputs
  int group;   // blocks per group
  int groups;
  int slab_tiles;  // of 16 tokens
  int slabs;
  int chunk;  // terms
  int chunks;
};

Plan PlanOf(const WeightView& w, int row_tiles, int threads) {
  Plan plan{};
  plan.blocks = CeilDiv(w.rows, kBlock);
  plan.slabs = CeilDiv(row_tiles, kSlabTiles);
  plan.slab_tiles = CeilDiv(CeilDiv(row_tiles, plan.slabs), 2) * 2;
  plan.slabs = CeilDiv(row_tiles, plan.slab_tiles);
  plan.chunks = CeilDiv(w.cols, std::min(kChunk, kSlabSteps / plan.slab_tiles * kTerms));
  plan.chunk = CeilDiv(CeilDiv(w.cols, plan.chunks), kDepth) * kDepth;
  plan.chunks = CeilDiv(w.cols, plan.chunk);
  plan.group = std::clamp(std::min(plan.blocks / (4 * threads), kGroupTiles / plan.slab_tiles), 1, kGroup);
  plan.groups = CeilDiv(plan.blocks, plan.group);
  return plan;
}

// The smallest piece of work: a block of outputs, a slab of tokens, a chunk of terms.
struct Unit {
  int slab;
  int group;
  int chunk;
  int block;  // within the group
};

struct Product {
  const PackedTokens& x;
  const WeightView& w;
  const float* bias;
  const MatrixView& y;
  Plan plan;
  std::atomic<int> next_group{0};  // of all slabs
};

// Buffers of one worker: two blocks of w, one in use and one being copied, and the sums of a group.
class Worker {
 public:
  explicit Worker(Product& product) : p_(product) {
    for (auto& block : blocks_) block = hwy::AllocateAligned<std::byte>(2 * kBlock * Size(kChunk));
    sums_ = hwy::AllocateAligned<float>(Size(p_.plan.group) * BlockSums());
  }

  void Run() {
    const TileScope scope;
    Unit unit{};
    if (!TakeGroup(unit)) return;
    StartCopy(unit);
    for (bool is_done = false; !is_done;) {
      copier_.Finish();
      std::swap(blocks_[0], blocks_[1]);
      Unit next = unit;
      is_done = !Advance(next);
      if (!is_done) StartCopy(next);
      Multiply(unit, is_done ? 0 : copier_.lines());
      unit = next;
    }
  }

 private:
  std::size_t BlockSums() const { return 2 * Size(p_.plan.slab_tiles) * kTileSize; }
  int First(const Unit& u) const { return (u.group * p_.plan.group + u.block) * kBlock; }
  int Depth(const Unit& u) const { return std::min(p_.plan.chunk, p_.w.cols - u.chunk * p_.plan.chunk); }

  void StartCopy(const Unit& u) {
    copier_.Start(p_.w, First(u), u.chunk * p_.plan.chunk, Depth(u), blocks_[1].get());
  }

  int Blocks(const Unit& u) const {
    return std::min(p_.plan.group, p_.plan.blocks - u.group * p_.plan.group);
  }

  bool TakeGroup(Unit& u) {
    const int index = p_.next_group++;
    u = {index / p_.plan.groups, index % p_.plan.groups, 0, 0};
    return u.slab < p_.plan.slabs;
  }

  bool Advance(Unit& u) {
    if (++u.block < Blocks(u)) return true;
    u.block = 0;
    return ++u.chunk < p_.plan.chunks || TakeGroup(u);
  }

  void Multiply(const Unit& u, int lines_to_copy) {
    const int first_tile = u.slab * p_.plan.slab_tiles;
    const int tiles = std::min(p_.plan.slab_tiles, p_.x.row_tiles() - first_tile);
    float* sums = sums_.get() + Size(u.block) * BlockSums();
    const int depth = Depth(u);
    Visit v{blocks_[0].get(), nullptr, nullptr, 0, false, 0};
    v.lines_per_step = CeilDiv(lines_to_copy, CeilDiv(tiles, 2) * CeilDiv(depth, kTerms));
    for (int k = 0; k < depth; k += kDepth) {
      v.steps = CeilDiv(std::min(kDepth, depth - k), kTerms);
      v.is_first = u.chunk == 0 && k == 0;
      for (int tile = 0; tile < tiles; tile += 2) {
        v.x = p_.x.At(first_tile + tile, u.chunk * p_.plan.chunk + k);
        v.sums = sums + Size(tile) * 2 * kTileSize;
        if (tile + 1 < tiles)
          MultiplyBlock<2>(v, copier_);
        else
          MultiplyBlock<1>(v, copier_);
      }
      v.w += Size(v.steps) * kBlock * kLine;
    }
    if (u.chunk + 1 == p_.plan.chunks && u.block + 1 == Blocks(u)) StoreGroup(u, first_tile, tiles);
  }

  // A token's outputs one after the other: rows of y are far apart.
  void StoreGroup(const Unit& u, int first_tile, int tiles) {
    const int begin = u.group * p_.plan.group * kBlock;
    const int end = std::min(begin + Blocks(u) * kBlock, p_.y.cols);
    for (int tile = 0; tile < tiles; ++tile) {
      for (int output = begin; output < end; output += kTile) {
        const int block = (output - begin) / kBlock;
        const float* sums = sums_.get() + Size(block) * BlockSums() +
                            Size(2 * tile + (output - begin) % kBlock / kTile) * kTileSize;
        StoreTile(sums, p_.bias, p_.y, (first_tile + tile) * kTile, output);
      }
    }
  }

  Product& p_;
  WeightCopier copier_;
  hwy::AlignedFreeUniquePtr<std::byte[]> blocks_[2];
  hwy::AlignedFreeUniquePtr<float[]> sums_;
};

}  // namespace

bool HasAmxBf16() {
  static const bool has = [] {
    constexpr unsigned kTileBit = 1u << 24, kBf16Bit = 1u << 22;
    constexpr int kRequestPermission = 0x1023, kTileData = 18;  // asm/prctl.h, asm/fpu/types.h
    unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
    if ((edx & kTileBit) == 0 || (edx & kBf16Bit) == 0) return false;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq"))
      return false;
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return has;
}

void LinearAmxBf16(const MatrixView& x, const LinearWeights& w, const MatrixView& y, ThreadPool& pool) {
  std::vector<float> bias(Size(w.weight.rows));
  if (w.bias.data != nullptr) bias = LoadVector(w.bias, DType::kBF16);
  PackedTokens packed(x);
  pool.For(packed.row_tiles(), [&](int row_tile) { packed.Pack(x, row_tile); });
  Product product{packed, w.weight, bias.data(), y, PlanOf(w.weight, packed.row_tiles(), pool.threads())};
  pool.For(pool.threads(), [&](int) { Worker(product).Run(); });
}

}  // namespace headspec::kernels

#else

namespace headspec::kernels {

bool HasAmxBf16() { return false; }
void LinearAmxBf16(const MatrixView&, const LinearWeights&, const MatrixView&, ThreadPool&) {}

}  // namespace headspec::kernels

#endif
