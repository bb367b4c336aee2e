#include "sweep/cell.h"

#include <fmt/format.h>

#include <exception>
#include <memory>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "core/host.h"
#include "experiment/measurement.h"
#include "experiment/progress.h"
#include "experiment/subject.h"
#include "experiment/sweep_point.h"
#include "report/save.h"
#include "sweep/contents.h"
#include "sweep/failure.h"
#include "sweep/gather.h"
#include "sweep/layout.h"
#include "sweep/model_discard.h"
#include "sweep/near_model.h"
#include "sweep/plan.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

RunOptions OptionsFor(const SweepPlan& plan, const CellOptions& options) {
  RunOptions run = options.run;
  run.prompts_at_once = plan.split_prompts;
  if (run.hub.download_lock.empty()) {
    const fs::path locks = experiment::SettingsOf(run.hub).cache / ".locks";
    run.hub.download_lock = (locks / fmt::format("headspec-{}.download", HostName())).string();
  }
  return run;
}

// The whole measurement, from a copy on this machine's disk where that is asked for. A model whose prompts
// are split was read from such copies part by part: joining needs nothing of its weights but their names.
RunResult MeasureModel(const SweepPlan& plan, const SweepCell& cell, const CellOptions& options,
                       Observer& observer) {
  RunOptions run = OptionsFor(plan, options);
  Plan one = PlanOfCell(plan, cell);
  if (options.local_copies.empty() || IsSplit(plan, cell)) return Measure(one, run, observer);
  const NearModel near(cell.entry, run.hub, options.local_copies, observer);
  one.ladder = {near.entry()};
  run.hub = near.hub();
  try {
    RunResult result = Measure(one, run, observer);
    near.NameOrigin(result);
    return result;
  } catch (const Error& e) {
    throw Error(e.kind(), near.WithOrigin(e.what()));
  }
}

std::string PointText(const SweepCell& cell, const ModelResult& model) {
  SweepPoint point = experiment::PointOf(model);
  point.id = cell.id;
  return PointJson(point);
}

// A training may write into a folder while it is measured, and hosts may have different ones.
void RequirePlanned(const SweepCell& cell, int threads, Observer& observer) {
  experiment::ObserverProgress progress(observer);
  if (cell.content.empty() || FolderHash(cell.entry.path, threads, progress) == cell.content) return;
  throw Error(ErrorKind::kInput,
              fmt::format("{}: its files are not those that the sweep was planned with", cell.entry.path),
              "restore them, or run the manifest into another folder");
}

// Whoever was faster has measured the same.
void Save(const RunResult& result, const SweepCell& cell, const fs::path& sweep, Observer& observer) {
  experiment::ObserverProgress progress(observer);
  MakeRoom(sweep, cell);
  try {
    report::SaveNumbers(result, FolderOf(sweep, cell), {{kPointFile, PointText(cell, result.models.front())}},
                        progress);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInterrupted || !IsMeasured(sweep, cell)) throw;
  }
}

std::optional<CellFailure> Fail(const fs::path& sweep, const SweepCell& cell, CellFailure failure) {
  NoteFailure(sweep, cell, failure);
  return failure;
}

}  // namespace

void RequireSplittable(const SweepPlan& plan, const SweepCell& cell) {
  const std::size_t variants = plan.protocols.at(cell.protocol).variants.size();
  if (!IsSplit(plan, cell) || variants == 1) return;
  throw Error(
      ErrorKind::kInput,
      fmt::format("split_prompts: expected one dtype for each measurement, found \"{}\" ({} to try) for {}",
                  cell.dtype, variants, cell.entry.name),
      "name dtypes, as in dtypes = [\"float32\"], or leave split_prompts out");
}

bool IsMeasured(const fs::path& sweep, const SweepCell& cell) { return HasPoint(sweep, cell); }

void MakeRoom(const fs::path& sweep, const SweepCell& cell) {
  const fs::path folder = FolderOf(sweep, cell);
  std::error_code code;
  if (IsMeasured(sweep, cell) || !fs::exists(folder, code)) return;
  fs::path beside = folder;
  beside += ".damaged";
  fs::remove_all(beside, code);
  fs::rename(folder, beside, code);
}

std::optional<CellFailure> MeasureCell(const SweepPlan& plan, const SweepCell& cell, const fs::path& sweep,
                                       const CellOptions& options, Observer& observer) {
  if (IsMeasured(sweep, cell)) return std::nullopt;
  RequireSplittable(plan, cell);
  RunResult result;
  try {
    std::unique_ptr<ModelDiscard::Use> use;
    if (options.discard) use = options.discard->Begin(cell, OptionsFor(plan, options).hub);
    result = MeasureModel(plan, cell, options, observer);
    RequirePlanned(cell, options.run.threads, observer);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInterrupted || observer.Cancelled()) throw;
    return Fail(sweep, cell, FailureFrom(e));
  } catch (const std::exception& e) {
    return Fail(sweep, cell, FailureFrom(e));
  }
  const ModelResult& model = result.models.front();
  if (model.error) return Fail(sweep, cell, {*model.error, model.error_code});
  Save(result, cell, sweep, observer);
  ForgetFailure(sweep, cell);
  if (options.discard) options.discard->RemoveDone(plan, sweep, observer);
  return std::nullopt;
}

fs::path MeasurePart(const SweepPlan& plan, const SweepCell& cell, const PromptRange& range,
                     const CellOptions& options, Observer& observer) {
  RequireSplittable(plan, cell);
  RunOptions run = OptionsFor(plan, options);
  const Protocol& protocol = plan.protocols.at(cell.protocol);
  std::unique_ptr<ModelDiscard::Use> use;
  if (options.discard) use = options.discard->Begin(cell, run.hub);
  ModelEntry entry = cell.entry;
  std::optional<NearModel> near;
  if (!options.local_copies.empty()) {
    // Not downloaded anew for each part.
    (void)experiment::Locate(entry, run.hub, observer);
    near.emplace(entry, run.hub, options.local_copies, observer);
    entry = near->entry();
    run.hub = near->hub();
  }
  experiment::Subject subject = experiment::LoadSubject(entry, run.hub, observer);
  experiment::ObserverProgress progress(observer);
  experiment::Identify(subject, run.threads, progress);
  const SanityVariant& variant = protocol.variants.front();
  return experiment::MeasurePart(
      subject, protocol,
      {.precision = variant.precision, .use_chat_template = variant.use_chat_template, .run = run}, range,
      observer);
}

}  // namespace headspec::sweep
