#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "experiment/supported.h"
#include "report/json_text.h"

namespace headspec::cli {
namespace {

constexpr int kSchemaVersion = 1;  // of docs/models.schema.json

nlohmann::ordered_json JsonOf(const std::vector<experiment::SupportedFamily>& families) {
  auto list = nlohmann::ordered_json::array();
  for (const experiment::SupportedFamily& family : families)
    list.push_back({{"model_types", family.model_types}, {"covers", family.covers}});
  return {{"schema_version", kSchemaVersion}, {"families", std::move(list)}};
}

std::string TypesOf(const experiment::SupportedFamily& family) {
  return fmt::format("{}", fmt::join(family.model_types, ", "));
}

std::string TextOf(const std::vector<experiment::SupportedFamily>& families) {
  constexpr std::string_view kTypes = "model_type";
  std::size_t width = kTypes.size();
  for (const auto& family : families) width = std::max(width, TypesOf(family).size());
  std::string text = fmt::format("{:<{}}  well-known checkpoints\n", kTypes, width);
  for (const auto& family : families)
    text += fmt::format("{:<{}}  {}\n", TypesOf(family), width, family.covers);
  return text;
}

int RunModels(const CommonOptions& options) {
  Console console(options);
  const auto families = experiment::SupportedFamilies();
  if (options.json)
    console.PrintRaw(report::JsonText(JsonOf(families)));
  else
    console.PrintResult(TextOf(families));
  return 0;
}

}  // namespace

void AddModels(CLI::App& program, int& exit_code) {
  auto options = std::make_shared<CommonOptions>();
  CLI::App* command = program.add_subcommand(
      "models", "The models that can be measured: model_type of config.json, checkpoints");
  AddOutputOptions(*command, *options);
  command->footer("Example: headspec models --json");
  command->callback([options, &exit_code] { exit_code = RunModels(*options); });
}

}  // namespace headspec::cli
