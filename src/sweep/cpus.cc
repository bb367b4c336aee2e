#include "sweep/cpus.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>

#include "core/text.h"

namespace headspec::sweep {
namespace {

std::string FirstLine(const std::string& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// The tightest limit of the process's cgroup and those above it.
std::optional<int> Quota() {
  std::ifstream groups("/proc/self/cgroup");
  std::optional<int> least;
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    std::string group = line.substr(3);
    while (true) {
      const auto quota = CpusOfQuota(FirstLine("/sys/fs/cgroup" + group + "/cpu.max"));
      if (quota) least = std::min(*quota, least.value_or(*quota));
      const std::size_t above = group.rfind('/');
      if (group.size() <= 1 || above == std::string::npos) break;
      group.resize(above);
    }
  }
  return least;
}

}  // namespace

std::optional<int> CpusOfQuota(std::string_view cpu_max) {
  const std::string_view text = Trim(cpu_max);
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  long quota = 0, period = 0;
  const auto read = [](std::string_view word, long& value) {
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    return error == std::errc() && end == word.data() + word.size();
  };
  if (!read(text.substr(0, space), quota) || !read(text.substr(space + 1), period) || period <= 0)
    return std::nullopt;  // "max 100000"
  return static_cast<int>(std::max(1L, quota / period));
}

int ThreadsOfRank(int bound, int online, std::optional<int> quota, int ranks_of_host) {
  const int ranks = std::max(1, ranks_of_host);
  const int shared = std::max(1, std::min(online, quota.value_or(online)) / ranks);
  return bound < online ? std::min(bound, std::max(1, quota.value_or(bound))) : shared;
}

int ThreadsHere(int ranks_of_host) {
  const int online = std::max(1, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
  cpu_set_t set;
  CPU_ZERO(&set);
  // More processors than the set has room for: not bound, as far as anybody can tell.
  const int bound = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : online;
  return ThreadsOfRank(bound, online, Quota(), ranks_of_host);
}

}  // namespace headspec::sweep
