#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/console.h"
#include "cli/options.h"
#include "experiment/inspection.h"
#include "report/json_text.h"

namespace headspec::cli {
namespace {

constexpr int kSchemaVersion = 1;  // of docs/inspect.schema.json

struct Unit {
  double size;
  std::string_view name;
};
using Units = std::initializer_list<Unit>;  // largest first

// In the largest unit of which there is at least one, else in the smallest: "1.42 B", "0.55 M".
std::string Scaled(double value, Units units) {
  const Unit* unit = std::find_if(units.begin(), units.end() - 1,
                                  [value](const Unit& candidate) { return value >= candidate.size; });
  const double number = value / unit->size;
  const int decimals = number < 0.0995 ? 3 : number < 9.995 ? 2 : number < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", number, decimals, unit->name);
}

std::string Bytes(std::uint64_t bytes) {
  return Scaled(static_cast<double>(bytes), {{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}});
}

std::string Parameters(std::uint64_t count) {
  return Scaled(static_cast<double>(count), {{1e9, "B"}, {1e6, "M"}});
}

std::string Operations(double count) {
  return Scaled(count, {{1e12, "TFLOP"}, {1e9, "GFLOP"}, {1e6, "MFLOP"}});
}

std::string Seconds(double seconds) { return Scaled(seconds, {{1, "s"}, {1e-3, "ms"}}); }

nlohmann::ordered_json JsonOf(const experiment::Inspection& in) {
  const ModelResult& a = in.architecture;
  return {{"schema_version", kSchemaVersion},
          {"model", a.model},
          {"folder", a.provenance.folder},
          {"revision", a.provenance.revision},
          {"model_type", a.provenance.model_type},
          {"architecture", a.architecture},
          {"num_layers", a.num_layers},
          {"num_heads", a.num_heads},
          {"num_kv_heads", a.num_kv_heads},
          {"hidden_size", a.hidden_size},
          {"d_head", a.d_head},
          {"rho_head", a.rho_head},
          {"rho_kv", a.rho_kv},
          {"parameters", a.provenance.parameters},
          {"weights_dtype", a.provenance.weights_dtype},
          {"tokenizer_class", in.tokenizer_class},
          {"adds_bos", in.adds_bos},
          {"has_chat_template", in.has_chat_template},
          {"chat_template_applied", in.prompts.chat_template_applied},
          {"plan",
           {{"tokens", in.pass.tokens},
            {"floating_point_operations", in.pass.operations},
            {"weight_bytes", in.pass.weight_bytes},
            {"activation_bytes", in.pass.activation_bytes},
            {"chunks", in.pass.chunks},
            {"largest_layer_bytes", in.pass.largest_layer_bytes},
            {"estimated_seconds", in.pass.operations / in.operations_per_second}}},
          {"token_ids", in.prompts.ids},
          {"tokens", in.prompts.tokens},
          {"token_roles", in.prompts.roles},
          {"warnings", in.prompts.warnings}};
}

// "{bos <s>} {template [ INST ]} What is {template [ / INST ]}": what is not the prompt's is marked.
std::string Marked(const std::vector<std::string>& tokens, const std::vector<std::string>& roles) {
  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool is_marked = roles[i] != "text";
    if (is_marked && (i == 0 || roles[i - 1] != roles[i])) text += " {" + roles[i];
    text += " " + tokens[i];
    if (is_marked && (i + 1 == tokens.size() || roles[i + 1] != roles[i])) text += "}";
  }
  return text;
}

std::string TextOf(const experiment::Inspection& in) {
  const ModelResult& a = in.architecture;
  std::string text = fmt::format(
      "{}  ({}{})\n"
      "  architecture  {}: {} layers, {} heads, {} key-value heads, hidden {}, d_head {}\n"
      "  ratios        rho_head {:.4f}, rho_kv {:.4f}\n"
      "  weights       {} parameters, stored as {}, {} read once per pass\n"
      "  memory        {} for activations, {} of file pages in use per layer; prompts in {} chunk{}\n"
      "  time          about {} for {} tokens ({} at {:.0f} GFLOP/s measured here), if the "
      "file is cached\n"
      "  tokenizer     {}; {}; {}\n",
      a.model, a.provenance.model_type, a.model == a.provenance.folder ? "" : " in " + a.provenance.folder,
      a.architecture, a.num_layers, a.num_heads, a.num_kv_heads, a.hidden_size, a.d_head, a.rho_head,
      a.rho_kv, Parameters(a.provenance.parameters), a.provenance.weights_dtype, Bytes(in.pass.weight_bytes),
      Bytes(in.pass.activation_bytes), Bytes(in.pass.largest_layer_bytes), in.pass.chunks,
      in.pass.chunks == 1 ? "" : "s", Seconds(in.pass.operations / in.operations_per_second), in.pass.tokens,
      Operations(in.pass.operations), in.operations_per_second / 1e9, in.tokenizer_class,
      in.adds_bos ? "puts BOS in front" : "adds no BOS: the attention sink falls on the first word",
      !in.has_chat_template              ? "no chat template"
      : in.prompts.chat_template_applied ? "chat template applied"
                                         : "has a chat template, not applied");
  for (std::size_t p = 0; p < in.prompts.tokens.size(); ++p) {
    text += fmt::format("  prompt {:<2} {:>4} tokens ", p + 1, in.prompts.tokens[p].size());
    text += Marked(in.prompts.tokens[p], in.prompts.roles[p]) + "\n";
  }
  for (const std::string& warning : in.prompts.warnings) text += "  warning: " + warning + "\n";
  return text;
}

int RunInspect(const ModelArguments& args) {
  Console console(args.common);
  const auto inspection =
      experiment::Inspect(EntryOf(args.model, args.protocol), BuildProtocol(args.protocol),
                          args.protocol.chat_template, args.common.run_options(), console);
  if (args.common.json)
    console.PrintRaw(report::JsonText(JsonOf(inspection)));
  else
    console.PrintResult(TextOf(inspection));
  return 0;
}

}  // namespace

void AddInspect(CLI::App& program, int& exit_code) {
  auto args = std::make_shared<ModelArguments>();
  CLI::App* command =
      program.add_subcommand("inspect", "Architecture, cost and tokens of a model, without measuring it");
  AddModelArgument(*command, *args);
  AddPromptOptions(*command, args->protocol);
  AddOutputOptions(*command, args->common);
  AddPlanningOptions(*command, args->common);
  AddHubOptions(*command, args->common);
  AddProgressOptions(*command, args->common);
  command->footer("Example: headspec inspect ~/models/phi-2 --json");
  command->callback([args, &exit_code] { exit_code = RunInspect(*args); });
}

}  // namespace headspec::cli
