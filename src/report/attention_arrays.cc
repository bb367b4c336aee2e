#include "report/attention_arrays.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zip.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/npy_header.h"
#include "report/npy_writer.h"
#include "report/zip_writer.h"

namespace headspec::report {
namespace {

namespace fs = std::filesystem;

constexpr const char* kNext = "take the attention.npz that was written beside results.json";
constexpr int kLevel = 6;  // 9 takes nine times as long for 1 % less
constexpr double kMostBytesOfHeader = 1 << 14;

std::string EntryName(std::size_t model, std::size_t prompt) {
  return fmt::format("{}/prompt_{}.npy", model, prompt);
}

NpyShape ShapeOf(const ModelResult& model, std::size_t prompt) {
  const std::size_t tokens = model.token_ids[prompt].size();
  return {model.head_entropies.size(), model.head_entropies.front().size(), tokens, tokens};
}

// The arrays of an .npz that is there already.
class Archive {
 public:
  explicit Archive(const fs::path& file) : file_(file.string()) {
    std::error_code error;
    if (!fs::exists(file, error)) throw Error(ErrorKind::kSystem, file_ + ": no such file", kNext);
    int code = 0;
    archive_.reset(zip_open(file.c_str(), ZIP_RDONLY, &code));
    if (!archive_) Fail("not an .npz archive");
    const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), 0);
      if (name == nullptr || !entries_.emplace(name, i).second) Fail("two arrays of one name");
    }
  }

  bool Has(const std::string& name) const { return entries_.contains(name); }
  std::size_t size() const { return entries_.size(); }

  // The data of an array that has to have this shape.
  std::vector<std::uint8_t> Read(const std::string& name, const NpyShape& shape) const {
    const std::string bytes = Unpack(name, shape);
    const NpyHeader header = ParseNpyHeader(bytes, fmt::format("{}: {}", file_, name), kNext);
    if (header.type != "|u1" || header.fortran_order || header.shape != shape) {
      Fail(fmt::format("{}: expected uint8 ({}), found {}{} ({})", name, fmt::join(shape, ", "),
                       header.type == "|u1" ? "uint8" : header.type,
                       header.fortran_order ? " in Fortran order" : "", fmt::join(header.shape, ", ")));
    }
    std::size_t expected = 1;
    for (const std::size_t size : shape) expected *= size;
    const std::size_t found = bytes.size() - header.data_offset;
    if (found != expected)
      Fail(fmt::format("{}: expected {} bytes of data, found {}", name, expected, found));
    return {bytes.begin() + static_cast<std::ptrdiff_t>(header.data_offset), bytes.end()};
  }

  [[noreturn]] void Fail(const std::string& problem) const {
    throw Error(ErrorKind::kInput, fmt::format("{}: {}", file_, problem), kNext);
  }

 private:
  std::string Unpack(const std::string& name, const NpyShape& shape) const {
    const auto index = static_cast<zip_uint64_t>(entries_.at(name));
    zip_stat_t stat;
    if (zip_stat_index(archive_.get(), index, 0, &stat) != 0 || (stat.valid & ZIP_STAT_SIZE) == 0)
      Fail(name + ": cannot be read from the archive");
    double most = 1;
    for (const std::size_t size : shape) most *= static_cast<double>(size);
    if (static_cast<double>(stat.size) > most + kMostBytesOfHeader)
      Fail(fmt::format("{}: {} bytes are too many for shape ({})", name, stat.size, fmt::join(shape, ", ")));
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> entry(zip_fopen_index(archive_.get(), index, 0),
                                                                  zip_fclose);
    std::string bytes(stat.size, '\0');
    char rest = 0;  // only a read at the end compares the checksum
    if (!entry ||
        zip_fread(entry.get(), bytes.data(), bytes.size()) != static_cast<zip_int64_t>(bytes.size()) ||
        zip_fread(entry.get(), &rest, 1) != 0) {
      Fail(name + ": cannot be unpacked from the archive");
    }
    return bytes;
  }

  struct DiscardArchive {
    void operator()(zip_t* archive) const { zip_discard(archive); }
  };

  std::string file_;
  std::unique_ptr<zip_t, DiscardArchive> archive_;
  std::map<std::string, zip_int64_t> entries_;
};

}  // namespace

bool HasAttention(const RunResult& run) {
  return std::any_of(run.models.begin(), run.models.end(),
                     [](const ModelResult& model) { return !model.attention.empty(); });
}

void WriteAttention(const RunResult& run, const fs::path& target) {
  ZipWriter archive(target, "attention", kLevel);
  for (std::size_t i = 0; i < run.models.size(); ++i) {
    const ModelResult& model = run.models[i];
    for (std::size_t p = 0; p < model.attention.size(); ++p)
      archive.AddBytes(EntryName(i, p), Npy(ShapeOf(model, p), model.attention[p]));
  }
  archive.Close();
}

void ReadAttention(const fs::path& npz, RunResult& run) {
  const Archive archive(npz);
  std::vector<std::vector<std::vector<std::uint8_t>>> found(run.models.size());
  std::size_t known = 0;
  for (std::size_t i = 0; i < run.models.size(); ++i) {
    const ModelResult& model = run.models[i];
    if (model.error || !archive.Has(EntryName(i, 0))) continue;
    for (std::size_t p = 0; p < model.token_ids.size(); ++p) {
      const std::string name = EntryName(i, p);
      if (!archive.Has(name)) archive.Fail(fmt::format("expected {}, found none", name));
      found[i].push_back(archive.Read(name, ShapeOf(model, p)));
    }
    known += found[i].size();
  }
  if (known != archive.size()) {
    archive.Fail(fmt::format("expected {} arrays for the models and prompts of this run, found {}", known,
                             archive.size()));
  }
  for (std::size_t i = 0; i < found.size(); ++i) run.models[i].attention = std::move(found[i]);
}

}  // namespace headspec::report
