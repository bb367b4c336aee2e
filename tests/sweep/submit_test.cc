#include "sweep/submit.h"

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"

namespace headspec::sweep {
namespace {

SweepPlan PlanOf(int cells, double seconds) {
  SweepPlan plan;
  plan.slug = "pythia";
  for (int i = 0; i < cells; ++i) {
    SweepCell cell;
    cell.id = std::to_string(i);
    cell.cost = {
        .weight_bytes = 100'000'000, .memory_bytes = 2'000'000'000, .seconds = seconds, .operations = 1e12};
    plan.cells.push_back(cell);
  }
  return plan;
}

std::string TextOf(const std::vector<Script>& scripts, const std::string& name) {
  for (const Script& script : scripts)
    if (script.name == name) return script.text;
  return "";
}

TEST(Shell, WordsAreQuotedWhereTheyNeedIt) {
  EXPECT_EQ(ShellWord("/usr/bin/headspec"), "/usr/bin/headspec");
  EXPECT_EQ(ShellWord("a b"), "'a b'");
  EXPECT_EQ(ShellWord("it's $HOME"), "'it'\\''s $HOME'");
  EXPECT_EQ(ShellWord(""), "''");
}

TEST(Shell, WordsComeBack) {
  EXPECT_EQ(ShellWords("--qos=low  --comment 'a b' x\\ y \"q\\\"r\"", "--sbatch"),
            (std::vector<std::string>{"--qos=low", "--comment", "a b", "x y", "q\"r"}));
  EXPECT_TRUE(ShellWords("  ", "--sbatch").empty());
  for (const std::string word : {"a b", "it's", "", "$x `y`", "\\"})
    EXPECT_EQ(ShellWords(ShellWord(word), "x"), std::vector<std::string>{word});
  EXPECT_THROW(ShellWords("'open", "--sbatch"), Error);
}

TEST(JobSize, FollowsThePlan) {
  EXPECT_EQ(JobSizeOf(PlanOf(10, 1), 0).jobs, 1);
  EXPECT_EQ(JobSizeOf(PlanOf(10, 600), 0).jobs, 10);  // three times, as other machines may be slower
  EXPECT_EQ(JobSizeOf(PlanOf(10, 600), 4).jobs, 4);
  EXPECT_EQ(JobSizeOf(PlanOf(10, 600), 40).jobs, 10);  // no more than cells
  const JobSize size = JobSizeOf(PlanOf(10, 600), 5);
  EXPECT_GE(size.seconds, 2U * 3 * 600);
  EXPECT_EQ(size.seconds % 900, 0U);
  EXPECT_GE(size.megabytes, 3000U);
  EXPECT_EQ(SlurmTime(900), "00:15:00");
  EXPECT_EQ(SlurmTime(86400 + 3661), "1-01:01:01");
}

TEST(Slurm, ScriptsSayEverything) {
  SubmitOptions options;
  options.program = "/opt/head spec/headspec";
  options.folder = "/data/50% of it's";
  options.run_options = {"--offline"};
  options.jobs = 3;
  options.at_once = 2;
  options.cpus = 8;
  options.partition = "short";
  options.account = "lab";
  options.sbatch_options = {"--comment=a b"};
  const auto scripts = SlurmScripts(PlanOf(10, 600), options);
  EXPECT_EQ(
      TextOf(scripts, "array.sh"),
      "#!/bin/sh\n"
      "# One job of the array: its share of the cells. What is measured already is not measured again.\n"
      "exec '/opt/head spec/headspec' run '/data/50% of it'\\''s/manifest.toml' --out '/data/50% of "
      "it'\\''s' --offline --shard \"$SLURM_ARRAY_TASK_ID/3\" --threads "
      "\"${SLURM_CPUS_PER_TASK:-0}\"\n");
  const std::string submit = TextOf(scripts, "submit.sh");
  for (const std::string part :
       {"--array=1-3%2", "--requeue", "--open-mode=append",
        "'--output=/data/50%% of it'\\''s/slurm/array-%a.log'", "--cpus-per-task=8", "--partition=short",
        "--account=lab", "'--comment=a b'", "--mem=4024M", "--dependency=\"afterany:$array\"",
        "'/data/50% of it'\\''s/slurm/merge.sh'"})
    EXPECT_NE(submit.find(part), std::string::npos) << part << "\n" << submit;
  EXPECT_NE(
      TextOf(scripts, "merge.sh").find("exec '/opt/head spec/headspec' merge '/data/50% of it'\\''s'\n"),
      std::string::npos);
}

TEST(Hosts, AreReadFromLinesAndRefusedOtherwise) {
  const Hosts hosts = ReadHosts("# a comment\nnode1 slots=4  # more\n\nnode2 max_slots=8\n", "hosts");
  ASSERT_EQ(hosts.names.size(), 2U);
  EXPECT_EQ(hosts.names[0], (std::pair<std::string, int>("node1", 4)));
  EXPECT_EQ(hosts.names[1], (std::pair<std::string, int>("node2", 0)));
  for (const char* text : {"", "node1 slots=0", "node1 slots=x", "node1 cores=4", "-x", "a;b"})
    EXPECT_THROW(ReadHosts(text, "hosts"), Error) << text;
}

TEST(Hosts, ScriptBindsRanksToProcessors) {
  SubmitOptions options;
  options.program = "/usr/bin/headspec";
  options.folder = "/data/sweep";
  Hosts hosts = ReadHosts("node1\nnode2 slots=16\n", "hosts");
  hosts.ranks_of_host = 2;
  options.cpus = 4;
  const auto bound = HostScripts(hosts, options, {"HEADSPEC_CACHE"});
  EXPECT_EQ(TextOf(bound, "hostfile"), "node1 slots=8\nnode2 slots=16\n");
  const std::string script = TextOf(bound, "mpirun.sh");
  EXPECT_NE(
      script.find("mpirun --enable-recovery --hostfile /data/sweep/mpirun/hostfile -n 4 --map-by "
                  "ppr:2:node:PE=4 -x HEADSPEC_CACHE /usr/bin/headspec run /data/sweep/manifest.toml --out "
                  "/data/sweep\n"),
      std::string::npos)
      << script;
  EXPECT_NE(script.find("\nexec /usr/bin/headspec merge /data/sweep\n"), std::string::npos);
  hosts.ranks_of_host = 1;
  options.cpus = 0;
  EXPECT_NE(TextOf(HostScripts(hosts, options, {}), "mpirun.sh").find("--map-by ppr:1:node --bind-to none"),
            std::string::npos);
}

}  // namespace
}  // namespace headspec::sweep
