// Writing what was measured, on the console: what the writing itself needs around it (report/save.h).
#pragma once

#include <functional>
#include <string>

#include "cli/console.h"
#include "core/progress.h"
#include "headspec/result.h"
#include "report/save.h"

namespace headspec::cli {

// `save`, and what is kept where it was interrupted.
Saved SaveOrContinue(const RunResult& run, bool fresh, Console& console,
                     const std::function<Saved(Progress&)>& save);

// The list of the files for people.
void PrintWritten(const Saved& saved, Console& console);

// Before hours of work: throws Error(kSystem) if the folder could not be written. Leaves nothing behind.
void RequireFreeFolder(const std::string& out);

// `--out`, or results/<name>_<timestamp>, with _2, _3 ... when that second has a folder already.
std::string OutputFolderName(const std::string& out, const std::string& name, const RunResult& run);

// 0 when every model was measured, 1 when some failed or met NaN or infinity; all failed: the first one's
// code.
int ExitCodeOf(const RunResult& run);
bool NothingMeasured(const RunResult& run);

}  // namespace headspec::cli
