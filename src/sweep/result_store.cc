#include "sweep/result_store.h"

#include <fmt/format.h>

#include "core/error.h"
#include "experiment/own_cache.h"
#include "report/files.h"
#include "sweep/failure.h"
#include "sweep/layout.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

// Of a file below a folder, as a rank names it.
void RequireInside(const fs::path& name) {
  for (const fs::path& part : name) {
    if (part == ".." || part == "/" || part.empty())
      throw Error(ErrorKind::kRun, fmt::format("a rank sent a file named \"{}\"", name.string()),
                  "install the same version of headspec on all hosts");
  }
}

void PutInCache(const std::string& name, const std::string& bytes) {
  const fs::path folder = experiment::OwnCacheFolder();
  if (folder.empty()) throw Error(ErrorKind::kSystem, "parts of a cell have no place", "set HEADSPEC_CACHE");
  const fs::path file = folder / name;
  if (const std::string reason = report::ReplaceFile(file, bytes); !reason.empty())
    throw Error(ErrorKind::kSystem, fmt::format("{}: cannot be written ({})", file.string(), reason),
                "set HEADSPEC_CACHE to a folder that can be written");
}

}  // namespace

void ResultStore::Add(int rank, const Message& piece) {
  RequireInside(piece.name);
  Coming& coming = coming_[rank];
  coming.cell = piece.task.cell;
  std::string& file = (piece.flag ? coming.of_cell : coming.of_cache)[piece.name];
  if (piece.offset != file.size())
    throw Error(ErrorKind::kRun, fmt::format("rank {}: a piece of {} is missing", rank, piece.name),
                "start the same command again to go on");
  file += piece.bytes;
}

void ResultStore::PutCell(const Coming& coming) const {
  const SweepCell& cell = plan_.cells.at(coming.cell);
  if (IsMeasured(sweep_, cell)) return;
  MakeRoom(sweep_, cell);
  try {
    report::OutputFolder folder(FolderOf(sweep_, cell));
    for (const auto& [name, bytes] : coming.of_cell) folder.Write(name, bytes);
    folder.Commit();
  } catch (const Error&) {
    if (!IsMeasured(sweep_, cell)) throw;
    return;
  }
  ForgetFailure(sweep_, cell);
}

void ResultStore::Commit(int rank) {
  const auto found = coming_.find(rank);
  if (found == coming_.end()) return;
  const Coming coming = std::move(found->second);
  coming_.erase(found);
  for (const auto& [name, bytes] : coming.of_cache) PutInCache(name, bytes);
  if (!coming.of_cell.empty()) PutCell(coming);
}

}  // namespace headspec::sweep
