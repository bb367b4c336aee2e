// heads.npz and heads.csv, read back by Python's own zipfile and struct.
#include "report/head_arrays.h"

#include <gtest/gtest.h>

#include <limits>

#include "report/head_metrics_json.h"
#include "report/helpers.h"
#include "report/npy_writer.h"
#include "report/read_results.h"
#include "report/results_json.h"

namespace headspec::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A grouped-query model with all that may be there, and a failed one.
RunResult RunWithMetrics() {
  RunResult run = MeasureRun();
  ModelResult& model = run.models.front();
  model.model = "a,\"b\"\nµ";
  model.num_kv_heads = 1;  // of two heads, as if there were more
  model.kv_group_entropies = {{0.375}, {0.875}};
  model.head_metrics = {{.name = "sink_mass",
                         .mean = {{0.5, kNaN}, {0.125, 1e-9}},
                         .per_prompt = {{{0.5, kNaN}, {0.125, 1e-9}}, {{0.5, kNaN}, {0.125, 1e-9}}},
                         .kv_group_means = {{kNaN}, {0.0625}}},
                        {.name = "induction", .mean = {{0, 1}, {2, 3}}, .kv_group_means = {{0.5}, {2.5}}}};
  model.induction_ids = {5, 6, 5, 6};
  run.models[1] = FailedModel("Phi-2 (2.7B)", "", "out of memory");
  return run;
}

constexpr const char* kReader = R"python(
import ast, struct, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    for name in archive.namelist():
        data = archive.read(name)
        assert data[:8] == b"\x93NUMPY\x01\x00"
        length, = struct.unpack("<H", data[8:10])
        assert (10 + length) % 64 == 0 and data[9 + length:10 + length] == b"\n"
        header = ast.literal_eval(data[10:10 + length].decode())
        body = data[10 + length:]
        kind = header["descr"]
        if kind.startswith("<U"):
            width = 4 * int(kind[2:])
            values = [body[i:i + width].decode("utf-32-le").rstrip("\0") for i in range(0, len(body), width)]
        else:
            values = list(struct.unpack("<%d%s" % (len(body) // 8, {"<f8": "d", "<i8": "q"}[kind]), body))
        print(name, header["shape"], ascii(values))
)python";

TEST(HeadArrays, AreReadBackByPython) {
  const TemporaryFolder folder;
  WriteHeadArrays(RunWithMetrics(), folder.path() / "heads.npz");
  PutFile(folder.path() / "reader.py", kReader);
  const CommandResult read = RunCommand("cd '" + folder.path().string() + "' && python3 reader.py heads.npz");
  EXPECT_EQ(read.status, 0);
  EXPECT_EQ(read.output,
            "models.npy (2,) ['a,\"b\" \\xb5', 'microsoft/Phi-2 (2.7B)']\n"
            "si.npy (2,) [0.3412, nan]\n"
            "0/head_entropies.npy (2, 2) [0.25, 0.5, 0.75, 1.0]\n"
            "0/head_entropies_per_prompt.npy (2, 2, 2) [0.25, 0.5, 0.75, 1.0, 0.25, 0.5, 0.75, 1.0]\n"
            "0/received_entropy_kv_groups.npy (2, 1) [0.375, 0.875]\n"
            "0/sink_mass.npy (2, 2) [0.5, nan, 0.125, 1e-09]\n"
            "0/sink_mass_per_prompt.npy (2, 2, 2) [0.5, nan, 0.125, 1e-09, 0.5, nan, 0.125, 1e-09]\n"
            "0/sink_mass_kv_groups.npy (2, 1) [nan, 0.0625]\n"
            "0/induction.npy (2, 2) [0.0, 1.0, 2.0, 3.0]\n"
            "0/induction_kv_groups.npy (2, 1) [0.5, 2.5]\n"
            "0/head_correlation.npy (2, 2) [1.0, 0.5, 0.5, 1.0]\n"
            "0/max_abs_score.npy (2,) [3.5, 4.25]\n"
            "0/valid_lengths.npy (2,) [2, 1]\n"
            "0/token_ids.npy (3,) [1, 2, 3]\n"
            "0/induction_ids.npy (4,) [5, 6, 5, 6]\n");
}

TEST(HeadArrays, AreTheSameBytesEveryTimeAndOverwriteNothing) {
  const TemporaryFolder folder;
  WriteHeadArrays(RunWithMetrics(), folder.path() / "first.npz");
  WriteHeadArrays(RunWithMetrics(), folder.path() / "second.npz");
  EXPECT_EQ(ReadFile(folder.path() / "first.npz"), ReadFile(folder.path() / "second.npz"));
  const auto target = folder.path() / "first.npz";
  EXPECT_EQ(ErrorOf([&] { WriteHeadArrays(RunWithMetrics(), target); }, ErrorKind::kSystem),
            "cannot write arrays " + target.string() +
                ": it exists and nothing is overwritten; choose an output folder that can be written");
}

TEST(HeadsCsv, HasOneLineForEachNumber) {
  EXPECT_EQ(HeadsCsv(RunWithMetrics()),
            "model,layer,head,metric,value\n"
            "\"a,\"\"b\"\" µ\",0,0,received_entropy,0.25\n"
            "\"a,\"\"b\"\" µ\",0,1,received_entropy,0.5\n"
            "\"a,\"\"b\"\" µ\",1,0,received_entropy,0.75\n"
            "\"a,\"\"b\"\" µ\",1,1,received_entropy,1.0\n"
            "\"a,\"\"b\"\" µ\",0,0,received_entropy_kv_groups,0.375\n"
            "\"a,\"\"b\"\" µ\",1,0,received_entropy_kv_groups,0.875\n"
            "\"a,\"\"b\"\" µ\",0,0,sink_mass,0.5\n"
            "\"a,\"\"b\"\" µ\",0,1,sink_mass,\n"
            "\"a,\"\"b\"\" µ\",1,0,sink_mass,0.125\n"
            "\"a,\"\"b\"\" µ\",1,1,sink_mass,1e-09\n"
            "\"a,\"\"b\"\" µ\",0,0,sink_mass_kv_groups,\n"
            "\"a,\"\"b\"\" µ\",1,0,sink_mass_kv_groups,0.0625\n"
            "\"a,\"\"b\"\" µ\",0,0,induction,0.0\n"
            "\"a,\"\"b\"\" µ\",0,1,induction,1.0\n"
            "\"a,\"\"b\"\" µ\",1,0,induction,2.0\n"
            "\"a,\"\"b\"\" µ\",1,1,induction,3.0\n"
            "\"a,\"\"b\"\" µ\",0,0,induction_kv_groups,0.5\n"
            "\"a,\"\"b\"\" µ\",1,0,induction_kv_groups,2.5\n");
}

TEST(HeadMetricsJson, IsInverted) {
  const std::string text = ResultsJson(RunWithMetrics());
  EXPECT_NE(text.find("\"kv_group_means\""), std::string::npos);
  EXPECT_NE(text.find("\"induction_ids\": [5, 6, 5, 6]"), std::string::npos);
  EXPECT_EQ(ResultsJson(ReadResults(text, "results.json")), text);
}

TEST(HeadMetricsJson, RefusesOtherShapes) {
  std::string text = ResultsJson(RunWithMetrics());
  const std::string part = "[0.125, 1e-09]";
  text.replace(text.find(part), part.size(), "[0.125]");
  EXPECT_EQ(ErrorOf([&] { ReadResults(text, "results.json"); }, ErrorKind::kInput),
            "results.json: $.results[0].head_metrics.sink_mass[1]: expected 2 numbers, as in the first row, "
            "found a list of 1; the file was changed or damaged: take the one that headspec wrote");
}

}  // namespace
}  // namespace headspec::report
