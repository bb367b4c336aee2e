#include "sweep/failure.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <new>
#include <nlohmann/json.hpp>
#include <system_error>

#include "core/error.h"
#include "core/host.h"
#include "report/files.h"
#include "sweep/layout.h"

namespace headspec::sweep {
namespace fs = std::filesystem;

CellFailure FailureFrom(const std::exception& e) {
  if (const auto* error = dynamic_cast<const Error*>(&e)) return {e.what(), ExitCodeOf(error->kind())};
  if (dynamic_cast<const std::bad_alloc*>(&e) != nullptr)
    return {"out of memory; use fewer or shorter prompts, or split_prompts", 3};
  return {e.what(), 1};
}

void NoteFailure(const fs::path& sweep, const SweepCell& cell, const CellFailure& failure) {
  const nlohmann::ordered_json json = {
      {"schema_version", 1},
      {"id", cell.id},
      {"model", cell.entry.name},
      {"revision", cell.revision},
      {"error", failure.error},
      {"code", failure.code},
      {"host", HostName()},
      {"timestamp", fmt::format("{:%Y%m%d_%H%M%S}", fmt::localtime(std::time(nullptr)))}};
  // Models name files, and files may have names in any bytes.
  (void)report::ReplaceFile(FailureOf(sweep, cell),
                            json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

void ForgetFailure(const fs::path& sweep, const SweepCell& cell) {
  std::error_code code;
  fs::remove(FailureOf(sweep, cell), code);
}

}  // namespace headspec::sweep
