#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "error_of.h"
#include "headspec/plans.h"
#include "headspec/run.h"
#include "sweep/layout.h"
#include "sweep/plan.h"
#include "sweep/plan_totals.h"
#include "temporary_folder.h"

namespace headspec::sweep {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

const fs::path kSource = HEADSPEC_SOURCE_DIR;

void Write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

std::string Read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class PlanFolder : public testing::Test {
 protected:
  PlanFolder() {
    Write(folder_.path() / "prompts.txt", "One prompt.\nAnother.\n");
    Write(manifest_,
          "experiment = \"Nano\"\n[[sweep]]\nmodels = [\"" + kSource.string() +
              "/data/nano/nano-*\"]\ndtypes = [\"float32\", \"auto\"]\nprompts = [\"prompts.txt\"]\n"
              "split_prompts = 1\n");
    plan_ = MakePlan(manifest_, {.threads = 1}, observer_);
  }

  // What ReadPlan says of a plan.json that `change` altered.
  std::string ComplaintOf(const std::function<void(Json&)>& change) {
    Json json = Json::parse(PlanJson(plan_));
    change(json);
    Write(sweep_ / kPlanFile, json.dump());
    std::string complaint = ErrorOf([&] { ReadPlan(sweep_); });
    const std::string file = "kInput: " + (sweep_ / kPlanFile).string() + ": ";
    return complaint.starts_with(file) ? complaint.substr(file.size()) : complaint;
  }

  Observer observer_;
  TemporaryFolder folder_;
  fs::path manifest_ = folder_.path() / "sweep.toml";
  fs::path sweep_ = folder_.path() / "out";
  SweepPlan plan_;
};

TEST_F(PlanFolder, IsReadAsItWasKept) {
  KeepPlan(plan_, sweep_);
  EXPECT_EQ(Read(sweep_ / kManifestFile), Read(manifest_));
  const SweepPlan read = ReadPlan(sweep_);
  EXPECT_EQ(PlanJson(read), PlanJson(plan_));
  EXPECT_EQ(read.manifest_text, plan_.manifest_text);
  ASSERT_EQ(read.cells.size(), 6u);
  ASSERT_EQ(read.protocols.size(), 2u);
  const Plan one = PlanOfCell(read, read.cells[1]);
  EXPECT_EQ(one.protocol.prompts.prompts, (std::vector<std::string>{"One prompt.", "Another."}));
  EXPECT_EQ(one.ladder.front().path, (kSource / "data/nano/nano-0.5m").string());
  // The same plan again changes nothing, whatever another machine expects it to take.
  const auto written = fs::last_write_time(sweep_ / kPlanFile);
  SweepPlan elsewhere = plan_;
  elsewhere.cells[0].cost.seconds = 1000;
  KeepPlan(elsewhere, sweep_);
  EXPECT_EQ(fs::last_write_time(sweep_ / kPlanFile), written);
}

TEST_F(PlanFolder, OfAnotherPlanIsLeftAlone) {
  KeepPlan(plan_, sweep_);
  const std::string before = Read(sweep_ / kPlanFile);
  SweepPlan other = plan_;
  other.cells.pop_back();
  EXPECT_EQ(ErrorOf([&] { KeepPlan(other, sweep_); }),
            "kInput: " + sweep_.string() +
                ": holds the results of another plan; choose another folder: the manifest, a branch "
                "or a prompt set has changed since");
  EXPECT_EQ(Read(sweep_ / kPlanFile), before);
  EXPECT_EQ(
      ErrorOf([&] { KeepPlan(plan_, folder_.path()); }),
      "kInput: " + folder_.path().string() + ": not empty, and no sweep is in it; choose another folder");
}

TEST_F(PlanFolder, NeedsItsManifestAndPrompts) {
  KeepPlan(plan_, sweep_);
  Write(folder_.path() / "prompts.txt", "Something else.\n");
  EXPECT_EQ(ErrorOf([&] { ReadPlan(sweep_); }),
            "kInput: prompts: expected MD5 " + plan_.protocols[0].prompts.md5 +
                ", as when the sweep was planned, found " + PromptsOf({"Something else."}).md5 + " in " +
                (folder_.path() / "prompts.txt").string() +
                "; restore the prompts, or plan the sweep again, into another folder");
  Write(folder_.path() / "prompts.txt", "One prompt.\nAnother.\n");
  Write(sweep_ / kManifestFile, plan_.manifest_text + "\n");
  EXPECT_EQ(ErrorOf([&] { ReadPlan(sweep_); }),
            "kInput: " + (sweep_ / kManifestFile).string() +
                ": not the manifest that plan.json was made of; restore it, or plan "
                "the sweep again, into another folder");
  fs::remove(sweep_ / kManifestFile);
  EXPECT_EQ(ErrorOf([&] { ReadPlan(sweep_); }),
            "kInput: " + (sweep_ / kManifestFile).string() +
                ": no such file; give the folder of a sweep, or plan it again");
}

TEST_F(PlanFolder, WithStrangeValuesIsRefused) {
  KeepPlan(plan_, sweep_);
  const std::string again = "; plan the sweep again, into another folder";
  const auto of_cell = [&](const char* key, const Json& value) {
    return ComplaintOf([&](Json& json) { json["cells"][1][key] = value; });
  };
  EXPECT_EQ(of_cell("id", "../../etc"), "cells[1].id: expected 16 hexadecimal digits" + again);
  for (const Json& folder :
       {Json("../x-" + plan_.cells[1].id), Json("x"), Json(std::string(300, 'a') + "-" + plan_.cells[1].id),
        Json(".hidden-" + plan_.cells[1].id)})
    EXPECT_EQ(of_cell("folder", folder),
              "cells[1].folder: expected the name of a folder that ends with the id" + again);
  EXPECT_EQ(of_cell("folder", 7), "cells[1].folder: expected a string" + again);
  EXPECT_EQ(of_cell("protocol", 2), "cells[1].protocol: expected below 2" + again);
  EXPECT_EQ(of_cell("protocol", -1), "cells[1].protocol: expected a count" + again);
  EXPECT_EQ(of_cell("path", Json()), "cells[1].commit: expected 40 hexadecimal digits" + again);
  EXPECT_EQ(of_cell("step", "x"), "cells[1].step: expected a number of at least 0" + again);
  EXPECT_EQ(of_cell("cost", Json::array()), "cells[1].cost: expected an object" + again);
  EXPECT_EQ(ComplaintOf([](Json& json) { json["cells"][0]["cost"]["operations"] = -1; }),
            "cells[0].cost.operations: expected a number of at least 0" + again);
  EXPECT_EQ(ComplaintOf([](Json& json) { json["cells"] = Json::array(); }),
            "cells: expected 1 to 100000 of them" + again);
  EXPECT_EQ(ComplaintOf([](Json& json) { json["cells"][0] = 7; }), "cells[0].id: expected a string" + again);
  EXPECT_EQ(ComplaintOf([](Json& json) { json.erase("cells"); }), "cells: expected a list" + again);
  EXPECT_EQ(ComplaintOf([](Json& json) { json["notes"][0] = 7; }),
            "notes: expected a list of strings" + again);
  EXPECT_EQ(ComplaintOf([](Json& json) { json["protocols"].erase(0); }),
            "protocols: expected 2, as the manifest gives" + again);
  EXPECT_EQ(ComplaintOf([](Json& json) { json["protocols"][0]["sha256"] = ""; }),
            "protocols[0].sha256: expected that of the protocol which the manifest gives" + again);
  EXPECT_EQ(ComplaintOf([](Json& json) { json["schema_version"] = 2; }),
            "schema_version: expected 1, found 2; read it with the headspec that wrote it, or a newer one");
  EXPECT_EQ(ComplaintOf([](Json& json) { json = Json::array(); }), "plan: expected an object" + again);
  Write(sweep_ / kPlanFile, std::string(100'000, '['));
  EXPECT_TRUE(ErrorOf([&] {
                ReadPlan(sweep_);
              }).starts_with("kInput: " + (sweep_ / kPlanFile).string() + ": not JSON ("));
}

TEST_F(PlanFolder, TotalsCountRepeatsOnce) {
  plan_.cells.push_back(plan_.cells.front());
  for (SweepCell& cell : plan_.cells)
    cell.cost = {.weight_bytes = 10, .download_bytes = 5, .memory_bytes = 3, .seconds = 2};
  plan_.cells[1].cost.seconds = 7;
  const PlanTotals totals = TotalsOf(plan_);
  EXPECT_EQ(totals.cells, 7u);
  EXPECT_EQ(totals.measurements, 6u);
  EXPECT_EQ(totals.weight_bytes, 30u);  // three models, each measured in two precisions
  EXPECT_EQ(totals.download_bytes, 30u);
  EXPECT_EQ(totals.memory_bytes, 3u);
  EXPECT_DOUBLE_EQ(totals.seconds, 17);
  EXPECT_EQ(TotalsOfCurves(plan_).size(), 6u);
  EXPECT_EQ(TotalsOfCurves(plan_).front().cells, 2u);
  EXPECT_DOUBLE_EQ(SecondsOf(plan_, 1), 17);
  EXPECT_DOUBLE_EQ(SecondsOf(plan_, 2), 9);  // 7 and 2 beside four times 2
  EXPECT_DOUBLE_EQ(SecondsOf(plan_, 100), 7);
}

}  // namespace
}  // namespace headspec::sweep
