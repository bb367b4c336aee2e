// What the processor's multipliers reach in a loop that touches no memory: the yardstick of the benchmarks.
#pragma once

#include <string>

#include "core/thread_pool.h"

namespace headspec {

// Runs a few milliseconds of independent multiply-adds on every thread of the pool, with the instructions
// that linear layers of bf16 weights use on this target, and returns the number of operations.
double RunMultiplyAdds(const std::string& target, ThreadPool& pool);

}  // namespace headspec
