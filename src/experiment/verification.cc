#include "experiment/verification.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "experiment/file_hashes.h"
#include "experiment/progress.h"
#include "experiment/prompts.h"
#include "experiment/recomputation.h"
#include "experiment/statistics.h"
#include "experiment/subject.h"
#include "experiment/verdict.h"
#include "metrics/specialization.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

// By size alone; what is left to be hashed has no `found` yet.
Check CheckSize(const fs::path& file, const FileRecord& record) {
  std::error_code error;
  const std::string expected_size = fmt::format("{} bytes", record.bytes);
  if (!fs::exists(file, error)) return {record.name, false, expected_size, "no such file"};
  const auto bytes = fs::file_size(file, error);
  if (error) return {record.name, false, expected_size, error.message()};
  if (bytes != record.bytes) return {record.name, false, expected_size, fmt::format("{} bytes", bytes)};
  if (record.hash.empty()) return {record.name, true, expected_size, expected_size};
  return {record.name, true, record.hash, ""};
}

std::vector<Check> CheckFiles(const fs::path& folder, const std::vector<FileRecord>& records, int threads,
                              Observer& observer) {
  std::vector<Check> checks;
  std::vector<FileRecord> to_hash;
  for (const FileRecord& record : records) {
    checks.push_back(CheckSize(folder / record.name, record));
    if (checks.back().found.empty()) to_hash.push_back(record);
  }
  ObserverProgress progress(observer);
  const std::vector<std::string> hashes = RecomputeHashes(folder, to_hash, threads, progress);
  auto hash = hashes.begin();
  for (Check& check : checks) {
    if (check.found.empty()) check = Compare(check.what, check.expected, *hash++);
  }
  return checks;
}

std::string Summary(const std::vector<FileRecord>& files) {
  std::uint64_t bytes = 0;
  std::size_t hashes = 0;
  for (const FileRecord& file : files) {
    bytes += file.bytes;
    hashes += file.hash.empty() ? 0 : 1;
  }
  std::string text =
      fmt::format("{} file{}, {} bytes, hashed again", files.size(), files.size() == 1 ? "" : "s", bytes);
  if (hashes < files.size())
    text += fmt::format("; {} by size only: no hash was recorded", files.size() - hashes);
  return text;
}

CheckGroup CheckOutputs(const ResultFolder& recorded, int threads, Observer& observer) {
  CheckGroup group{"outputs", "", Summary(recorded.outputs), {}};
  const bool has_results = std::any_of(recorded.outputs.begin(), recorded.outputs.end(),
                                       [](const FileRecord& file) { return file.name == "results.json"; });
  if (!has_results) group.checks.push_back({"results.json", false, "its hash in provenance.json", "none"});
  const auto checks = CheckFiles(recorded.folder, recorded.outputs, threads, observer);
  group.checks.insert(group.checks.end(), checks.begin(), checks.end());
  return group;
}

CheckGroup CheckPrompts(const ResultFolder& recorded) {
  const PromptSet& stored = recorded.results.plan.protocol.prompts;
  const PromptSet& beside = recorded.provenance.plan.protocol.prompts;
  CheckGroup group{"prompts", "", fmt::format("{} prompts, MD5 {}", stored.prompts.size(), stored.md5), {}};
  group.checks.push_back(Compare("MD5 of prompts_text", stored.md5, PromptMd5(stored.prompts)));
  group.checks.push_back(Compare("MD5 of provenance.json's texts", stored.md5, PromptMd5(beside.prompts)));
  group.checks.push_back(Compare("MD5 in provenance.json", stored.md5, beside.md5));
  return group;
}

std::string Words(const std::vector<FileRecord>& files) {
  std::string text;
  for (const FileRecord& file : files)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", file.name, file.hash);
  return text;
}

std::string Names(const std::vector<ModelResult>& models) {
  std::string text;
  for (const ModelResult& model : models)
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", model.model, model.error ? " (failed)" : "");
  return text;
}

CheckGroup CheckLadder(const ResultFolder& recorded) {
  const std::string names = Names(recorded.results.models);
  return {"models", "", names, {Compare("provenance.json", names, Names(recorded.provenance.models))}};
}

// What results.json and provenance.json both say.
CheckGroup CheckRecords(const ModelResult& stored, const ModelResult* beside) {
  CheckGroup group{"records", stored.display, "results.json and provenance.json agree", {}};
  if (beside == nullptr || beside->error) {
    group.checks.push_back({"provenance.json", false, stored.model, "no such model measured"});
    return group;
  }
  const std::string files = Words(stored.provenance.files);
  group.checks.push_back(Compare("model", stored.model, beside->model));
  const auto words = [](const Numerics& n) {
    return fmt::format("{}, {}, {} on {}", n.profile, n.dtype, n.products, n.cpu_target);
  };
  group.checks.push_back(Compare("numerics", words(stored.numerics), words(beside->numerics)));
  group.checks.push_back(Compare("files", files, Words(beside->provenance.files)));
  const bool same_tokens = stored.token_ids == beside->token_ids;
  group.checks.push_back(
      {"token ids", same_tokens, "those of results.json", same_tokens ? "the same" : "others"});
  return group;
}

bool HoldsSame(const Table& a, const Table& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [](double p, double q) { return IsSame(p, q); });
  });
}

Check CompareTables(const std::string& what, const Table& expected, const Table& found) {
  const bool same = HoldsSame(expected, found);
  return {what, same, "what the stored entropies give", same ? "the same" : "other values"};
}

template <class T>
Check CompareStatistic(const std::string& what, const T& expected, const T& found) {
  const bool same = expected == found;
  return {what, same, "what the stored entropies give", same ? "the same" : "other values"};
}

// With the recorded seed, whichever that was.
void AddIndexStatistics(const ModelResult& stored, const Plan& plan, const Table& means, Observer& observer,
                        CheckGroup& group) {
  ObserverProgress progress(observer);
  const IndexStatistics& found = stored.statistics.index;
  IndexStatistics again = ComputeIndexStatistics(means, stored.prompt_entropies, found.seed, &progress);
  CompareWithTarget(metrics::ComputeSpecialization(means).index,
                    plan.hypothesis ? &*plan.hypothesis : nullptr, again);
  group.checks.push_back(CompareStatistic("permutation null", again.null, found.null));
  group.checks.push_back(CompareStatistic("variance shares", again.shares, found.shares));
  group.checks.push_back(CompareStatistic("bootstrap over prompts", again.bootstrap, found.bootstrap));
  group.checks.push_back(CompareStatistic("equivalence", again.equivalence, found.equivalence));
  group.checks.push_back(CompareStatistic("readings", again.readings, found.readings));
}

// Derived numbers, derived again.
CheckGroup CheckStatistics(const ModelResult& stored, const Plan& plan, Observer& observer) {
  const Table means = metrics::MeanTable(stored.prompt_entropies);
  const metrics::Specialization again = metrics::ComputeSpecialization(means);
  CheckGroup group{
      "statistics",
      stored.display,
      fmt::format("head means, statistics and {} from the entropies of {} prompts",
                  std::isnan(again.index) ? "no index" : fmt::format("index {:.4f}", again.index),
                  stored.prompt_entropies.size()),
      {}};
  group.checks.push_back(CompareTables("head means", means, stored.head_entropies));
  group.checks.push_back(Compare("index", again.index, stored.si_mean));
  for (const double value : stored.si_values) {
    if (!IsSame(value, again.index)) group.checks.push_back(Compare("index of a seed", again.index, value));
  }
  group.checks.push_back(
      Compare("deviation of the index", std::isnan(again.index) ? again.index : 0.0, stored.si_std));
  group.checks.push_back(Compare("mean correlation", again.mean_correlation, stored.corr_mean));
  group.checks.push_back(
      CompareTables("head correlations", again.correlation, stored.statistics.head_correlation));
  group.checks.push_back(Compare("constant heads", fmt::format("[{}]", fmt::join(again.constant_heads, ", ")),
                                 fmt::format("[{}]", fmt::join(stored.statistics.constant_heads, ", "))));
  const bool same_lengths = std::equal(
      stored.token_ids.begin(), stored.token_ids.end(), stored.valid_lengths.begin(),
      stored.valid_lengths.end(),
      [](const std::vector<int>& ids, int length) { return static_cast<int>(ids.size()) == length; });
  group.checks.push_back(
      {"valid lengths", same_lengths, "numbers of token ids", same_lengths ? "the same" : "others"});
  AddIndexStatistics(stored, plan, means, observer, group);
  return group;
}

CheckGroup CheckTrend(const RunResult& run) {
  RunResult again = run;
  Interpret(again);
  return {"trend",
          "",
          "trend over size and what the statistics support",
          {CompareStatistic("trend", again.trend, run.trend),
           CompareStatistic("readings", again.readings, run.readings)}};
}

// The folder is empty where the model is no longer to be found.
std::pair<CheckGroup, fs::path> CheckModelFiles(const ModelResult& stored, const RunOptions& options,
                                                Observer& observer) {
  const Provenance& provenance = stored.provenance;
  CheckGroup group{"files", stored.display, "", {}};
  fs::path folder;
  const std::string place = provenance.repository.empty()
                                ? provenance.folder
                                : provenance.repository + " at " + provenance.revision;
  try {
    folder = Locate(RecordedEntry(stored), options.hub, observer).folder;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInterrupted) throw;
    std::error_code error;
    const bool is_gone = provenance.repository.empty() && !fs::exists(provenance.folder, error);
    group.checks.push_back({"folder", false, place, is_gone ? "no such folder" : e.what()});
    return {group, {}};
  }
  group.checks = CheckFiles(folder, provenance.files, options.threads, observer);
  group.summary = Summary(provenance.files);
  return {group, folder};
}

CheckGroup CheckVerdict(const RunResult& run) {
  const Verdict again = Decide(*run.plan.hypothesis, run.models, run.plan.references);
  CheckGroup group{"verdict", "", "both rules applied again", {}};
  const auto words = [](const Decision& d) {
    return fmt::format("{}, {}, {} of {}", d.conclusion, d.recommendation, d.supporting, d.valid);
  };
  group.checks.push_back(Compare("stored rule", words(again.stored), words(run.verdict->stored)));
  group.checks.push_back(Compare("printed rule", words(again.printed), words(run.verdict->printed)));
  const auto flags = [](const Verdict& v) {
    return fmt::format("{}, {}", fmt::join(v.models_within_target, " "),
                       fmt::join(v.references_within_target, " "));
  };
  group.checks.push_back(Compare("models and references within target", flags(again), flags(*run.verdict)));
  return group;
}

}  // namespace

Check Compare(const std::string& what, const std::string& expected, const std::string& found) {
  return {what, expected == found, expected, found};
}

Check Compare(const std::string& what, double expected, double found) {
  return {what, IsSame(expected, found), fmt::format("{}", expected), fmt::format("{}", found)};
}

void Verify(const ResultFolder& recorded, const VerifyOptions& options, Observer& observer,
            const std::function<void(const CheckGroup&)>& on_group) {
  const RunResult& run = recorded.results;
  on_group(CheckOutputs(recorded, options.run.threads, observer));
  on_group(CheckPrompts(recorded));
  on_group(CheckLadder(recorded));
  on_group(CheckTrend(run));
  for (std::size_t i = 0; i < run.models.size(); ++i) {
    const ModelResult& stored = run.models[i];
    if (stored.error) continue;
    observer.OnModelBegin(RecordedEntry(stored));
    const auto& beside = recorded.provenance.models;
    on_group(CheckRecords(stored, i < beside.size() ? &beside[i] : nullptr));
    on_group(CheckStatistics(stored, run.plan, observer));
    const auto [files, folder] = CheckModelFiles(stored, options.run, observer);
    on_group(files);
    if (!options.recompute || folder.empty()) continue;
    for (const CheckGroup& group : Recompute(stored, run.plan.protocol, options.run, observer))
      on_group(group);
  }
  if (run.verdict) on_group(CheckVerdict(run));
}

}  // namespace headspec::experiment
