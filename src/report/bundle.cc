#include "report/bundle.h"

#include <fmt/format.h>

#include <set>
#include <system_error>

#include "core/error.h"
#include "report/zip_writer.h"

namespace headspec::report {
namespace {

namespace fs = std::filesystem;

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

}  // namespace

void WriteBundle(const fs::path& target, const std::vector<BundleEntry>& entries) {
  std::error_code error;
  if (fs::exists(target, error)) Fail(target, "it exists and nothing is overwritten");
  if (entries.empty()) Fail(target, "there is nothing to put into it");
  CheckEntries(target, entries);
  ZipWriter archive(target, "bundle");
  for (const BundleEntry& entry : entries) archive.AddFile(entry.name, entry.file);
  archive.Close();
}

}  // namespace headspec::report
