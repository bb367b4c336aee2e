#include "experiment/random_weights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numbers>
#include <set>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/thread_pool.h"
#include "experiment/files.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

using checkpoint::Tensor;

constexpr double kUsualRange = 0.02;
constexpr std::size_t kValuesPerTask = std::size_t{1} << 16;  // even: values come in pairs

[[noreturn]] void FailSystem(const std::string& what) {
  throw Error(ErrorKind::kSystem,
              fmt::format("random weights: {}: {}", what, std::generic_category().message(errno)),
              "measure without --baselines");
}

double RangeOf(const fs::path& folder) {
  const auto config = ParseJson<nlohmann::json>(ReadWholeFile(folder / "config.json", "config.json"));
  for (const char* key : {"initializer_range", "init_std"}) {
    if (config.contains(key) && config.at(key).is_number()) return config.at(key).get<double>();
  }
  return kUsualRange;
}

// Sebastiano Vigna's splitmix64: the counter's bits, thoroughly mixed.
std::uint64_t Mixed(std::uint64_t counter) {
  counter += 0x9e3779b97f4a7c15;
  counter = (counter ^ (counter >> 30)) * 0xbf58476d1ce4e5b9;
  counter = (counter ^ (counter >> 27)) * 0x94d049bb133111eb;
  return counter ^ (counter >> 31);
}

std::uint64_t StreamOf(std::uint64_t seed, const std::string& name) {
  std::uint64_t stream = Mixed(seed);
  for (const char letter : name) stream = Mixed(stream ^ static_cast<unsigned char>(letter));
  return stream;
}

// Box and Muller 1958: two independent normal values.
std::pair<float, float> NormalPair(std::uint64_t stream, std::uint64_t index) {
  const std::uint64_t bits = Mixed(stream + index);
  const float first = (static_cast<float>(bits >> 40) + 1) * 0x1p-24f;  // in (0, 1]
  const float angle = 2 * std::numbers::pi_v<float> * static_cast<float>(bits & 0xffffff) * 0x1p-24f;
  const float radius = std::sqrt(-2 * std::log(first));
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

std::uint16_t ToBf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

// For values far below the largest half.
std::uint16_t ToHalf(float value) {
  const double size = std::abs(static_cast<double>(value));
  const int exponent = size == 0 ? -14 : std::max(std::ilogb(size), -14);
  const auto mantissa = static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent)));
  const int sign = std::signbit(value) ? 0x8000 : 0;
  return static_cast<std::uint16_t>(sign + ((exponent + 14) << 10) + mantissa);
}

void Store(DType type, float value, std::byte* to) {
  if (type == DType::kF32) {
    std::memcpy(to, &value, sizeof value);
    return;
  }
  const std::uint16_t half = type == DType::kBF16 ? ToBf16(value) : ToHalf(value);
  std::memcpy(to, &half, sizeof half);
}

class TensorFiller {
 public:
  TensorFiller(const model::ModelConfig& config, std::uint64_t seed, double range)
      : neutral_norm_(config.norm == model::Norm::kRmsOnePlusWeight ? 0.0f : 1.0f),
        seed_(seed),
        range_(static_cast<float>(range)) {}

  void Fill(const Tensor& tensor, std::byte* to, ThreadPool& pool) const {
    const std::size_t width = static_cast<std::size_t>(BitsOf(tensor.dtype)) / 8;
    const std::size_t count = tensor.bytes.size() / width;
    const std::uint64_t stream = StreamOf(seed_, tensor.name);
    const bool is_constant = tensor.shape.size() == 1 || tensor.name.find("norm") != std::string::npos;
    const float constant = tensor.name.ends_with("bias") ? 0.0f : neutral_norm_;
    const std::size_t tasks = (count + kValuesPerTask - 1) / kValuesPerTask;
    pool.For(static_cast<int>(tasks), [&](int task) {
      const std::size_t begin = static_cast<std::size_t>(task) * kValuesPerTask;
      const std::size_t end = std::min(begin + kValuesPerTask, count);
      for (std::size_t i = begin; i < end; i += 2) {
        const auto [first, second] = is_constant ? std::pair(constant, constant) : NormalPair(stream, i / 2);
        const float scale = is_constant ? 1.0f : range_;
        Store(tensor.dtype, first * scale, to + i * width);
        if (i + 1 < end) Store(tensor.dtype, second * scale, to + (i + 1) * width);
      }
    });
  }

 private:
  float neutral_norm_;
  std::uint64_t seed_;
  float range_;
};

// A safetensors file of these tensors, as far as its header.
std::string HeaderOf(const std::vector<Tensor>& tensors) {
  nlohmann::json header;
  std::uint64_t offset = 0;
  for (const Tensor& tensor : tensors) {
    header[tensor.name] = {{"dtype", NameOf(tensor.dtype)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string bytes(8, '\0');
  const auto length = static_cast<std::uint64_t>(text.size());
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes + text;
}

std::uint64_t FreeMemory() {
  std::ifstream info("/proc/meminfo");
  std::string word;
  std::uint64_t kilobytes = 0;
  while (info >> word) {
    if (word == "MemAvailable:" && info >> kilobytes) return kilobytes * 1024;
  }
  return ~std::uint64_t{0};
}

// Of a file in memory, all of it to be written.
class WritableMap {
 public:
  WritableMap(int file, std::size_t size)
      : size_(size), address_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)) {
    if (address_ == MAP_FAILED) FailSystem("cannot map memory");
  }
  ~WritableMap() { munmap(address_, size_); }
  WritableMap(const WritableMap&) = delete;
  WritableMap& operator=(const WritableMap&) = delete;

  std::byte* data() const { return static_cast<std::byte*>(address_); }

 private:
  std::size_t size_;
  void* address_;
};

void RequireFit(const std::vector<const Tensor*>& used) {
  std::uint64_t bytes = 0;
  for (const Tensor* tensor : used) {
    bytes += tensor->bytes.size();
    if (tensor->dtype == DType::kF32 || tensor->dtype == DType::kF16 || tensor->dtype == DType::kBF16)
      continue;
    throw Error(ErrorKind::kInput,
                fmt::format("random weights: {} is {}", tensor->name, NameOf(tensor->dtype)),
                "only F32, F16 and BF16 are initialised");
  }
  if (const std::uint64_t free = FreeMemory() / 10 * 8; bytes > free) {
    throw Error(ErrorKind::kSystem,
                fmt::format("random weights: {} MB of them do not fit into {} MB of free memory",
                            bytes / 1'000'000, free / 1'000'000),
                "measure without --baselines, or on a larger machine");
  }
}

}  // namespace

RandomCheckpoint::RandomCheckpoint(const Subject& original, std::uint64_t seed, int threads,
                                   Progress* progress)
    : range_(RangeOf(original.folder)), file_(memfd_create("headspec random weights", MFD_CLOEXEC)) {
  const std::vector<const Tensor*> used = original.model.UsedTensors();
  RequireFit(used);
  const std::vector<Tensor>& tensors = original.model.checkpoint().tensors();
  const std::string header = HeaderOf(tensors);
  std::size_t size = header.size();
  for (const Tensor& tensor : tensors) size += tensor.bytes.size();
  if (file_.value() < 0 || ftruncate(file_.value(), static_cast<off_t>(size)) != 0)
    FailSystem("cannot reserve memory");
  const WritableMap map(file_.value(), size);
  std::memcpy(map.data(), header.data(), header.size());
  const std::set<const Tensor*> is_used(used.begin(), used.end());
  const TensorFiller filler(original.model.config(), seed, range_);
  ThreadPool pool(threads, {}, [progress] { return progress != nullptr && progress->Cancelled(); });
  Steps steps(progress, "random weights: tensors", static_cast<std::int64_t>(tensors.size()));
  std::size_t at = header.size();
  for (const Tensor& tensor : tensors) {
    if (is_used.contains(&tensor)) filler.Fill(tensor, map.data() + at, pool);
    at += tensor.bytes.size();
    steps.Next();
  }
  std::string name = (fs::temp_directory_path() / "headspec-random-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) FailSystem("cannot create a folder for two links");
  folder_ = name;
  fs::create_symlink(fs::absolute(original.folder / "config.json"), folder_ / "config.json");
  fs::create_symlink(fmt::format("/proc/{}/fd/{}", getpid(), file_.value()), folder_ / "model.safetensors");
}

RandomCheckpoint::~RandomCheckpoint() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

}  // namespace headspec::experiment
