// How many processors a process may use: what it was bound to, what its container grants, and what the other
// ranks of its host leave.
#pragma once

#include <optional>
#include <string_view>

namespace headspec::sweep {

// Whole processors in a cgroup's cpu.max ("150000 100000"), at least 1; empty: no limit.
std::optional<int> CpusOfQuota(std::string_view cpu_max);

// `bound`: to how many of `online` processors the process is bound.
int ThreadsOfRank(int bound, int online, std::optional<int> quota, int ranks_of_host);

// Of this process, one of so many on its host.
int ThreadsHere(int ranks_of_host);

}  // namespace headspec::sweep
