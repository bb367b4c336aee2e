#include "report/bundle.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zip.h>

#include <memory>
#include <set>
#include <system_error>

#include "core/error.h"
#include "report/files.h"

namespace headspec::report {
namespace {

namespace fs = std::filesystem;

// 1980-01-01 00:00, the first moment a zip archive can express.
constexpr zip_uint16_t kDosTime = 0;
constexpr zip_uint16_t kDosDate = (1 << 5) | 1;
constexpr zip_uint32_t kCompression = 9;
constexpr zip_uint32_t kPlainFileMode = 0100644u << 16;

[[noreturn]] void Fail(const fs::path& target, const std::string& what) {
  throw Error(ErrorKind::kSystem, fmt::format("cannot write bundle {}: {}", target.string(), what),
              "choose an output folder that can be written");
}

void CheckEntries(const fs::path& target, const std::vector<BundleEntry>& entries) {
  std::set<std::string> names;
  for (const BundleEntry& entry : entries) {
    if (entry.name.empty()) Fail(target, fmt::format("{} has no name in it", entry.file.string()));
    if (!names.insert(entry.name).second) Fail(target, fmt::format("two files are named {}", entry.name));
    std::error_code error;
    if (!fs::is_regular_file(entry.file, error)) {
      Fail(target, fmt::format("{} is not a file that can be read", entry.file.string()));
    }
  }
}

struct DiscardArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, DiscardArchive>;

Archive Open(const fs::path& partial, const fs::path& target) {
  int code = 0;
  Archive archive(zip_open(partial.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (!archive) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string text = zip_error_strerror(&error);
    zip_error_fini(&error);
    Fail(target, text);
  }
  return archive;
}

void Add(zip_t* archive, const BundleEntry& entry, const fs::path& target) {
  zip_source_t* source = zip_source_file(archive, entry.file.c_str(), 0, -1);
  const zip_int64_t added =
      source == nullptr ? -1 : zip_file_add(archive, entry.name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (added < 0) {
    const std::string text = zip_strerror(archive);
    zip_source_free(source);  // taken over by the archive only on success
    Fail(target, fmt::format("{}: {}", entry.name, text));
  }
  const auto index = static_cast<zip_uint64_t>(added);
  if (zip_set_file_compression(archive, index, ZIP_CM_DEFLATE, kCompression) != 0 ||
      zip_file_set_dostime(archive, index, kDosTime, kDosDate, 0) != 0 ||
      zip_file_set_external_attributes(archive, index, 0, ZIP_OPSYS_UNIX, kPlainFileMode) != 0) {
    Fail(target, fmt::format("{}: {}", entry.name, zip_strerror(archive)));
  }
}

}  // namespace

void WriteBundle(const fs::path& target, const std::vector<BundleEntry>& entries) {
  std::error_code error;
  if (fs::exists(target, error)) Fail(target, "it exists and nothing is overwritten");
  if (entries.empty()) Fail(target, "there is nothing to put into it");
  CheckEntries(target, entries);
  const std::string name = fmt::format(".{}.partial-{}", target.filename().string(), ::getpid());
  Discard partial(target.parent_path() / name);
  Archive archive = Open(partial.path(), target);
  for (const BundleEntry& entry : entries) Add(archive.get(), entry, target);
  if (zip_close(archive.get()) != 0) Fail(target, zip_strerror(archive.get()));
  (void)archive.release();  // zip_close freed it
  fs::rename(partial.path(), target, error);
  if (error) Fail(target, error.message());
  partial.Release();
}

}  // namespace headspec::report
