// The program and the machine behind a result, for whoever reads it a year later.
#pragma once

#include <string>
#include <string_view>

#include "headspec/result.h"
#include "headspec/run.h"

namespace headspec::experiment {

Environment DescribeEnvironment(const RunOptions& run);

// Of the source tree this was built from, with "-dirty" where it had changes; empty outside a git checkout.
// Defined in a file that the build generates.
std::string SourceCommit();

// The processor's name from the text of /proc/cpuinfo: its model name, or on Arm, which states none, the
// numbers of implementer and part. Empty if neither is there.
std::string CpuName(std::string_view cpuinfo);

}  // namespace headspec::experiment
