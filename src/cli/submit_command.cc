#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "cli/choices.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "cli/sweep_run.h"
#include "core/error.h"
#include "experiment/files.h"
#include "report/files.h"
#include "sweep/plan.h"
#include "sweep/schedule.h"
#include "sweep/submit.h"

extern char** environ;

namespace headspec::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kMostJobs = 100'000, kMostCpus = 1024;

struct Arguments {
  std::string manifest;
  std::string out;
  bool slurm = false;
  std::string hosts;
  int ranks_of_host = 1;
  bool go = false;
  std::string sbatch;
  std::string local_copies;
  bool discard_models = false;
  sweep::SubmitOptions submit;
  CommonOptions common;
};

// Replaced at once: whoever runs it meanwhile has the old one or the new one.
void WriteScript(const fs::path& file, const std::string& text) {
  const std::string reason =
      report::ReplaceFile(file, text, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec);
  if (reason.empty()) return;
  throw Error(ErrorKind::kSystem, fmt::format("{}: cannot be written ({})", file.string(), reason),
              "choose another --out");
}

fs::path WriteScripts(const fs::path& folder, const std::vector<sweep::Script>& scripts) {
  for (const sweep::Script& script : scripts) WriteScript(folder / script.name, script.text);
  return folder / scripts.back().name;
}

void RequireProgram(const std::string& name, const fs::path& script) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((fs::path(folder) / name).c_str(), X_OK) == 0) return;
  throw Error(ErrorKind::kSystem, fmt::format("{}: not found in PATH", name),
              fmt::format("where it is installed: sh {}", sweep::ShellWord(script.string())));
}

int Start(const fs::path& script) {
  std::string shell = "sh", file = script.string();
  std::vector<char*> words = {shell.data(), file.data(), nullptr};
  pid_t child = 0;
  if (const int error = posix_spawn(&child, "/bin/sh", nullptr, nullptr, words.data(), environ); error != 0)
    throw Error(ErrorKind::kSystem, fmt::format("/bin/sh: cannot be started ({})", std::strerror(error)), "");
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 130;
}

// What ranks on other hosts must be told: mpirun passes on nothing of its own accord.
std::vector<std::string> VariablesForRanks() {
  std::vector<std::string> names;
  for (const char* name : {"HEADSPEC_CACHE", "HEADSPEC_DATA", "HEADSPEC_SILENCE", "XDG_CACHE_HOME", "HF_HOME",
                           "HF_HUB_CACHE", "HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"}) {
    if (std::getenv(name) != nullptr) names.emplace_back(name);
  }
  return names;
}

// A file with a line for each host, or the hosts themselves.
sweep::Hosts HostsOf(const Arguments& args) {
  std::error_code error;
  std::string text = args.hosts;
  if (fs::is_regular_file(args.hosts, error)) {
    text = experiment::ReadWholeFile(args.hosts, "hosts");
  } else {
    for (char& c : text)
      if (c == ',') c = '\n';
    for (std::size_t at = text.find(':'); at != std::string::npos; at = text.find(':', at))
      text.replace(at, 1, " slots=");
  }
  sweep::Hosts hosts = sweep::ReadHosts(text, "--hosts");
  hosts.ranks_of_host = args.ranks_of_host;
  return hosts;
}

std::vector<std::string> RunOptionsOf(const Arguments& args) {
  std::vector<std::string> options;
  if (args.common.offline) options.emplace_back("--offline");
  if (!args.common.cache_folder.empty())
    options.insert(options.end(), {"--cache-dir", fs::absolute(args.common.cache_folder).string()});
  if (!args.local_copies.empty()) options.insert(options.end(), {"--local-copies", args.local_copies});
  if (args.discard_models) options.emplace_back("--discard-models");
  if (args.slurm) options.emplace_back("--no-progress");
  return options;
}

int SubmitSweep(const Arguments& args) {
  if (args.slurm == !args.hosts.empty())
    throw Error(ErrorKind::kInput, "expected either --slurm or --hosts",
                "for any other scheduler, start `headspec run --shard i/n` in n jobs and then merge");
  Console console(args.common);
  const SweepPlan plan = PlanOf({.manifest = args.manifest, .out = args.out, .common = args.common}, console);
  const fs::path folder = fs::absolute(SweepFolder(args.out, plan.slug)).lexically_normal();
  sweep::KeepPlan(plan, folder);
  sweep::SubmitOptions options = args.submit;
  options.program = fs::read_symlink("/proc/self/exe").string();
  options.folder = folder.string();
  options.run_options = RunOptionsOf(args);
  options.sbatch_options = sweep::ShellWords(args.sbatch, "--sbatch");
  const fs::path script =
      args.slurm
          ? WriteScripts(folder / "slurm", sweep::SlurmScripts(plan, options))
          : WriteScripts(folder / "mpirun", sweep::HostScripts(HostsOf(args), options, VariablesForRanks()));
  if (args.slurm) {
    const sweep::JobSize size = sweep::JobSizeOf(plan, options.jobs);
    console.Print(fmt::format("{} cells in {} jobs: at most {} and {} MB each are asked for\n",
                              sweep::DistinctCells(plan).size(), size.jobs,
                              options.time.empty() ? sweep::SlurmTime(size.seconds) : options.time,
                              options.memory.empty() ? std::to_string(size.megabytes) : options.memory));
  }
  if (args.go) {
    RequireProgram(args.slurm ? "sbatch" : "mpirun", script);
    return Start(script);
  }
  console.PrintResult(fmt::format("sh {}\n", sweep::ShellWord(script.string())));
  return 0;
}

void AddClusterOptions(CLI::App& command, Arguments& args) {
  command.add_flag("--slurm", args.slurm, "an array job and a job that merges, in DIR/slurm")
      ->group(kMachine);
  command
      .add_option("--hosts", args.hosts,
                  "mpirun on these hosts, in DIR/mpirun: a file with a line for each, or a,b,c")
      ->type_name("FILE|HOSTS")
      ->group(kMachine);
  command.add_flag("--go", args.go, "start it too; without, the command that does is printed")
      ->group(kMachine);
  TakesNumber(command.add_option("--jobs", args.submit.jobs,
                                 "of Slurm: jobs of the array (default: of half an hour)"),
              1, kMostJobs, "N")
      ->group(kMachine);
  TakesNumber(
      command.add_option("--at-once", args.submit.at_once, "of Slurm: jobs that run at once (default 32)"), 1,
      kMostJobs, "N")
      ->group(kMachine);
  command
      .add_option("--time", args.submit.time, "of Slurm: time of a job (default: by the plan, three times)")
      ->type_name("HH:MM:SS")
      ->group(kMachine);
  command.add_option("--mem", args.submit.memory, "of Slurm: memory of a job (default: by the plan)")
      ->type_name("SIZE")
      ->group(kMachine);
  TakesNumber(command.add_option("--cpus-per-task", args.submit.cpus,
                                 "processors of a job or rank (default: the cluster's; on hosts, all)"),
              1, kMostCpus, "N")
      ->group(kMachine);
  TakesNumber(command.add_option("--ranks-per-host", args.ranks_of_host, "of hosts: ranks on each"), 1,
              kMostCpus, "N")
      ->capture_default_str()
      ->group(kMachine);
  command.add_option("--partition", args.submit.partition, "of Slurm")->type_name("NAME")->group(kMachine);
  command.add_option("--account", args.submit.account, "of Slurm")->type_name("NAME")->group(kMachine);
  command.add_option("--sbatch", args.sbatch, "more options for sbatch, as one word in quotes")
      ->type_name("OPTIONS")
      ->group(kMachine);
}

}  // namespace

void AddSubmit(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "submit", "Scripts that measure a sweep under Slurm or on other hosts; with --go they are started");
  command->add_option("MANIFEST", args->manifest, "sweep in TOML")->type_name("FILE")->required();
  AddOutOption(*command, args->out, "results/<slug>");
  AddClusterOptions(*command, *args);
  AddLocalCopiesOption(*command, args->local_copies);
  AddDiscardOption(*command, args->discard_models);
  AddHubOptions(*command, args->common);
  AddQuietOption(*command, args->common);
  AddColorOption(*command);
  AddProgressOptions(*command, args->common);
  command->footer("Example: headspec submit sweep.toml --slurm --out pythia --cpus-per-task 8 --go");
  command->callback([args, &exit_code] { exit_code = SubmitSweep(*args); });
}

}  // namespace headspec::cli
