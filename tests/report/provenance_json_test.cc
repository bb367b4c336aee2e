#include "report/provenance_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/helpers.h"
#include "report/json_text.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

const std::vector<FileRecord> kOutputs = {{"results.json", 12, "sha256:" + std::string(64, 'e')}};

void ExpectFitsTheSchema(const std::string& json) {
  const TemporaryFolder folder;
  PutFile(folder.path() / "provenance.json", json);
  const CommandResult check =
      RunCommand("cd '" + folder.path().string() +
                 "' && python3 '" HEADSPEC_TEST_DATA "/schema_check.py' '" HEADSPEC_SOURCE_DIR
                 "/docs/provenance.schema.json' provenance.json");
  EXPECT_EQ(check.status, 0) << check.output;
}

TEST(ProvenanceJson, HoldsWhatAResultDependsOn) {
  RunResult run = SampleRun();
  run.plan.manifest_text = "experiment = \"x\"\n";
  run.models[1] = FailedModel("Phi-2 (2.7B)", "2.7B", "out of memory");
  const std::string text = ProvenanceJson(run, kOutputs);
  const Json json = Json::parse(text);
  EXPECT_EQ(json["manifest"], run.plan.manifest_text);
  EXPECT_EQ(json["prompts"]["source"], "built-in");
  EXPECT_EQ(json["protocol"]["numerics"], "hf-4.57");
  EXPECT_EQ(json["models"][0]["files"][0]["name"], "model.safetensors");
  EXPECT_EQ(json["models"][0]["token_ids"], (Json{{1, 2}, {3}}));
  EXPECT_EQ(json["models"][1]["error"], "out of memory");
  EXPECT_EQ(json["outputs"][0]["sha256"], std::string(64, 'e'));
  ExpectFitsTheSchema(text);
  run.plan.protocol.variants = {{true, Precision::kFloat16, "chat+fp16"}};
  run.plan.manifest_text.clear();
  ExpectFitsTheSchema(ProvenanceJson(run, {}));
}

TEST(ProvenanceJson, IsReadBack) {
  const RecordedProvenance read = ReadProvenance(ProvenanceJson(SampleRun(), kOutputs), "provenance.json");
  EXPECT_EQ(read.run.plan.protocol.prompts.md5, "715065bab181f46bf12ed471951141e2");
  EXPECT_EQ(read.run.plan.protocol.prompts.prompts.size(), 2u);
  ASSERT_EQ(read.run.models.size(), 2u);
  EXPECT_EQ(read.run.models[0].token_ids, (std::vector<std::vector<int>>{{1, 2}, {3}}));
  EXPECT_EQ(read.run.models[0].provenance.files[0].hash, "sha256:" + std::string(64, 'a'));
  ASSERT_EQ(read.outputs.size(), 1u);
  EXPECT_EQ(read.outputs[0].hash, kOutputs[0].hash);
}

TEST(ProvenanceJson, RefusesWhatItDoesNotWrite) {
  Json json = Json::parse(ProvenanceJson(SampleRun(), kOutputs));
  json["outputs"][0].erase("sha256");
  EXPECT_EQ(
      ErrorOf([&] { ReadProvenance(JsonText(json), "out/provenance.json"); }, ErrorKind::kInput),
      "out/provenance.json: $.outputs[0]: expected a key \"sha256\", found none; the file was changed or "
      "damaged: take the one that headspec wrote");
}

}  // namespace
}  // namespace headspec::report
