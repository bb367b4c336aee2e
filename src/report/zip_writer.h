// A zip archive whose bytes depend on names and contents alone, not on times, zones or modes. Written beside
// its target, then renamed.
#pragma once

#include <zip.h>

#include <deque>
#include <filesystem>
#include <memory>
#include <string>

#include "report/files.h"

namespace headspec::report {

class ZipWriter {
 public:
  // `what` names the archive in errors: "bundle". `level` is zlib's, 9 the smallest and slowest. Throws
  // Error(kSystem), as all of it, if `target` exists.
  ZipWriter(std::filesystem::path target, std::string what, int level = 9);

  void AddFile(const std::string& name, const std::filesystem::path& file);
  void AddBytes(const std::string& name, std::string bytes);
  void Close();

 private:
  struct DiscardArchive {
    void operator()(zip_t* archive) const { zip_discard(archive); }
  };

  [[noreturn]] void Fail(const std::string& problem) const;
  void Add(const std::string& name, zip_source_t* source);

  std::filesystem::path target_;
  std::string what_;
  int level_;
  Discard partial_;
  std::deque<std::string> bytes_;  // libzip reads them when it closes
  std::unique_ptr<zip_t, DiscardArchive> archive_;
};

}  // namespace headspec::report
