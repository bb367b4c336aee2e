#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "experiment/stored_si.h"
#include "report/json_text.h"

namespace headspec::cli {
namespace {

struct Arguments {
  std::string file;
  CommonOptions common;
};

nlohmann::ordered_json JsonOf(const std::vector<experiment::StoredIndex>& all) {
  auto list = nlohmann::ordered_json::array();
  for (const experiment::StoredIndex& one : all) {
    list.push_back({{"place", one.place},
                    {"num_layers", one.layers},
                    {"num_heads", one.heads},
                    {"specialization_index", one.specialization_index},
                    {"mean_head_correlation", one.mean_head_correlation},
                    {"constant_heads", one.constant_heads},
                    {"head_correlation_matrix", one.head_correlation}});
  }
  return list;
}

std::string TextOf(const std::vector<experiment::StoredIndex>& all) {
  std::size_t width = 5;
  for (const auto& one : all) width = std::max(width, one.place.size());
  std::string text = fmt::format("{:<{}}  layers  heads         SI  mean correlation\n", "place", width);
  for (const auto& one : all) {
    text += fmt::format("{:<{}}  {:>6}  {:>5}  {:>9.6f}  {:>16.6f}", one.place, width, one.layers, one.heads,
                        one.specialization_index, one.mean_head_correlation);
    if (!one.constant_heads.empty())
      text += fmt::format("  {} constant heads left out", one.constant_heads.size());
    text += "\n";
  }
  return text;
}

int RunSi(const Arguments& args) {
  Console console(args.common);
  const auto all = experiment::StoredIndices(args.file);
  console.PrintResult(args.common.json ? report::JsonText(JsonOf(all)) : TextOf(all));
  return 0;
}

}  // namespace

void AddSi(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("si", "The index from stored entropies: JSON with `entropies`, .npy or .npz");
  command->add_option("FILE", args->file, "file with one or more layers-by-heads matrices")->required();
  AddOutputOptions(*command, args->common);
  command->footer("Example: headspec si results/measure_20260101_120000/results.json");
  command->callback([args, &exit_code] { exit_code = RunSi(*args); });
}

}  // namespace headspec::cli
