#include "cli/options.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <system_error>

#include "cli/choices.h"
#include "cli/style.h"
#include "core/error.h"
#include "experiment/precision.h"
#include "headspec/plans.h"

namespace headspec::cli {
namespace {

constexpr int kMost = 1 << 20;

ColorMode ColorModeOf(const std::string& word) {
  if (word == "auto") return ColorMode::kAuto;
  return word == "always" ? ColorMode::kAlways : ColorMode::kNever;
}

constexpr double kNarrowest = 40, kWidest = 400;  // millimetres

std::optional<double> Millimetres(const std::string& text) {
  if (text == "single") return report::kSingleColumn.mm;
  if (text == "double") return report::kDoubleColumn.mm;
  double mm = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mm);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  return is_number && mm >= kNarrowest && mm <= kWidest ? std::optional(mm) : std::nullopt;
}

std::string IsWidth(const std::string& text) {
  return Millimetres(text) ? "" : "found " + text + ", expected single, double or 40 to 400 millimetres";
}

}  // namespace

void AddJsonOption(CLI::App& command, CommonOptions& options) {
  command.add_flag("--json", options.json, "machine-readable JSON on stdout, everything else on stderr")
      ->group(kTalk);
}

void AddQuietOption(CLI::App& command, CommonOptions& options) {
  command.add_flag("-q,--quiet", options.quiet, "print only results and errors")->group(kTalk);
}

void AddOutputOptions(CLI::App& command, CommonOptions& options) {
  AddJsonOption(command, options);
  AddQuietOption(command, options);
  AddColorOption(command);
}

void AddVerboseOption(CLI::App& command, CommonOptions& options, const std::string& what) {
  command.add_flag("-v,--verbose", options.verbose, what)->group(kTalk);
}

void AddColorOption(CLI::App& command) {
  CLI::Option* option = command.add_option_function<std::string>(
      "--color", [](const std::string& word) { UseColor(ColorModeOf(word)); },
      "colours: on a terminal, always or never (NO_COLOR, CLICOLOR_FORCE and TERM=dumb are respected)");
  TakesOneOf(option, {"auto", "always", "never"})->default_str("auto")->group(kTalk);
}

void AddOutOption(CLI::App& command, std::string& out, const std::string& usual) {
  command.add_option("--out", out, "folder to write (default " + usual + ")")
      ->type_name("DIR")
      ->group(kWritten);
}

void AddProgressOptions(CLI::App& command, CommonOptions& options) {
  command.add_flag("--no-progress", options.no_progress, "no progress bars (they show on a terminal only)")
      ->group(kTalk);
}

void AddPlanningOptions(CLI::App& command, CommonOptions& options) {
  TakesNumber(command.add_option("--threads", options.threads, "threads to use; 0: all"), 0, 1024, "N")
      ->capture_default_str()
      ->group(kMachine);
  TakesNumber(command.add_option("--activation-memory", options.activation_mb,
                                 "megabytes for activations; more prompts are processed in chunks"),
              1, kMost, "MB")
      ->capture_default_str()
      ->group(kMachine);
}

void AddPassOptions(CLI::App& command, CommonOptions& options) {
  AddPlanningOptions(command, options);
  command.add_flag("--low-memory", options.low_memory, "drop every used layer from the file cache")
      ->group(kMachine);
  command
      .add_flag("--fast-bf16", options.fast_bf16,
                "use the processor's bf16 unit; results then differ in the last digits between processors")
      ->group(kMachine);
  command
      .add_option("--cpu", options.cpu_target,
                  "instruction set to use at most, e.g. AVX2, to see how another machine would do")
      ->type_name("SET")
      ->group(kMachine);
  command
      .add_flag("--fresh", options.fresh,
                "measure again what an earlier run measured with the same weights, tokens and arithmetic")
      ->group(kMachine);
}

void AddHubOptions(CLI::App& command, CommonOptions& options) {
  command.add_flag("--offline", options.offline, "use what the cache has and never ask the hub")->group(kHub);
  command
      .add_option("--cache-dir", options.cache_folder,
                  "cache of the hub's models (default: HF_HUB_CACHE, HF_HOME/hub, ~/.cache/huggingface/hub)")
      ->type_name("DIR")
      ->group(kHub);
}

void AddRevisionOption(CLI::App& command, std::string& revision, const std::string& what) {
  command.add_option("--revision", revision, what)->type_name("REVISION")->capture_default_str()->group(kHub);
}

void AddMeasuringOptions(CLI::App& command, CommonOptions& options) {
  AddOutputOptions(command, options);
  AddVerboseOption(command, options,
                   "more of every model: what is loaded, its check, architecture and settings");
  AddProgressOptions(command, options);
  AddPassOptions(command, options);
  AddHubOptions(command, options);
  command
      .add_flag("--strict", options.strict,
                "refuse a ladder that mixes models with and without BOS or chat template")
      ->group(kMeasured);
}

void AddPrecisionOptions(CLI::App& command, ProtocolOptions& options) {
  TakesOneOf(command.add_option("--dtype", options.dtype,
                                "precision; auto: the first of bfloat16, float16, float32 that passes the "
                                "sanity check"),
             {"auto", "bfloat16", "float16", "float32"})
      ->capture_default_str()
      ->group(kMeasured);
  TakesOneOf(
      command.add_option("--numerics", options.numerics,
                         "whose rounding points: transformers 4.57, 4.47 (queries and keys in float32), or "
                         "float32 everywhere"),
      {"hf-4.57", "hf-4.47", "exact"})
      ->capture_default_str()
      ->group(kMeasured);
}

void AddPromptOptions(CLI::App& command, ProtocolOptions& options) {
  command
      .add_option("--prompts", options.prompts,
                  "standard-10-v3, or a file: JSON list of strings, or one prompt a line")
      ->type_name("standard-10-v3|FILE")
      ->capture_default_str()
      ->group(kMeasured);
  TakesNumber(command.add_option("--max-length", options.max_length, "tokens kept of each prompt"), 1, kMost,
              "N")
      ->capture_default_str()
      ->group(kMeasured);
  command
      .add_flag("--chat-template,!--no-chat-template", options.chat_template,
                "wrap prompts in the model's chat template, or not")
      ->group(kMeasured);
  AddRevisionOption(command, options.revision, "branch, tag, commit or refs/pr/N of models from the hub");
}

void AddMetricsOption(CLI::App& command, std::string& metrics) {
  TakesOneOf(
      command.add_option(
          "--metrics", metrics,
          "of each head: received (the entropy of the index alone), prompts (also what else it does on "
          "the prompts), all (also induction, on one more prompt of 50 random tokens: a longer pass)"),
      {"received", "prompts", "all"})
      ->capture_default_str()
      ->group(kMeasured);
}

HeadMetricSet MetricsOf(const std::string& metrics) {
  if (metrics == "received") return HeadMetricSet::kNone;
  return metrics == "all" ? HeadMetricSet::kAll : HeadMetricSet::kPrompts;
}

void AddPaddingOptions(CLI::App& command, ProtocolOptions& options) {
  TakesOneOf(command.add_option("--padding", options.padding,
                                "max-length fills prompts up and leaves the padding in the metric, as some "
                                "published files were measured"),
             {"none", "max-length"})
      ->capture_default_str()
      ->group(kMeasured);
  TakesOneOf(
      command.add_option("--padding-side", options.padding_side, "where it goes (default: the tokenizer's)"),
      {"left", "right"})
      ->group(kMeasured);
}

void AddRerunSeedsOption(CLI::App& command, bool& rerun_seeds) {
  command.add_flag("--rerun-seeds", rerun_seeds, "really repeat the pass for every seed")->group(kMeasured);
}

void AddAttentionOptions(CLI::App& command, AttentionOptions& options) {
  command
      .add_flag("--keep-attention", options.keep,
                "also write the attention of every prompt, layer and head, a byte for each weight, to "
                "attention.npz; its size is said before anything is measured")
      ->group(kWritten);
  TakesNumber(
      command.add_option("--attention-limit", options.limit_mb,
                         "megabytes of attention that are kept at most; more is refused (default 64)"),
      1, kMost, "MB")
      ->group(kWritten);
}

void Apply(const AttentionOptions& options, Protocol& protocol) {
  protocol.keep_attention = protocol.keep_attention || options.keep;
  if (!options.limit_mb) return;
  if (!protocol.keep_attention)
    throw Error(ErrorKind::kInput, "--attention-limit: no attention is kept",
                "add --keep-attention, or leave it out");
  protocol.attention_limit = static_cast<std::uint64_t>(*options.limit_mb) * 1'000'000;
}

void AddSeedOptions(CLI::App& command, ProtocolOptions& options) {
  using Limits = std::numeric_limits<std::int64_t>;
  TakesNumber(command.add_option("--seed", options.seeds,
                                 "a seed to record, may be repeated (default 42 123 456); the pass has no "
                                 "randomness"),
              Limits::min(), Limits::max(), "N")
      ->allow_extra_args(false)  // or it would take the model too
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kMeasured);
  AddRerunSeedsOption(command, options.rerun_seeds);
}

void AddFigureOptions(CLI::App& command, FigureOptions& options) {
  command
      .add_option(
          "--figure-width", options.width,
          "also draw figures for a paper, into figures/: single (89 mm), double (183 mm), or 40 to 400 "
          "millimetres")
      ->check(CLI::Validator(IsWidth, ""))
      ->type_name("single|double|MM")
      ->group(kWritten);
  TakesOneOf(
      command
          .add_option("--figure-metrics", options.metrics,
                      "head maps of these metrics too, separated by commas: names in heads.csv, such as "
                      "sink_mass or induction")
          ->delimiter(','),
      {"query_entropy", "received_entropy_without_first", "sink_mass", "previous_token", "duplicate_token",
       "mean_distance", "local_mass", "max_weight", "effective_support", "induction"})
      ->type_name("METRICS")
      ->group(kWritten);
}

std::optional<report::PaperRequest> PaperRequestOf(const FigureOptions& options) {
  if (options.width.empty() && !options.metrics.empty()) {
    throw Error(ErrorKind::kInput, "--figure-metrics: without --figure-width nothing is drawn",
                "add --figure-width single");
  }
  const auto mm = Millimetres(options.width);
  return mm ? std::optional(report::PaperRequest{{*mm}, options.metrics}) : std::nullopt;
}

void RequireMeasured(const std::optional<report::PaperRequest>& figures, HeadMetricSet measured) {
  if (!figures) return;
  for (const std::string& metric : figures->metrics) {
    const bool is_induction = metric == "induction";
    if (measured == HeadMetricSet::kAll || (measured == HeadMetricSet::kPrompts && !is_induction)) continue;
    throw Error(ErrorKind::kInput, fmt::format("--figure-metrics {}: it would not be measured", metric),
                is_induction ? "add --metrics all" : "add --metrics prompts");
  }
}

void AddModelArgument(CLI::App& command, ModelArguments& arguments) {
  command.add_option("MODEL", arguments.model, "folder, or org/name[@revision] on the Hugging Face hub")
      ->type_name("MODEL")
      ->required();
}

Protocol BuildProtocol(const ProtocolOptions& options) {
  Protocol protocol = DefaultProtocol();
  protocol.prompts = LoadPrompts(options.prompts);
  protocol.max_length = options.max_length;
  protocol.padding.to_max_length = options.padding == "max-length";
  if (!options.padding_side.empty())
    protocol.padding.side = options.padding_side == "left" ? PaddingSide::kLeft : PaddingSide::kRight;
  if (!options.seeds.empty()) protocol.seeds = options.seeds;
  protocol.rerun_seeds = options.rerun_seeds;
  protocol.metrics = MetricsOf(options.metrics);
  if (options.dtype != "auto") {
    protocol.variants = {MakeVariant(ParsePrecision(options.dtype, "--dtype"), options.chat_template)};
  } else {
    for (SanityVariant& variant : protocol.variants)
      variant = MakeVariant(variant.precision, options.chat_template);
  }
  UseProfile(ParseProfile(options.numerics, "--numerics"), "--numerics", protocol);
  return protocol;
}

ModelEntry EntryOf(const std::string& model, const ProtocolOptions& options) {
  ModelEntry entry = headspec::EntryOf(model, options.revision);
  entry.use_chat_template = options.chat_template;
  return entry;
}

}  // namespace headspec::cli
