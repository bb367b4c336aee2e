// One cell of a sweep: its folder, its failure, its parts, its copy on another disk, its model's way out of
// the cache.
#include "sweep/cell.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "error_of.h"
#include "experiment/golden.h"
#include "experiment/own_cache_folder.h"
#include "experiment/verification.h"
#include "report/provenance_json.h"
#include "report/read_results.h"
#include "report/results_json.h"
#include "sweep/layout.h"
#include "sweep/local_folder.h"
#include "sweep/loopback_hub.h"
#include "sweep/model_discard.h"
#include "sweep/sweep_of.h"

namespace headspec::sweep {
namespace {
namespace fs = std::filesystem;

class Watcher final : public Observer {
 public:
  void OnWorkBegin(std::string_view what, std::int64_t, WorkUnit) override {
    passes += what.starts_with("layers") ? 1 : 0;
    copies += what == "copying" ? 1 : 0;
    downloads += what == "downloading" ? 1 : 0;
    if (what.starts_with("layers") && on_pass) on_pass();
  }
  void OnNote(std::string_view text) override { notes.emplace_back(text); }
  void OnModelEnd(const ModelResult&) override {
    if (on_end) on_end();
  }
  bool Cancelled() const override { return cancelled; }

  int passes = 0;
  int copies = 0;
  int downloads = 0;
  bool cancelled = false;
  std::vector<std::string> notes;
  std::function<void()> on_pass;
  std::function<void()> on_end;
};

const std::set<std::string> kFiles = {"heads.csv", "heads.npz", "point.json", "provenance.json",
                                      "results.json"};

class CellTest : public OwnCacheTest {
 protected:
  std::optional<CellFailure> Measured(const SweepCell& cell, const CellOptions& options = {}) {
    watcher_ = Watcher();
    watcher_.on_end = on_end_;
    return MeasureCell(plan_, cell, sweep_, options, watcher_);
  }
  RunResult ResultOf(const SweepCell& cell) const {
    const fs::path file = FolderOf(sweep_, cell) / "results.json";
    return report::ReadResults(TextOf(file), file.string());
  }
  // results.json without what time and place decide.
  std::string NumbersOf(const SweepCell& cell) const {
    RunResult run = ResultOf(cell);
    run.timestamp.clear();
    run.models.at(0).timing = {};
    return report::ResultsJson(run);
  }
  std::string Differences(const SweepCell& cell) const {
    const fs::path folder = FolderOf(sweep_, cell);
    const auto recorded = report::ReadProvenance(TextOf(folder / "provenance.json"), "provenance.json");
    std::string text;
    Observer nobody;
    experiment::Verify({folder, ResultOf(cell), recorded.run, recorded.outputs}, {}, nobody,
                       [&](const experiment::CheckGroup& group) {
                         for (const auto& check : group.checks) {
                           if (!check.ok)
                             text += group.what + " " + check.what + ": " + check.expected + ", " +
                                     check.found + "\n";
                         }
                       });
    return text;
  }
  void Forget() const { fs::remove_all(cache_); }

  const fs::path model_ = golden::Folder() / "checkpoints/phi-mha";
  const fs::path sweep_ = folder_ / "sweep";
  const SweepCell cell_ = CellOf({.name = "m", .path = model_.string()});
  SweepPlan plan_ = PlanWith({cell_});
  Watcher watcher_;
  std::function<void()> on_end_;
};

TEST_F(CellTest, HasAFolderOfNumbersThatCanBeVerified) {
  EXPECT_FALSE(IsMeasured(sweep_, cell_));
  EXPECT_EQ(Measured(cell_), std::nullopt);
  EXPECT_TRUE(IsMeasured(sweep_, cell_));
  EXPECT_EQ(FilesIn(FolderOf(sweep_, cell_)), kFiles);
  EXPECT_EQ(FilesIn(sweep_).size(), kFiles.size());
  EXPECT_EQ(Differences(cell_), "");
  EXPECT_EQ(watcher_.passes, 1);
  Forget();
  EXPECT_EQ(Measured(cell_), std::nullopt);
  EXPECT_EQ(watcher_.passes, 0);
}

TEST_F(CellTest, NotesItsFailureUntilALaterTrySucceeds) {
  const fs::path moved = folder_ / "model";
  const SweepCell cell = CellOf({.name = "lost", .path = moved.string()}, "step7");
  plan_ = PlanWith({cell});
  const auto failure = Measured(cell);
  ASSERT_NE(failure, std::nullopt);
  EXPECT_EQ(failure->code, 3);
  EXPECT_EQ(failure->error, moved.string() +
                                ": no such folder; give a folder that holds a Hugging Face checkpoint, or "
                                "org/name");
  EXPECT_FALSE(IsMeasured(sweep_, cell));
  EXPECT_EQ(FilesIn(sweep_), std::set<std::string>{"failed/" + cell.id + ".json"});
  const auto json = nlohmann::json::parse(TextOf(FailureOf(sweep_, cell)));
  EXPECT_EQ(json["error"], failure->error);
  EXPECT_EQ(json["code"], 3);
  EXPECT_EQ(json["model"], "lost");
  EXPECT_EQ(json["revision"], "step7");
  fs::copy(model_, moved);
  EXPECT_EQ(Measured(cell), std::nullopt);
  EXPECT_TRUE(IsMeasured(sweep_, cell));
  EXPECT_FALSE(fs::exists(FailureOf(sweep_, cell)));
}

TEST_F(CellTest, LeavesTheFolderOfAProcessThatWasFaster) {
  ASSERT_EQ(Measured(cell_), std::nullopt);
  const fs::path folder = FolderOf(sweep_, cell_);
  fs::rename(folder, folder_ / "other");
  Forget();
  on_end_ = [&] { fs::copy(folder_ / "other", folder); };
  const std::string theirs = TextOf(folder_ / "other/provenance.json");
  EXPECT_EQ(Measured(cell_), std::nullopt);
  EXPECT_EQ(watcher_.passes, 1);
  EXPECT_EQ(TextOf(folder / "provenance.json"), theirs);
  EXPECT_EQ(FilesIn(sweep_).size(), kFiles.size());
}

TEST_F(CellTest, LeavesNothingWhenInterrupted) {
  Watcher stopped;
  stopped.on_pass = [&] { stopped.cancelled = true; };
  EXPECT_EQ(ErrorOf([&] { MeasureCell(plan_, cell_, sweep_, {}, stopped); }),
            "kInterrupted: interrupted: nothing was written");
  EXPECT_TRUE(FilesIn(sweep_).empty());
}

TEST_F(CellTest, ThrowsWhereTheResultCannotBeWritten) {
  Write("sweep/models", "a file in the way");
  EXPECT_NE(ErrorOf([&] { Measured(cell_); }).find("kSystem: "), std::string::npos);
}

TEST_F(CellTest, IsJoinedFromItsParts) {
  EXPECT_EQ(Measured(cell_), std::nullopt);
  const std::string expected = NumbersOf(cell_);
  fs::remove_all(sweep_);
  Forget();
  plan_.split_prompts = 2;
  for (const PromptRange range : {PromptRange{2, 3}, PromptRange{0, 2}}) {
    Watcher watcher;
    const fs::path kept = MeasurePart(plan_, cell_, range, {}, watcher);
    EXPECT_TRUE(fs::is_regular_file(kept));
    EXPECT_EQ(watcher.passes, 1);
  }
  EXPECT_EQ(Measured(cell_), std::nullopt);
  EXPECT_EQ(watcher_.passes, 0);
  EXPECT_EQ(NumbersOf(cell_), expected);
  Watcher watcher;
  EXPECT_EQ(ErrorOf([&] {
              MeasurePart(plan_, cell_, {1, 3}, {}, watcher);
            }),
            "kInput: prompts 1 to 3: no part of 3 prompts, 2 at once");
}

TEST_F(CellTest, IsNotSplitWithSeveralVariants) {
  plan_.split_prompts = 2;
  plan_.protocols[0].variants.push_back(MakeVariant(Precision::kFloat16));
  plan_.cells[0].dtype = "auto";
  const std::string expected =
      "kInput: split_prompts: expected one dtype for each measurement, found \"auto\" (2 to try) for m; name "
      "dtypes, as in dtypes = [\"float32\"], or leave split_prompts out";
  EXPECT_EQ(ErrorOf([&] { Measured(plan_.cells[0]); }), expected);
  EXPECT_EQ(ErrorOf([&] { MeasurePart(plan_, plan_.cells[0], {0, 2}, {}, watcher_); }), expected);
  plan_.split_prompts = 3;
  EXPECT_EQ(Measured(plan_.cells[0]), std::nullopt);
}

TEST_F(CellTest, IsMeasuredFromACopyAndNamesTheOriginal) {
  EXPECT_EQ(Measured(cell_), std::nullopt);
  const std::string expected = NumbersOf(cell_);
  fs::remove_all(sweep_);
  Forget();
  EXPECT_EQ(Measured(cell_, {.local_copies = At("local")}), std::nullopt);
  EXPECT_EQ(watcher_.copies, 1);
  EXPECT_EQ(watcher_.passes, 1);
  EXPECT_EQ(NumbersOf(cell_), expected);
  EXPECT_EQ(ResultOf(cell_).models.at(0).provenance.folder, model_.string());
  EXPECT_EQ(Differences(cell_), "");
  EXPECT_TRUE(FilesIn(folder_ / "local").empty());
}

TEST_F(CellTest, LeavesNoCopyOfAModelThatFails) {
  const fs::path broken = folder_ / "broken";
  fs::create_directories(broken);
  Write("broken/config.json", "{");
  const SweepCell cell = CellOf({.name = "broken", .path = broken.string()});
  plan_ = PlanWith({cell});
  const auto failure = Measured(cell, {.local_copies = At("local")});
  ASSERT_NE(failure, std::nullopt);
  EXPECT_NE(failure->error.find(broken.string()), std::string::npos) << failure->error;
  EXPECT_EQ(failure->error.find(At("local")), std::string::npos) << failure->error;
  EXPECT_TRUE(FilesIn(folder_ / "local").empty());
}

// The model of the other tests on a hub, and a cache that is empty.
class HubCellTest : public CellTest {
 protected:
  static constexpr const char* kCommit = "89abcdef0123456789abcdef0123456789abcdef";

  ModelResult Model() const { return ResultOf(remote_).models.at(0); }

  const fs::path models_ = folder_ / "models";
  const SweepCell remote_ = CellOf({.name = "org/name", .revision = kCommit}, "step1");
  LoopbackHub server_{{"--repo", "org/name=" + model_.string(), "--commit", kCommit}};
  const EnvironmentValue endpoint_{"HF_ENDPOINT", server_.url().c_str()};
  const EnvironmentValue place_{"HF_HUB_CACHE", models_.c_str()};
};

TEST_F(HubCellTest, IsDownloadedIntoTheSharedCache) {
  plan_ = PlanWith({remote_});
  EXPECT_EQ(Measured(remote_), std::nullopt);
  EXPECT_EQ(Model().provenance.repository, "org/name");
  EXPECT_EQ(Model().provenance.revision, kCommit);
  EXPECT_EQ(Model().provenance.folder, (models_ / "models--org--name/snapshots" / kCommit).string());
  server_.Stop();
  EXPECT_EQ(Differences(remote_), "");
}

TEST_F(HubCellTest, IsCopiedFromTheSharedCacheWithTheNamesOfItsBlobs) {
  plan_ = PlanWith({remote_});
  EXPECT_EQ(Measured(remote_), std::nullopt);
  const std::string expected = NumbersOf(remote_);
  server_.Stop();
  fs::remove_all(sweep_);
  Forget();
  EXPECT_EQ(Measured(remote_, {.local_copies = At("local")}), std::nullopt);
  EXPECT_EQ(watcher_.copies, 1);
  EXPECT_EQ(watcher_.passes, 1);
  EXPECT_EQ(NumbersOf(remote_), expected);
  EXPECT_TRUE(Model().provenance.files.at(0).hash_from_name);
  EXPECT_EQ(Differences(remote_), "");
}

TEST_F(HubCellTest, IsDownloadedPastTheSharedCacheToTheLocalDisk) {
  plan_ = PlanWith({remote_});
  EXPECT_EQ(Measured(remote_, {.local_copies = At("local")}), std::nullopt);
  EXPECT_EQ(watcher_.copies, 0);
  EXPECT_GT(watcher_.downloads, 0);
  EXPECT_TRUE(FilesIn(models_).empty());
  EXPECT_EQ(Model().provenance.repository, "org/name");
  EXPECT_EQ(Model().provenance.revision, kCommit);
  EXPECT_EQ(Model().provenance.folder, "");
  EXPECT_EQ(FilesIn(OwnFolderIn(At("local"))), std::set<std::string>{"download.lock"});
  EXPECT_EQ(Differences(remote_), "");
}

TEST_F(HubCellTest, TakesAModelThatItDownloadedOutOfTheCacheAgain) {
  SweepCell second = remote_;
  second.id = std::string(16, '2');
  second.folder = "second";
  plan_ = PlanWith({remote_, second});
  const CellOptions options{.discard = std::make_shared<ModelDiscard>()};
  EXPECT_EQ(Measured(remote_, options), std::nullopt);
  EXPECT_TRUE(watcher_.notes.empty()) << "another cell waits for it";
  EXPECT_TRUE(fs::exists(models_ / "models--org--name"));
  EXPECT_EQ(Measured(second, options), std::nullopt);
  EXPECT_EQ(watcher_.downloads, 0);
  EXPECT_EQ(watcher_.notes,
            std::vector<std::string>{"org/name at 89abcdef0123: removed from the cache, as it "
                                     "was downloaded for this sweep"});
  EXPECT_FALSE(fs::exists(models_ / "models--org--name"));
  EXPECT_EQ(Differences(second), "");  // downloads it once more
}

TEST_F(HubCellTest, LeavesAModelThatWasInTheCache) {
  plan_ = PlanWith({remote_});
  EXPECT_EQ(Measured(remote_), std::nullopt);
  const auto before = FilesIn(models_ / "models--org--name");
  fs::remove_all(sweep_);
  const CellOptions options{.discard = std::make_shared<ModelDiscard>()};
  EXPECT_EQ(Measured(remote_, options), std::nullopt);
  options.discard->RemoveAll(watcher_);
  EXPECT_EQ(FilesIn(models_ / "models--org--name"), before);
}

TEST_F(HubCellTest, RemovesTheModelOfAFailedCellAtTheEnd) {
  plan_ = PlanWith({remote_});
  plan_.protocols[0].prompts.prompts = {""};
  const CellOptions options{.discard = std::make_shared<ModelDiscard>()};
  EXPECT_NE(Measured(remote_, options), std::nullopt);
  EXPECT_TRUE(fs::exists(models_ / "models--org--name"));
  options.discard->RemoveAll(watcher_);
  EXPECT_FALSE(fs::exists(models_ / "models--org--name"));
}

}  // namespace
}  // namespace headspec::sweep
