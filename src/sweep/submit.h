// The scripts with which a sweep goes on under Slurm or on plain hosts. Text only: nothing here starts
// anything.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "headspec/sweep.h"

namespace headspec::sweep {

// 'TEXT' for a POSIX shell, as it is where it needs no quotes.
std::string ShellWord(const std::string& text);
// The words that a shell would make of `text`, without expansions. Throws Error(kInput) that begins with
// `where` on a quote that is not closed.
std::vector<std::string> ShellWords(const std::string& text, const std::string& where);

struct Script {
  std::string name;
  std::string text;
};

struct SubmitOptions {
  std::string program;                        // absolute
  std::string folder;                         // of the sweep, absolute; its manifest.toml is what is run
  std::vector<std::string> run_options = {};  // for `headspec run`: "--offline"
  int jobs = 0;                               // 0: by the expected time
  int at_once = 0;                            // 0: kUsualAtOnce
  int cpus = 0;                               // of a job or a rank; 0: said by the cluster
  std::string time = {};                      // "12:00:00"; empty: by the plan
  std::string memory = {};                    // "8G"; empty: by the plan
  std::string partition = {};
  std::string account = {};
  std::vector<std::string> sbatch_options = {};
};

// So many jobs share one file system and one hub.
inline constexpr int kUsualAtOnce = 32;

// What a job of the array is asked for.
struct JobSize {
  int jobs = 1;
  std::uint64_t seconds = 0;
  std::uint64_t megabytes = 0;
};
JobSize JobSizeOf(const SweepPlan& plan, int jobs);

// "1-02:03:04", "02:03:04".
std::string SlurmTime(std::uint64_t seconds);

// array.sh, merge.sh, submit.sh: the last one hands the others to sbatch and prints their numbers.
std::vector<Script> SlurmScripts(const SweepPlan& plan, const SubmitOptions& options);

struct Hosts {
  std::vector<std::pair<std::string, int>> names;  // and their slots; 0: not said
  int ranks_of_host = 1;
};
// Of a hostfile's text ("node1 slots=4"), or "a,b:4,c". Throws Error(kInput).
Hosts ReadHosts(const std::string& text, const std::string& where);

// hostfile and mpirun.sh. `variables`: of the environment, that ranks need too.
std::vector<Script> HostScripts(const Hosts& hosts, const SubmitOptions& options,
                                const std::vector<std::string>& variables);

}  // namespace headspec::sweep
