#include "cli/sweep_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "cli/console.h"
#include "cli/sweep_words.h"
#include "core/error.h"
#include "experiment/files.h"
#include "sweep/hand_out.h"
#include "sweep/layout.h"
#include "sweep/model_discard.h"
#include "sweep/plan.h"

namespace headspec::cli {
namespace {

namespace fs = std::filesystem;

// Many ranks take long to find each other.
constexpr double kBeatsToJoin = 4;
constexpr std::chrono::seconds kRankZeroSpeaks{5};

struct Shard {
  int index = 0;  // from 0
  int count = 1;
};

std::optional<Shard> ShardIn(const std::string& text) {
  if (text.empty()) return std::nullopt;
  Shard shard;
  const char* const last = text.data() + text.size();
  const auto index = std::from_chars(text.data(), last, shard.index);
  const bool has_slash = index.ec == std::errc() && index.ptr != last && *index.ptr == '/';
  const auto count = has_slash ? std::from_chars(index.ptr + 1, last, shard.count) : index;
  if (!has_slash || count.ec != std::errc() || count.ptr != last || shard.index < 1 ||
      shard.count < shard.index)
    throw Error(ErrorKind::kInput, fmt::format("--shard: found {}, expected i/n with 1 <= i <= n", text),
                "the third of ten is --shard 3/10");
  --shard.index;
  return shard;
}

sweep::CellOptions CellOptionsOf(const SweepArguments& args) {
  sweep::CellOptions options;
  options.run = args.common.run_options();
  options.local_copies = args.local_copies;
  if (args.discard_models) options.discard = std::make_shared<sweep::ModelDiscard>();
  return options;
}

// The progress of cells stands on the terminal; what goes on inside one would hide it.
class CellObserver final : public Observer {
 public:
  explicit CellObserver(Console& console) : console_(console) {}
  void OnNote(std::string_view text) override { console_.OnNote(text); }
  bool Cancelled() const override { return console_.Cancelled(); }

 private:
  Console& console_;
};

class CellLines final : public sweep::SweepEvents {
 public:
  CellLines(Console& console, fs::path sweep, std::size_t done, std::size_t all)
      : console_(console), sweep_(std::move(sweep)), done_(done), all_(all) {
    console_.OnWorkBegin("cells", static_cast<std::int64_t>(all), WorkUnit::kItems);
    console_.OnWorkAdvance(static_cast<std::int64_t>(done));
  }
  ~CellLines() override { console_.OnWorkEnd(); }
  CellLines(const CellLines&) = delete;
  CellLines& operator=(const CellLines&) = delete;

  void OnMeasured(const SweepCell& cell, double seconds) override {
    Next();
    console_.Print(fmt::format("[{}/{}] {}\n", done_, all_, MeasuredLine(cell, sweep_, seconds)));
  }
  void OnFailed(const SweepCell& cell, const sweep::CellFailure& failure) override {
    Next();
    ++failed_;
    console_.Error(fmt::format("[{}/{}] {}: {}", done_, all_, NameOf(cell), failure.error));
  }
  void OnNote(const std::string& text) override { console_.Note(text); }

  std::size_t failed() const { return failed_; }

 private:
  void Next() {
    ++done_;
    console_.OnWorkAdvance(1);
  }

  Console& console_;
  const fs::path sweep_;
  std::size_t done_;
  const std::size_t all_;
  std::size_t failed_ = 0;
};

// Cells to measure of how many.
struct Wanted {
  std::vector<std::size_t> missing;
  std::size_t all = 0;
  std::size_t done() const { return all - missing.size(); }
};

Wanted WantedOf(const SweepPlan& plan, const std::vector<std::size_t>& cells, const fs::path& sweep) {
  return {sweep::MissingOf(plan, cells, sweep), cells.size()};
}

void Announce(const SweepPlan& plan, const Wanted& wanted, const std::string& folder, Console& console) {
  console.Print(plan.experiment + (plan.purpose.empty() ? "" : ": " + plan.purpose) + "\n");
  for (const std::string& note : plan.notes) console.Note("note: " + note);
  console.Print(fmt::format("{}: {} of {} cells to measure\n\n", folder, wanted.missing.size(), wanted.all));
}

}  // namespace

SweepPlan PlanOf(const SweepArguments& args, Observer& observer) {
  if (args.common.fast_bf16)
    throw Error(ErrorKind::kInput, "--fast-bf16: a sweep's cells have the same numbers on every machine",
                "leave it out, or measure single models with it");
  const std::string text = experiment::ReadWholeFile(args.manifest, "manifest");
  const fs::path kept = fs::path(args.out) / sweep::kManifestFile;
  std::error_code error;
  if (!args.out.empty() && fs::exists(fs::path(args.out) / sweep::kPlanFile, error) &&
      experiment::ReadWholeFile(kept, "manifest") == text)
    return sweep::ReadPlan(args.out);
  return sweep::MakePlan(args.manifest, args.common.run_options(), observer);
}

void AddLocalCopiesOption(CLI::App& command, std::string& folder) {
  command
      .add_option("--local-copies", folder,
                  "of a sweep: read each model from a copy in this folder, a disk of this machine")
      ->type_name("DIR")
      ->group(kMachine);
}

void AddDiscardOption(CLI::App& command, bool& discard) {
  command
      .add_flag("--discard-models", discard,
                "of a sweep: remove a downloaded model from the cache when it is measured")
      ->group(kHub);
}

std::string SweepFolder(const std::string& out, const std::string& slug) {
  return out.empty() ? "results/" + slug : out;
}

int RunSweep(const SweepArguments& args) {
  const std::optional<Shard> shard = ShardIn(args.shard);
  Console console(args.common);
  const SweepPlan plan = PlanOf(args, console);
  const std::string folder = SweepFolder(args.out, plan.slug);
  sweep::KeepPlan(plan, folder);
  const auto cells = shard ? sweep::ShardOf(plan, shard->index, shard->count) : sweep::DistinctCells(plan);
  const Wanted wanted = WantedOf(plan, cells, folder);
  Announce(plan, wanted, folder, console);
  std::size_t failed = 0;
  {
    CellLines lines(console, folder, wanted.done(), wanted.all);
    CellObserver observer(console);
    const sweep::CellOptions options = CellOptionsOf(args);
    sweep::MeasureAlone(plan, wanted.missing, folder, options, observer, lines);
    if (options.discard) options.discard->RemoveAll(observer);
    failed = lines.failed();
  }
  if (!shard) return GatherInto(plan, {folder}, folder, args.common, console);
  console.Print(fmt::format("shard {}: {} of {} cells measured; when all shards are: headspec merge {}\n",
                            args.shard, wanted.all - failed, wanted.all, folder));
  return failed > 0 ? 1 : 0;
}

namespace {

int LeadJob(sweep::RankJob& job, const SweepArguments& args) {
  Console console(args.common);
  SweepPlan plan;
  std::string folder;
  Wanted wanted;
  try {
    if (args.manifest.empty() || !sweep::IsSweep(args.manifest))
      throw Error(ErrorKind::kInput,
                  fmt::format("{}: has no [[sweep]], and only sweeps are handed out to ranks",
                              args.manifest.empty() ? "the built-in ladder" : args.manifest),
                  "list its models as models = [...] below [[sweep]], or run it without mpirun");
    sweep::BeatingObserver observer(job, console);
    plan = PlanOf(args, observer);
    folder = SweepFolder(args.out, plan.slug);
    sweep::KeepPlan(plan, folder);
    wanted = WantedOf(plan, sweep::DistinctCells(plan), folder);
  } catch (...) {
    sweep::Dismiss(job);
    throw;
  }
  Announce(plan, wanted, folder, console);
  if (!sweep::ReadLaunch().recovers)
    console.Note(
        "note: should a rank be lost, mpirun ends the job; with mpirun --enable-recovery it goes on");
  if (wanted.missing.empty()) {
    sweep::Dismiss(job);
  } else {
    CellLines lines(console, folder, wanted.done(), wanted.all);
    sweep::Lead(job, plan, wanted.missing, fs::absolute(folder),
                {CellOptionsOf(args), sweep::BeatsFromEnvironment(), [&] { return console.Cancelled(); }},
                lines);
  }
  return GatherInto(plan, {folder}, folder, args.common, console);
}

}  // namespace

int RunSweepInJob(const SweepArguments& args) {
  const int launched_as = sweep::ReadLaunch().rank;
  const sweep::Beats beats = sweep::BeatsFromEnvironment();
  std::optional<sweep::RankJob> job;
  try {
    job.emplace(kBeatsToJoin * beats.silence, [launched_as] {
      PrintError(
          fmt::format("rank {}: MPI does not answer, as when a rank is lost while the job begins or ends; "
                      "start the same command again to go on",
                      launched_as));
      std::_Exit(3);
    });
  } catch (const Error&) {
    // Rank 0 says it for all, and mpirun then ends the others, unless it is only their host that lacks it.
    if (launched_as > 0) std::this_thread::sleep_for(kRankZeroSpeaks);
    throw;
  }
  if (job->rank() == 0) return LeadJob(*job, args);
  return sweep::Follow(*job, args.out, {CellOptionsOf(args), beats, [] { return Interrupted(); }}) ? 0 : 130;
}

}  // namespace headspec::cli
