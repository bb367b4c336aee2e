// What the kernels compute with: an instruction set, and perhaps the processor's bf16 unit. It is a choice of
// each thread, so that several passes in one process can differ: UseArithmetic makes it for the calling
// thread, and the workers of a pass take it over with AsOnThisThread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace headspec::kernels {

// Instruction sets usable here, best first, the bf16 units ("AMX-BF16", "AVX512-BF16") among them.
std::vector<std::string> Targets();

struct Arithmetic {
  std::string target = {};  // one of Targets(); empty: the best
  bool fast_bf16 = false;   // also the bf16 unit, where there is one
};

// Holds the calling thread's kernels to it until the end of its scope.
class UseArithmetic {
 public:
  explicit UseArithmetic(const Arithmetic& arithmetic);
  ~UseArithmetic();
  UseArithmetic(const UseArithmetic&) = delete;
  UseArithmetic& operator=(const UseArithmetic&) = delete;

 private:
  std::function<void()> restore_;
};

// To be called by another thread: it then uses what the thread that made it uses.
std::function<void()> AsOnThisThread();

// One of Targets(): that of the calling thread.
std::string CurrentTarget();

}  // namespace headspec::kernels
