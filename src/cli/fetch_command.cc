#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "core/error.h"
#include "experiment/fetching.h"
#include "report/json_text.h"

namespace headspec::cli {
namespace {

constexpr int kSchemaVersion = 1;  // of docs/fetch.schema.json

struct Arguments {
  std::vector<std::string> models;
  std::string revision = "main";
  CommonOptions common;
};

nlohmann::ordered_json JsonOf(const experiment::FetchedModel& model) {
  return {{"model", model.model},   {"revision", model.revision}, {"commit", model.commit},
          {"folder", model.folder}, {"files", model.files},       {"bytes", model.bytes},
          {"notes", model.notes}};
}

std::string TextOf(const experiment::FetchedModel& model) {
  return fmt::format("{} {} ({} files, {:.1f} MB)\n  {}\n", model.model, model.commit, model.files.size(),
                     static_cast<double>(model.bytes) / 1e6, model.folder);
}

// All names are checked before the first download begins; one failing model does not keep the others away.
int FetchModels(const Arguments& args) {
  const auto wanted = experiment::NamesOf(args.models, args.revision);
  Console console(args.common, {wanted});
  auto list = nlohmann::ordered_json::array();
  int exit_code = 0;
  for (const ModelEntry& entry : wanted) {
    console.OnModelBegin(entry);
    try {
      const auto model = experiment::FetchModel(entry, args.common.run_options().hub, console);
      for (const std::string& note : model.notes) console.Note("note: " + note);
      list.push_back(JsonOf(model));
      if (!args.common.json) {
        console.PrintResult(TextOf(model));
        if (args.common.verbose) console.Print(fmt::format("  {}\n", fmt::join(model.files, "\n  ")));
      }
    } catch (const headspec::Error& error) {
      if (error.kind() == ErrorKind::kInterrupted) throw;
      console.Error(error.what());
      exit_code = exit_code == 0 ? ExitCodeOf(error.kind()) : exit_code;
    }
  }
  if (args.common.json)
    console.PrintRaw(report::JsonText({{"schema_version", kSchemaVersion}, {"models", std::move(list)}}));
  return exit_code;
}

}  // namespace

void AddFetch(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "fetch", "Download models into the Hugging Face cache: resumable, verified, shared with Python");
  command->add_option("MODEL", args->models, "org/name[@revision] on the Hugging Face hub")
      ->type_name("MODEL")
      ->required();
  AddRevisionOption(*command, args->revision, "branch, tag, commit or refs/pr/N of those without @revision");
  AddOutputOptions(*command, args->common);
  AddVerboseOption(*command, args->common, "the names of the files, too");
  AddProgressOptions(*command, args->common);
  AddHubOptions(*command, args->common);
  command->footer("Example: headspec fetch microsoft/phi-1_5 microsoft/phi-2@main");
  command->callback([args, &exit_code] { exit_code = FetchModels(*args); });
}

}  // namespace headspec::cli
