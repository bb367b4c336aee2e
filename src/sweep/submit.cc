#include "sweep/submit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/text.h"
#include "sweep/layout.h"
#include "sweep/schedule.h"

namespace headspec::sweep {
namespace {

constexpr std::string_view kPlainCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

// Another machine may be slower, and storage busy.
constexpr double kTimeMargin = 3, kMemoryMargin = 1.5;
constexpr double kStartSeconds = 600, kDownloadBytesPerSecond = 20e6, kReadBytesPerSecond = 100e6;
constexpr double kStartMegabytes = 1024;
// A job of the array is worth its start, and its loss is no loss.
constexpr double kUsualJobSeconds = 1800;
constexpr int kMostJobs = 1000;

double SecondsOf(const SweepCell& cell) {
  return kTimeMargin * cell.cost.seconds +
         static_cast<double>(cell.cost.download_bytes) / kDownloadBytesPerSecond +
         static_cast<double>(cell.cost.weight_bytes) / kReadBytesPerSecond;
}

std::string Joined(const std::vector<std::string>& words) {
  std::vector<std::string> quoted;
  for (const std::string& word : words) quoted.push_back(ShellWord(word));
  return fmt::format("{}", fmt::join(quoted, " "));
}

// sbatch replaces %a and the like in names of files.
std::string SlurmFile(const std::string& file) {
  std::string escaped;
  for (const char c : file) escaped += c == '%' ? "%%" : std::string(1, c);
  return escaped;
}

std::vector<std::string> RunCommand(const SubmitOptions& options) {
  std::vector<std::string> command = {options.program, "run", options.folder + "/" + kManifestFile, "--out",
                                      options.folder};
  command.insert(command.end(), options.run_options.begin(), options.run_options.end());
  return command;
}

std::string MergeCommand(const SubmitOptions& options) {
  return Joined({options.program, "merge", options.folder});
}

std::optional<int> Positive(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

}  // namespace

std::string ShellWord(const std::string& text) {
  if (!text.empty() && text.find_first_not_of(kPlainCharacters) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::vector<std::string> ShellWords(const std::string& text, const std::string& where) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
      continue;
    }
    if (!word) word.emplace();
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      *word += text[++i];
    } else {
      *word += c;
    }
  }
  if (quote != 0)
    throw Error(ErrorKind::kInput, fmt::format("{}: the quote {} is not closed in {}", where, quote, text),
                "close it");
  if (word) words.push_back(*word);
  return words;
}

JobSize JobSizeOf(const SweepPlan& plan, int jobs) {
  const std::vector<std::size_t> cells = DistinctCells(plan);
  JobSize size;
  double all = 0;
  std::uint64_t memory = 0;
  for (const std::size_t cell : cells) {
    all += SecondsOf(plan.cells[cell]);
    memory = std::max(memory, plan.cells[cell].cost.memory_bytes);
  }
  const int most = std::max(1, std::min(kMostJobs, static_cast<int>(cells.size())));
  size.jobs = jobs > 0 ? std::min(jobs, std::max(1, static_cast<int>(cells.size())))
                       : std::clamp(static_cast<int>(std::ceil(all / kUsualJobSeconds)), 1, most);
  double longest = 0;
  for (int i = 0; i < size.jobs; ++i) {
    double job = 0;
    for (const std::size_t cell : ShardOf(plan, i, size.jobs)) job += SecondsOf(plan.cells[cell]);
    longest = std::max(longest, job);
  }
  constexpr std::uint64_t kQuarter = 900;
  const auto seconds = static_cast<std::uint64_t>(longest + kStartSeconds);
  size.seconds = (seconds + kQuarter - 1) / kQuarter * kQuarter;
  size.megabytes =
      static_cast<std::uint64_t>(kMemoryMargin * static_cast<double>(memory) / 1e6 + kStartMegabytes);
  return size;
}

std::string SlurmTime(std::uint64_t seconds) {
  constexpr std::uint64_t kMinute = 60, kHour = 3600, kDay = 86400;
  const std::string clock =
      fmt::format("{:02}:{:02}:{:02}", seconds % kDay / kHour, seconds % kHour / kMinute, seconds % kMinute);
  return seconds < kDay ? clock : fmt::format("{}-{}", seconds / kDay, clock);
}

std::vector<Script> SlurmScripts(const SweepPlan& plan, const SubmitOptions& options) {
  const JobSize size = JobSizeOf(plan, options.jobs);
  const std::string scripts = options.folder + "/slurm";
  const int at_once = options.at_once > 0 ? options.at_once : kUsualAtOnce;
  std::vector<std::string> common = {"sbatch", "--parsable"};
  if (!options.partition.empty()) common.push_back("--partition=" + options.partition);
  if (!options.account.empty()) common.push_back("--account=" + options.account);
  std::vector<std::string> array = common, merge = common;
  array.insert(array.end(),
               {"--job-name=" + plan.slug, fmt::format("--array=1-{}%{}", size.jobs, at_once), "--requeue",
                "--open-mode=append", "--output=" + SlurmFile(scripts) + "/array-%a.log",
                "--time=" + (options.time.empty() ? SlurmTime(size.seconds) : options.time),
                "--mem=" + (options.memory.empty() ? fmt::format("{}M", size.megabytes) : options.memory)});
  if (options.cpus > 0) array.push_back(fmt::format("--cpus-per-task={}", options.cpus));
  merge.insert(merge.end(), {"--job-name=" + plan.slug + "-merge", "--requeue", "--open-mode=append",
                             "--output=" + SlurmFile(scripts) + "/merge.log"});
  for (std::vector<std::string>* job : {&array, &merge})
    job->insert(job->end(), options.sbatch_options.begin(), options.sbatch_options.end());
  const std::string run = fmt::format(
      "#!/bin/sh\n"
      "# One job of the array: its share of the cells. What is measured already is not measured again.\n"
      "exec {} --shard \"$SLURM_ARRAY_TASK_ID/{}\" --threads \"${{SLURM_CPUS_PER_TASK:-0}}\"\n",
      Joined(RunCommand(options)), size.jobs);
  const std::string gather = fmt::format(
      "#!/bin/sh\n# When the array is over, whatever became of its jobs: table, curves and page of what "
      "there is.\n"
      "exec {}\n",
      MergeCommand(options));
  const std::string submit = fmt::format(
      "#!/bin/sh\n# Hands the sweep to Slurm. Again, when jobs failed or ran out of time: it goes on.\n"
      "set -eu\n"
      "array=$({} {})\n"
      "array=${{array%%;*}}\n"
      "merge=$({} --dependency=\"afterany:$array\" {})\n"
      "echo \"array job $array, then job ${{merge%%;*}} merges\"\n",
      Joined(array), ShellWord(scripts + "/array.sh"), Joined(merge), ShellWord(scripts + "/merge.sh"));
  return {{"array.sh", run}, {"merge.sh", gather}, {"submit.sh", submit}};
}

Hosts ReadHosts(const std::string& text, const std::string& where) {
  Hosts hosts;
  const auto fail = [&](const std::string& found) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: found \"{}\", expected a host and its slots", where, found),
                "write \"node1 slots=4\" in a file, or node1:4,node2:4");
  };
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    line.resize(std::min(line.find('#'), line.size()));
    std::istringstream words(line);
    std::string name;
    if (!(words >> name)) continue;
    int slots = 0;
    for (std::string word; words >> word;) {
      constexpr std::string_view kSlots = "slots=";
      const auto number = word.starts_with(kSlots) ? Positive(word.substr(kSlots.size())) : std::nullopt;
      if (!number && !word.starts_with("max")) fail(line);
      if (number) slots = *number;
    }
    if (name.find_first_not_of(kPlainCharacters) != std::string::npos || name.starts_with('-')) fail(line);
    hosts.names.emplace_back(name, slots);
  }
  if (hosts.names.empty()) fail(text);
  return hosts;
}

std::vector<Script> HostScripts(const Hosts& hosts, const SubmitOptions& options,
                                const std::vector<std::string>& variables) {
  std::string hostfile;
  for (const auto& [name, slots] : hosts.names) {
    const int needed = hosts.ranks_of_host * std::max(1, options.cpus);
    hostfile += fmt::format("{} slots={}\n", name, std::max(slots, needed));
  }
  const int ranks = static_cast<int>(hosts.names.size()) * hosts.ranks_of_host;
  std::vector<std::string> command = {
      "mpirun", "--enable-recovery",   "--hostfile", options.folder + "/mpirun/hostfile",
      "-n",     std::to_string(ranks), "--map-by"};
  if (options.cpus > 0)
    command.push_back(fmt::format("ppr:{}:node:PE={}", hosts.ranks_of_host, options.cpus));
  else
    command.insert(command.end(), {fmt::format("ppr:{}:node", hosts.ranks_of_host), "--bind-to", "none"});
  for (const std::string& variable : variables) command.insert(command.end(), {"-x", variable});
  const std::vector<std::string> run = RunCommand(options);
  command.insert(command.end(), run.begin(), run.end());
  const std::string script = fmt::format(
      "#!/bin/sh\n# Measures the sweep on the hosts of hostfile. Again, when it was interrupted: it goes "
      "on.\n"
      "{}\n"
      "# A lost rank does not end the job (--enable-recovery), and then mpirun's exit code is always 0: "
      "merging\n"
      "# says whether all was measured.\n"
      "exec {}\n",
      Joined(command), MergeCommand(options));
  return {{"hostfile", hostfile}, {"mpirun.sh", script}};
}

}  // namespace headspec::sweep
