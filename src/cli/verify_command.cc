#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "core/error.h"
#include "core/file.h"
#include "experiment/verification.h"
#include "report/json_text.h"
#include "report/provenance_json.h"
#include "report/read_results.h"
#include "report/text.h"

namespace headspec::cli {
namespace {

using experiment::Check;
using experiment::CheckGroup;
using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;  // of docs/verify.schema.json

struct Arguments {
  std::string folder;
  bool no_recompute = false;
  CommonOptions common;
};

std::string ReadPart(const std::filesystem::path& folder, const std::string& name) {
  if (auto text = ReadFile(folder / name)) return std::move(*text);
  throw Error(ErrorKind::kInput, fmt::format("{}: no {} in it", folder.string(), name),
              "give a folder that headspec run or measure wrote");
}

experiment::ResultFolder ReadResultFolder(const std::filesystem::path& folder) {
  const std::string results = ReadPart(folder, "results.json");
  auto provenance =
      report::ReadProvenance(ReadPart(folder, "provenance.json"), (folder / "provenance.json").string());
  return {folder, report::ReadResults(results, (folder / "results.json").string()), std::move(provenance.run),
          std::move(provenance.outputs)};
}

// Counts, prints and keeps the findings as they come.
class Findings {
 public:
  Findings(Console& console, const CommonOptions& options) : console_(console), options_(options) {}

  void Add(const CheckGroup& group) {
    int differing = 0;
    for (const Check& check : group.checks) {
      differing += check.ok ? 0 : 1;
      list_.push_back({{"what", group.what + ": " + check.what},
                       {"model", group.model.empty() ? Json(nullptr) : Json(group.model)},
                       {"ok", check.ok},
                       {"expected", check.expected},
                       {"found", check.found}});
    }
    checks_ += static_cast<int>(group.checks.size());
    differing_ += differing;
    // With --quiet only what differs.
    if (!options_.json && (differing > 0 || !options_.quiet)) console_.PrintResult(TextOf(group, differing));
  }

  Json JsonOf(bool recomputed) const {
    return {{"schema_version", kSchemaVersion},
            {"verified", verified()},
            {"measured_again", recomputed},
            {"checks", list_}};
  }
  bool verified() const { return differing_ == 0; }

  std::string LastLine(bool recomputed) const {
    if (!verified()) return fmt::format("DIFFERS: {} of {} checks\n", differing_, checks_);
    return fmt::format("VERIFIED: {} checks{}\n", checks_, recomputed ? "" : ", nothing measured again");
  }

 private:
  std::string TextOf(const CheckGroup& group, int differing) {
    std::string text;
    if (group.model != model_) text = group.model.empty() ? "" : report::OneLine(group.model) + "\n";
    model_ = group.model;
    const std::string outcome =
        differing == 0 ? group.summary : fmt::format("{} of {} differ", differing, group.checks.size());
    text += fmt::format("{}{} {:<11} {}\n", group.model.empty() ? "" : "  ", differing == 0 ? "✓" : "✗",
                        group.what, report::OneLine(outcome));
    for (const Check& check : group.checks) {
      if (!check.ok) {
        text += fmt::format("      {}\n", report::OneLine(fmt::format("{}: expected {}, found {}", check.what,
                                                                      check.expected, check.found)));
      } else if (options_.verbose) {
        text += fmt::format("      {}: {}\n", report::OneLine(check.what), report::OneLine(check.expected));
      }
    }
    return text;
  }

  Console& console_;
  const CommonOptions& options_;
  std::string model_;
  Json list_ = Json::array();
  int checks_ = 0;
  int differing_ = 0;
};

std::vector<ModelEntry> MeasuredIn(const RunResult& run) {
  std::vector<ModelEntry> entries;
  for (const ModelResult& model : run.models) {
    if (model.error) continue;
    entries.emplace_back().name = model.model;
    entries.back().display = model.display;
  }
  return entries;
}

int RunVerify(const Arguments& args) {
  const auto recorded = ReadResultFolder(args.folder);
  Console console(args.common, {MeasuredIn(recorded.results)});
  Findings findings(console, args.common);
  experiment::Verify(recorded, {!args.no_recompute, args.common.run_options()}, console,
                     [&](const CheckGroup& group) { findings.Add(group); });
  if (args.common.json)
    console.PrintRaw(report::JsonText(findings.JsonOf(!args.no_recompute)));
  else
    console.PrintResult(findings.LastLine(!args.no_recompute));
  return findings.verified() ? 0 : 1;
}

}  // namespace

void AddVerify(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = program.add_subcommand(
      "verify", "Is a result still what its folder says? Hashes, derived numbers, the measurement again");
  command->add_option("DIR", args->folder, "folder that run or measure wrote")->type_name("DIR")->required();
  command
      ->add_flag("--no-recompute", args->no_recompute,
                 "check files and derived numbers only: no model is measured again")
      ->group(kMeasured);
  AddOutputOptions(*command, args->common);
  AddVerboseOption(*command, args->common, "every check, not only those that differ");
  AddProgressOptions(*command, args->common);
  AddPlanningOptions(*command, args->common);
  AddHubOptions(*command, args->common);
  command->footer("Example: headspec verify results/nano_phi_size_ladder_20260101_120000");
  command->callback([args, &exit_code] { exit_code = RunVerify(*args); });
}

}  // namespace headspec::cli
