#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "headspec/index.h"
#include "report/index_json.h"

namespace headspec::cli {
namespace {

struct Arguments {
  std::string file;
  CommonOptions common;
};

// "0.7180 +- 0.0044  -0.70  0.450", or blanks.
std::string NullColumns(const OrReason<NullStatistics>& null) {
  if (!null.value) return fmt::format("{:>16}  {:>6}  {:>6}", "-", "-", "-");
  return fmt::format("{:.4f} +- {:.4f}  {:>6}  {:>6.3f}", null.value->mean, null.value->deviation,
                     null.value->z ? fmt::format("{:.2f}", *null.value->z) : "-", null.value->p);
}

std::string Number(double value) { return std::isnan(value) ? "undefined" : fmt::format("{:.6f}", value); }

std::string RowOf(const StoredIndex& one, std::size_t width) {
  const IndexStatistics& statistics = one.statistics;
  std::string text = fmt::format(
      "{:<{}}  {:>7}  {:>9}  {}  {:>6}", one.place, width, fmt::format("{} x {}", one.layers, one.heads),
      Number(one.specialization_index), NullColumns(statistics.null),
      statistics.shares.value ? fmt::format("{:.4f}", statistics.shares.value->depth_share) : "-");
  if (!one.constant_heads.empty())
    text += fmt::format("  {} constant heads left out", one.constant_heads.size());
  return text + "\n";
}

// What the columns say in words, and what they cannot hold.
std::string WordsOf(const StoredIndex& one) {
  const auto& bootstrap = one.statistics.bootstrap;
  std::string text = fmt::format("{}\n  mean head correlation {}\n  {}\n", one.place,
                                 Number(one.mean_head_correlation), one.statistics.readings.null);
  if (bootstrap.value) {
    const Interval& interval = bootstrap.value->at_95();
    text += fmt::format("  95 % interval over {} prompts {:.4f} to {:.4f}\n", one.prompts, interval.low,
                        interval.high);
  } else {
    text += "  no interval over prompts: " + bootstrap.reason + "\n";
  }
  return text;
}

std::string TextOf(const std::vector<StoredIndex>& all) {
  std::size_t width = 5;
  for (const auto& one : all) width = std::max(width, one.place.size());
  std::string text = fmt::format("{:<{}}  {:>7}  {:>9}  {:<16}  {:>6}  {:>6}  {:>6}\n", "place", width,
                                 "L x H", "SI", "heads shuffled", "z", "p", "depth");
  for (const auto& one : all) text += RowOf(one, width);
  text += "\n";
  for (const auto& one : all) text += WordsOf(one);
  return text;
}

int RunSi(const Arguments& args) {
  Console console(args.common);
  const auto all = StoredIndices(args.file, &console);
  if (args.common.json)
    console.PrintRaw(report::IndexJson(all));
  else
    console.PrintResult(TextOf(all));
  return 0;
}

}  // namespace

void AddSi(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "si", "Index and statistics from stored entropies: JSON with `entropies`, .npy or .npz");
  command->add_option("FILE", args->file, "file with one or more layers-by-heads matrices")
      ->type_name("FILE")
      ->required();
  AddOutputOptions(*command, args->common);
  command->footer("Example: headspec si results/measure_20260101_120000/results.json");
  command->callback([args, &exit_code] { exit_code = RunSi(*args); });
}

}  // namespace headspec::cli
