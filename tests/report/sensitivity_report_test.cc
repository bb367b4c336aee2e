#include "report/sensitivity_report.h"

#include <gtest/gtest.h>

#include <limits>

#include "report/helpers.h"
#include "report/read_results.h"
#include "report/results_json.h"

namespace headspec::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

RunResult RunWithSensitivity() {
  RunResult run = MeasureRun();
  run.models[0].sensitivity = {{"measured", "bfloat16, hf-4.57", 0.3412, ""},
                               {"dtype", "float16, hf-4.57", 0.3312, "7 NaN or infinite values"},
                               {"metric", "query entropy", kNaN, "not measured"},
                               {"without layer", "layer 0", 0.25, ""},
                               {"without layer", "layer 1", 0.5, ""},
                               {"without prompt", "prompt 1", kNaN, "not defined"}};
  run.models[1].sensitivity = {{"measured", "float32, hf-4.57", 0.3051, ""},
                               {"without prompt", "prompt 2", 0.5, ""}};
  run.models[1].display = "it's \"B\" $x `date`";
  return run;
}

TEST(Sensitivity, IsOneTable) {
  EXPECT_EQ(
      SensitivityTable(RunWithSensitivity()),
      "Sensitivity of SI: Phi-1.5 (1.3B)\n"
      "  Changed         To                                    SI      Difference\n"
      "  measured        bfloat16, hf-4.57                     0.3412\n"
      "  dtype           float16, hf-4.57                      0.3312  -0.0100  7 NaN or infinite values\n"
      "  metric          query entropy                         -         not measured\n"
      "  without layer   lowest of 2: layer 0                  0.2500  -0.0912\n"
      "  without layer   highest of 2: layer 1                 0.5000  +0.1588\n"
      "\n"
      "Sensitivity of SI: it's \"B\" $x `date`\n"
      "  Changed         To                                    SI      Difference\n"
      "  measured        float32, hf-4.57                      0.3051\n"
      "  without prompt  lowest of 1: prompt 2                 0.5000  +0.1949\n"
      "  without prompt  highest of 1: prompt 2                0.5000  +0.1949\n");
  EXPECT_TRUE(HasSensitivity(RunWithSensitivity()));
  EXPECT_FALSE(HasSensitivity(SampleRun()));
}

TEST(Sensitivity, IsDrawn) {
  const TemporaryFolder folder;
  RenderPictures({SensitivityPictures(RunWithSensitivity())}, folder.path());
  std::vector<std::string> names = PictureFiles(kSensitivityStem);
  std::sort(names.begin(), names.end());
  EXPECT_EQ(NamesIn(folder.path()), names);
  const std::string svg = ReadFile(folder.path() / "sensitivity.svg");
  for (const char* word :
       {"as measured", "query entropy", "layer left out, each", "Phi-1.5 (1.3B)", "`date`"})
    EXPECT_NE(svg.find(word), std::string::npos) << word;
}

TEST(Sensitivity, IsInvertedAndFitsTheSchema) {
  const std::string text = ResultsJson(RunWithSensitivity());
  EXPECT_EQ(ResultsJson(ReadResults(text, "results.json")), text);
  const TemporaryFolder folder;
  PutFile(folder.path() / "results.json", text);
  const CommandResult check =
      RunCommand("python3 '" HEADSPEC_TEST_DATA "/schema_check.py' '" HEADSPEC_SOURCE_DIR
                 "/docs/results.schema.json' '" +
                 (folder.path() / "results.json").string() + "'");
  EXPECT_EQ(check.status, 0) << check.output;
}

}  // namespace
}  // namespace headspec::report
