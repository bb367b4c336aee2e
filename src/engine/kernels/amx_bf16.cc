#include "engine/kernels/bf16_units.h"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "engine/kernels/bf16_vectors.h"

// y = x w^T in tiles: a tile of sums is [16 tokens][16 outputs], a block of sums two by two tiles. Both
// operands are repacked, so that tiles are whole cache lines one after the other: in the file, rows of w lie
// at odd addresses and their distances make them compete for the same cache sets. Each row of w is read once:
// a few strips of 32 rows are packed into the second-level cache, and all strips of x pass by. A part of x's
// strip stays in the first-level cache while the tiles of w stream past it.
namespace headspec::kernels {
namespace {

#define HEADSPEC_AMX __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq")))

constexpr int kTile = 16;              // rows of a tile
constexpr int kTerms = 32;             // bf16 values in a row of a tile
constexpr int kTileSize = 256;         // sums, or pairs of bf16, in a tile
constexpr int kLine = 64;              // bytes in a row of a tile and in a cache line
constexpr int kBlock = 2 * kTile;      // outputs, and tokens, of a block; a strip is so many rows of w or x
constexpr int kStep = kBlock * kLine;  // bytes of a strip per kTerms terms
constexpr int kBlockSums = 4 * kTileSize;  // [token tile][output tile]
constexpr int kDepth = 512;                // terms of a part: 32 KiB per strip
constexpr int kChunk = 2560;               // terms of a strip of w that are packed together, at most
constexpr int kCachedSteps = 512;  // of all packed strips, at most: 1 MiB; more does not stay in the cache

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

// Memory that a thread keeps from call to call, in huge pages where the system has them: fresh pages cost
// more than what is written to them.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { Free(); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // At least `size` bytes of any content; what an earlier call returned is gone.
  std::byte* Get(std::size_t size) {
    if (size <= size_) return data_;
    Free();
    constexpr std::size_t kPage = std::size_t{2} << 20;
    const std::size_t rounded = (size + kPage - 1) / kPage * kPage;
    data_ = static_cast<std::byte*>(std::aligned_alloc(kPage, rounded));
    if (data_ == nullptr) throw std::bad_alloc();
    size_ = rounded;
    madvise(data_, rounded, MADV_HUGEPAGE);
    return data_;
  }

 private:
  void Free() {
    std::free(data_);
    data_ = nullptr;
    size_ = 0;
  }

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// How the product is cut. The cuts do not touch any output's order of additions.
struct Plan {
  Plan(const WeightView& w, int tokens, int threads) : strips(CeilDiv(tokens, kBlock)) {
    chunks = CeilDiv(w.cols, kChunk);
    chunk = CeilDiv(CeilDiv(w.cols, chunks), kDepth) * kDepth;
    chunks = CeilDiv(w.cols, chunk);
    const int blocks = CeilDiv(w.rows, kBlock);
    group = std::clamp(blocks / (8 * threads), 1, kCachedSteps / (chunk / kTerms));
    groups = CeilDiv(blocks, group);
  }

  int strips;  // of x
  int chunk;   // terms
  int chunks;
  int group;  // strips of w that are packed together
  int groups;
};

// x as tiles, zero beyond its rows and columns: for each chunk, for each strip, for each 32 columns two
// tiles.
class PackedTokens {
 public:
  PackedTokens(const MatrixView& x, const Plan& plan, std::byte* to) : x_(x), plan_(plan), to_(to) {}

  static std::size_t Bytes(const MatrixView& x, const Plan& plan) {
    return Size(plan.strips) * Size(CeilDiv(x.cols, kTerms)) * kStep;
  }

  std::byte* At(int strip, int col) const {
    const int first = col / plan_.chunk * plan_.chunk;
    const int steps = CeilDiv(std::min(plan_.chunk, x_.cols - first), kTerms);
    return to_ + (Size(first / kTerms) * Size(plan_.strips) + Size(strip) * Size(steps) +
                  Size((col - first) / kTerms)) *
                     kStep;
  }

  HEADSPEC_AMX void Pack(int strip) const {
    const int first = strip * kBlock;
    const int count = std::min(kBlock, x_.rows - first);
    for (int k = 0; k < x_.cols; k += kTerms) {
      std::byte* to = At(strip, k);
      for (int i = 0; i < count; ++i, to += kLine)
        _mm512_store_si512(to, bf16::Narrow(x_.Row(first + i) + k, x_.cols - k));
      for (int i = count; i < kBlock; ++i, to += kLine) _mm512_store_si512(to, _mm512_setzero_si512());
    }
  }

 private:
  const MatrixView& x_;
  const Plan& plan_;
  std::byte* to_;
};

// A strip of w as tiles, zero beyond its rows and columns: for each 32 terms two tiles, [16 pairs][16 rows].
HEADSPEC_AMX void PackWeights(const WeightView& w, int first, int k, int depth, std::byte* to) {
  constexpr int kAhead = 4 * kLine;
  for (int i = 0; i < depth; i += kTerms) {
    const __mmask32 terms = depth - i >= kTerms ? ~__mmask32{0} : (__mmask32{1} << (depth - i)) - 1;
    for (int tile = first; tile < first + kBlock; tile += kTile) {
      const int count = std::min(kTile, w.rows - tile);
      __m512i rows[kTile];
#pragma GCC unroll 16
      for (int row = 0; row < kTile; ++row) {
        if (row >= count) {
          rows[row] = _mm512_setzero_si512();
          continue;
        }
        const std::byte* from = w.Row(tile + row) + 2 * Size(k + i);
        _mm_prefetch(reinterpret_cast<const char*>(from) + kAhead, _MM_HINT_T0);
        rows[row] = _mm512_maskz_loadu_epi16(terms, from);
      }
      bf16::Transpose(rows);
#pragma GCC unroll 16
      for (int row = 0; row < kTile; ++row, to += kLine) _mm512_store_si512(to, rows[row]);
    }
  }
}

// A block of sums over `steps` * 32 terms.
struct Visit {
  const std::byte* w;
  const std::byte* x;
  float* sums;
  int steps;
  bool is_first;
  const std::byte* ahead;  // what to call into the second-level cache, so many lines per step
  int lines_ahead;
};

// The "stream" loads keep what passes by from displacing x's part in the first-level cache.
HEADSPEC_AMX void MultiplyBlock(const Visit& v) {
  if (v.is_first) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else {
    _tile_stream_loadd(0, v.sums, kLine);
    _tile_stream_loadd(1, v.sums + kTileSize, kLine);
    _tile_stream_loadd(2, v.sums + 2 * kTileSize, kLine);
    _tile_stream_loadd(3, v.sums + 3 * kTileSize, kLine);
  }
  const std::byte* w = v.w;
  const std::byte* x = v.x;
  const char* ahead = reinterpret_cast<const char*>(v.ahead);
  for (int step = 0; step < v.steps; ++step, w += kStep, x += kStep) {
    _tile_stream_loadd(4, w, kLine);
    _tile_loadd(6, x, kLine);
    _tile_stream_loadd(5, w + kStep / 2, kLine);
    _tile_dpbf16ps(0, 6, 4);
    _tile_loadd(7, x + kStep / 2, kLine);
    _tile_dpbf16ps(2, 7, 4);
    _tile_dpbf16ps(3, 7, 5);
    _tile_dpbf16ps(1, 6, 5);
    for (int i = 0; i < v.lines_ahead; ++i, ahead += kLine) _mm_prefetch(ahead, _MM_HINT_T1);
  }
  _tile_stored(0, v.sums, kLine);
  _tile_stored(1, v.sums + kTileSize, kLine);
  _tile_stored(2, v.sums + 2 * kTileSize, kLine);
  _tile_stored(3, v.sums + 3 * kTileSize, kLine);
}

struct Product {
  const PackedTokens& x;
  const WeightView& w;
  const float* bias;
  const MatrixView& y;
  const Plan& plan;
  std::atomic<int> next_group{0};
};

class Worker {
 public:
  explicit Worker(Product& product) : p_(product), plan_(product.plan) {
    const std::size_t w_bytes = Size(plan_.group) * StripBytes();
    const bool has_one_chunk = plan_.chunks == 1;
    thread_local Scratch scratch;
    w_ = scratch.Get(w_bytes +
                     Size(has_one_chunk ? 1 : plan_.strips) * Size(plan_.group) * kBlockSums * sizeof(float));
    sums_ = reinterpret_cast<float*>(w_ + w_bytes);
    sums_per_x_strip_ = has_one_chunk ? 0 : Size(plan_.group) * kBlockSums;
  }

  void Run() {
    const TileScope scope;
    for (int group = p_.next_group++; group < plan_.groups; group = p_.next_group++) {
      const int first = group * plan_.group;
      const int count = std::min(plan_.group, CeilDiv(p_.w.rows, kBlock) - first);
      for (int k = 0; k < p_.w.cols; k += plan_.chunk) MultiplyChunk(first, count, k);
    }
  }

 private:
  std::size_t StripBytes() const { return Size(plan_.chunk / kTerms) * kStep; }
  float* Sums(int x_strip, int strip) const {
    return sums_ + Size(x_strip) * sums_per_x_strip_ + Size(strip) * kBlockSums;
  }

  // Terms from `begin` on of `count` strips of w from `first` on, for all tokens.
  void MultiplyChunk(int first, int count, int begin) {
    const int depth = std::min(plan_.chunk, p_.w.cols - begin);
    for (int i = 0; i < count; ++i)
      PackWeights(p_.w, (first + i) * kBlock, begin, depth, w_ + Size(i) * StripBytes());
    // Each visit calls in its share of x's next part.
    const int lines_ahead = CeilDiv(kBlock, count);
    for (int x_strip = 0; x_strip < plan_.strips; ++x_strip) {
      for (int k = 0; k < depth; k += kDepth) {
        Visit v{};
        v.x = p_.x.At(x_strip, begin + k);
        v.steps = CeilDiv(std::min(kDepth, depth - k), kTerms);
        v.is_first = begin + k == 0;
        v.ahead = v.x + Size(v.steps) * kStep;
        v.lines_ahead = lines_ahead;
        for (int i = 0; i < count; ++i) {
          v.w = w_ + Size(i) * StripBytes() + Size(k / kTerms) * kStep;
          v.sums = Sums(x_strip, i);
          MultiplyBlock(v);
          v.ahead += Size(v.steps * lines_ahead) * kLine;
        }
      }
      if (begin + depth == p_.w.cols) StoreBlocks(first, first + count, x_strip);
    }
  }

  // y = round(sums + bias) for strips [first, last) of w, rows of y one after the other: they are far apart
  // and compete for the same cache sets.
  HEADSPEC_AMX void StoreBlocks(int first, int last, int x_strip) const {
    constexpr int kRowsAhead = 8;
    const int begin = first * kBlock;
    const int end = std::min(last * kBlock, p_.y.cols);
    const float* sums = Sums(x_strip, 0);
    const int count = std::min(kBlock, p_.y.rows - x_strip * kBlock);
    for (int token = 0; token < count; ++token) {
      const float* from = sums + token / kTile * 2 * kTileSize + token % kTile * kTile;
      float* to = p_.y.Row(x_strip * kBlock + token);
      for (int output = begin; output < end; output += kTile) {
        const int tile = (output - begin) / kTile;
        const __mmask16 lanes = bf16::FirstLanes(end - output);
        const __m512 sum = _mm512_load_ps(from + Size(tile / 2) * kBlockSums + tile % 2 * kTileSize);
        const __m512 offset = _mm512_maskz_loadu_ps(lanes, p_.bias + output);
        _mm_prefetch(reinterpret_cast<const char*>(to + kRowsAhead * p_.y.stride + output), _MM_HINT_T0);
        _mm512_mask_storeu_ps(to + output, lanes, bf16::Round(_mm512_add_ps(sum, offset)));
      }
    }
  }

  Product& p_;
  const Plan& plan_;
  std::byte* w_;
  float* sums_;
  std::size_t sums_per_x_strip_;
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
  const Plan plan(w.weight, x.rows, pool.threads());
  thread_local Scratch scratch;
  const PackedTokens packed(x, plan, scratch.Get(PackedTokens::Bytes(x, plan)));
  pool.For(plan.strips, [&](int strip) { packed.Pack(strip); });
  Product product{packed, w.weight, bias.data(), y, plan};
  pool.For(pool.threads(), [&](int) { Worker(product).Run(); });
}

}  // namespace headspec::kernels

#else

namespace headspec::kernels {

bool HasAmxBf16() { return false; }
void LinearAmxBf16(const MatrixView&, const LinearWeights&, const MatrixView&, ThreadPool&) {}

}  // namespace headspec::kernels

#endif
