#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "cli/choices.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "experiment/subject.h"
#include "report/text.h"
#include "sweep/plan.h"
#include "sweep/plan_totals.h"

namespace headspec::cli {
namespace {

constexpr int kMostRanks = 1 << 20;

struct Arguments {
  std::string manifest;
  int ranks = 1;
  CommonOptions common;
};

std::string Bytes(std::uint64_t bytes) {
  const double value = static_cast<double>(bytes);
  if (value >= 1e12) return fmt::format("{:.1f} TB", value / 1e12);
  if (value >= 1e9) return fmt::format("{:.1f} GB", value / 1e9);
  if (value >= 1e6) return fmt::format("{:.0f} MB", value / 1e6);
  return bytes == 0 ? "-" : fmt::format("{:.0f} kB", std::max(1.0, value / 1e3));
}

std::string Time(double seconds) {
  if (seconds < 60) return fmt::format("{:.{}f} s", seconds, seconds < 10 ? 1 : 0);
  if (seconds < 3600) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("{:.1f} h", seconds / 3600);
  return fmt::format("{:.1f} days", seconds / 86400);
}

std::string Count(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

using Row = std::vector<std::string>;

// The first column on the left, the others on the right.
std::string TableText(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], report::DisplayWidth(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = report::PadRight(row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i) {
      const std::size_t space = widths[i] - report::DisplayWidth(row[i]);
      line += "  " + (i == 1 ? report::PadRight(row[i], widths[i]) : std::string(space, ' ') + row[i]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

// "step0 to step143000, main"-like: what the curve spans.
std::string Span(const sweep::PlanTotals& curve) {
  if (curve.first->revision.empty()) return "folder";
  if (curve.first == curve.last) return report::OneLine(curve.first->revision);
  return report::OneLine(curve.first->revision) + " to " + report::OneLine(curve.last->revision);
}

Row RowOf(const std::string& name, const std::string& span, const sweep::PlanTotals& of) {
  const std::size_t repeats = of.cells - of.measurements;
  return {name,
          span,
          std::to_string(of.cells),
          repeats == 0 ? "-" : std::to_string(repeats),
          Bytes(of.download_bytes),
          Bytes(of.weight_bytes),
          Time(of.seconds),
          Bytes(of.memory_bytes)};
}

const Row kHeading = {"Curve", "Revisions", "Cells", "Repeats", "Download", "Weights", "Time", "Memory"};

// What holds for all cells; of several protocols the curves' names say which.
std::string ProtocolLine(const SweepPlan& plan) {
  if (plan.protocols.size() != 1) return "";
  const Protocol& protocol = plan.protocols.front();
  return fmt::format("{}, {} ({}), at most {} tokens of each{}\n", plan.cells.front().dtype,
                     report::OneLine(protocol.prompts.version),
                     Count(protocol.prompts.prompts.size(), "prompt"), protocol.max_length,
                     protocol.variants.front().use_chat_template ? ", in the chat template" : "");
}

std::string CurvesText(const SweepPlan& plan) {
  std::vector<Row> rows = {kHeading};
  for (const sweep::PlanTotals& curve : sweep::TotalsOfCurves(plan))
    rows.push_back(RowOf(report::OneLine(curve.curve), Span(curve), curve));
  rows.push_back(RowOf("all", "", sweep::TotalsOf(plan)));
  return TableText(rows);
}

std::string CellsText(const SweepPlan& plan) {
  std::vector<Row> rows = {{"Cell", "Revision", "Commit", "Id", "Download", "Weights", "Time", "Memory"}};
  std::set<std::string> seen;
  for (const SweepCell& cell : plan.cells) {
    const bool is_repeat = !seen.insert(cell.id).second;
    rows.push_back(
        {report::OneLine(cell.curve), cell.revision.empty() ? "folder" : report::OneLine(cell.revision),
         cell.entry.path.empty() ? cell.entry.revision.substr(0, 12) : "-", cell.id,
         is_repeat ? "-" : Bytes(cell.cost.download_bytes), Bytes(cell.cost.weight_bytes),
         is_repeat ? "repeat" : Time(cell.cost.seconds), is_repeat ? "-" : Bytes(cell.cost.memory_bytes)});
  }
  return TableText(rows);
}

std::string TotalsText(const SweepPlan& plan, int ranks) {
  const sweep::PlanTotals totals = sweep::TotalsOf(plan);
  std::string text = fmt::format("{} to make, {} to download.\n", Count(totals.measurements, "measurement"),
                                 totals.download_bytes == 0 ? "nothing" : Bytes(totals.download_bytes));
  text += fmt::format("Expected: {} in one process on this machine", Time(sweep::SecondsOf(plan, 1)));
  if (ranks > 1) text += fmt::format(", {} in {} like it", Time(sweep::SecondsOf(plan, ranks)), ranks);
  return text + ", downloads not counted.\nTimes and memory are estimates from each configuration.\n";
}

// Before days of downloads.
std::string SpaceWarning(const SweepPlan& plan, const HubOptions& hub) {
  const std::uint64_t wanted = sweep::TotalsOf(plan).download_bytes;
  std::filesystem::path folder = experiment::SettingsOf(hub).cache;
  std::error_code failed;
  while (!folder.empty() && !std::filesystem::exists(folder, failed) && folder != folder.parent_path())
    folder = folder.parent_path();
  const auto space = std::filesystem::space(folder.empty() ? "." : folder, failed);
  if (failed || space.available >= wanted) return "";
  return fmt::format("warning: {} to download, {} free in {}", Bytes(wanted), Bytes(space.available),
                     experiment::SettingsOf(hub).cache.string());
}

int ShowPlan(const Arguments& args) {
  Console console(args.common);
  const RunOptions options = args.common.run_options();
  const SweepPlan plan = sweep::MakePlan(args.manifest, options, console);
  if (args.common.json) {
    console.PrintRaw(sweep::PlanJson(plan));
  } else {
    console.Print(report::OneLine(plan.experiment + (plan.purpose.empty() ? "" : ": " + plan.purpose)) +
                  "\n" + ProtocolLine(plan) + "\n");
    console.PrintResult(args.common.verbose ? CellsText(plan) : CurvesText(plan));
    console.PrintResult("\n" + TotalsText(plan, args.ranks));
  }
  for (const std::string& note : plan.notes) console.Note("note: " + note);
  if (const std::string warning = SpaceWarning(plan, options.hub); !warning.empty()) console.Note(warning);
  return 0;
}

}  // namespace

void AddPlan(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "plan",
      "What a sweep would measure, download and take, before it does: revisions, repeats, bytes, time");
  command->add_option("MANIFEST", args->manifest, "sweep in TOML: a manifest with [[sweep]]")
      ->type_name("FILE")
      ->required();
  TakesNumber(command->add_option("--ranks", args->ranks, "processes to say the expected time for, too"), 1,
              kMostRanks, "N")
      ->capture_default_str()
      ->group(kMachine);
  AddPlanningOptions(*command, args->common);
  AddHubOptions(*command, args->common);
  AddOutputOptions(*command, args->common);
  AddVerboseOption(*command, args->common, "every cell instead of every curve");
  AddProgressOptions(*command, args->common);
  command->footer("Example: headspec plan sweep.toml --ranks 16");
  command->callback([args, &exit_code] { exit_code = ShowPlan(*args); });
}

}  // namespace headspec::cli
