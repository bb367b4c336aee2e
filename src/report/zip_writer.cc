#include "report/zip_writer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>
#include <utility>

#include "core/error.h"

namespace headspec::report {
namespace fs = std::filesystem;
namespace {

// 1980-01-01 00:00, the first moment a zip archive can express.
constexpr zip_uint16_t kDosTime = 0;
constexpr zip_uint16_t kDosDate = (1 << 5) | 1;
constexpr zip_uint32_t kPlainFileMode = 0100644u << 16;

fs::path PartialOf(const fs::path& target) {
  return target.parent_path() / fmt::format(".{}.partial-{}", target.filename().string(), ::getpid());
}

}  // namespace

ZipWriter::ZipWriter(fs::path target, std::string what, int level)
    : target_(std::move(target)), what_(std::move(what)), level_(level), partial_(PartialOf(target_)) {
  std::error_code error;
  if (fs::exists(target_, error)) Fail("it exists and nothing is overwritten");
  int code = 0;
  archive_.reset(zip_open(partial_.path().c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
  if (archive_) return;
  zip_error_t problem;
  zip_error_init_with_code(&problem, code);
  const std::string text = zip_error_strerror(&problem);
  zip_error_fini(&problem);
  Fail(text);
}

void ZipWriter::Fail(const std::string& problem) const {
  throw Error(ErrorKind::kSystem, fmt::format("cannot write {} {}: {}", what_, target_.string(), problem),
              "choose an output folder that can be written");
}

void ZipWriter::AddFile(const std::string& name, const fs::path& file) {
  Add(name, zip_source_file(archive_.get(), file.c_str(), 0, -1));
}

void ZipWriter::AddBytes(const std::string& name, std::string bytes) {
  const std::string& kept = bytes_.emplace_back(std::move(bytes));
  Add(name, zip_source_buffer(archive_.get(), kept.data(), kept.size(), 0));
}

void ZipWriter::Add(const std::string& name, zip_source_t* source) {
  zip_t* archive = archive_.get();
  const zip_int64_t added =
      source == nullptr ? -1 : zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (added < 0) {
    const std::string text = zip_strerror(archive);
    zip_source_free(source);  // taken over by the archive only on success
    Fail(fmt::format("{}: {}", name, text));
  }
  const auto index = static_cast<zip_uint64_t>(added);
  if (zip_set_file_compression(archive, index, ZIP_CM_DEFLATE, static_cast<zip_uint32_t>(level_)) != 0 ||
      zip_file_set_dostime(archive, index, kDosTime, kDosDate, 0) != 0 ||
      zip_file_set_external_attributes(archive, index, 0, ZIP_OPSYS_UNIX, kPlainFileMode) != 0) {
    Fail(fmt::format("{}: {}", name, zip_strerror(archive)));
  }
}

void ZipWriter::Close() {
  if (zip_close(archive_.get()) != 0) Fail(zip_strerror(archive_.get()));
  (void)archive_.release();  // zip_close freed it
  std::error_code error;
  fs::rename(partial_.path(), target_, error);
  if (error) Fail(error.message());
  partial_.Release();
}

}  // namespace headspec::report
