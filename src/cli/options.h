// Options that several commands share: one definition each, so that their words and defaults agree.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "headspec/plan.h"
#include "headspec/run.h"
#include "report/paper_figures.h"

namespace headspec::cli {

// How a command talks and what it may use. Each command adds the options that do something in it.
struct CommonOptions {
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool no_progress = false;
  int threads = 0;
  std::uint64_t activation_mb = 1024;
  bool low_memory = false;
  bool fast_bf16 = false;
  std::string cpu_target;
  bool offline = false;
  std::string cache_folder;
  bool fresh = false;
  bool strict = false;

  RunOptions run_options() const {
    return {.threads = threads,
            .activation_budget = activation_mb * 1'000'000,
            .fast_bf16 = fast_bf16,
            .cpu_target = cpu_target,
            .low_memory = low_memory,
            .hub = {.offline = offline, .cache_folder = cache_folder},
            .fresh = fresh,
            .strict = strict};
  }
};
// The headings that options stand under in help and manual.
inline constexpr const char* kMeasured = "What is measured";
inline constexpr const char* kWritten = "What is written";
inline constexpr const char* kMachine = "Machine and memory";
inline constexpr const char* kHub = "Models of the hub";
inline constexpr const char* kTalk = "What is printed";

void AddQuietOption(CLI::App& command, CommonOptions& options);      // -q
void AddJsonOption(CLI::App& command, CommonOptions& options);       // --json
void AddColorOption(CLI::App& command);                              // --color
void AddOutputOptions(CLI::App& command, CommonOptions& options);    // those
void AddProgressOptions(CLI::App& command, CommonOptions& options);  // --no-progress
// -v, for a command that has `what` to add.
void AddVerboseOption(CLI::App& command, CommonOptions& options, const std::string& what);
// --out; `usual` is the folder without it.
void AddOutOption(CLI::App& command, std::string& out, const std::string& usual);
void AddPlanningOptions(CLI::App& command, CommonOptions& options);  // --threads, --activation-memory
// Those, --low-memory, --fast-bf16, --cpu, --fresh.
void AddPassOptions(CLI::App& command, CommonOptions& options);
void AddHubOptions(CLI::App& command, CommonOptions& options);  // --offline, --cache-dir
void AddRevisionOption(CLI::App& command, std::string& revision, const std::string& what);  // --revision
void AddMeasuringOptions(CLI::App& command, CommonOptions& options);  // all but --revision, -v and --strict

// What is measured and how.
struct ProtocolOptions {
  std::string dtype = "auto";
  std::string numerics = "hf-4.57";
  std::string prompts = "standard-10-v3";
  int max_length = 128;
  std::string padding = "none";
  std::string padding_side;  // empty: the tokenizer's
  bool chat_template = false;
  std::string revision = "main";
  std::vector<std::int64_t> seeds;
  bool rerun_seeds = false;
  std::string metrics = "prompts";
};
void AddPrecisionOptions(CLI::App& command, ProtocolOptions& options);  // --dtype, --numerics
// --prompts, --max-length, --chat-template, --revision
void AddPromptOptions(CLI::App& command, ProtocolOptions& options);
void AddMetricsOption(CLI::App& command, std::string& metrics);  // --metrics
HeadMetricSet MetricsOf(const std::string& metrics);
void AddPaddingOptions(CLI::App& command, ProtocolOptions& options);  // --padding, --padding-side
void AddRerunSeedsOption(CLI::App& command, bool& rerun_seeds);       // --rerun-seeds
// Keeping attention. What is not given is left to the protocol that there is, a manifest's.
struct AttentionOptions {
  bool keep = false;
  std::optional<int> limit_mb;
};
void AddAttentionOptions(CLI::App& command,
                         AttentionOptions& options);  // --keep-attention, --attention-limit
// Throws Error(kInput) on a limit for nothing.
void Apply(const AttentionOptions& options, Protocol& protocol);

void AddSeedOptions(CLI::App& command, ProtocolOptions& options);  // --seed and --rerun-seeds

// Figures for papers, in figures/ of the output folder.
struct FigureOptions {
  std::string width;  // empty: none
  std::vector<std::string> metrics;
};
void AddFigureOptions(CLI::App& command, FigureOptions& options);  // --figure-width, --figure-metrics
// None if they were not asked for. Throws Error(kInput) for --figure-metrics without --figure-width.
std::optional<report::PaperRequest> PaperRequestOf(const FigureOptions& options);
// Before hours of work: throws Error(kInput) if a figure needs what `measured` leaves out.
void RequireMeasured(const std::optional<report::PaperRequest>& figures, HeadMetricSet measured);

// What a command about one model takes.
struct ModelArguments {
  std::string model;
  ProtocolOptions protocol;
  CommonOptions common;
};
void AddModelArgument(CLI::App& command, ModelArguments& arguments);

// The protocol that the options describe. Throws Error.
Protocol BuildProtocol(const ProtocolOptions& options);
ModelEntry EntryOf(const std::string& model, const ProtocolOptions& options);

}  // namespace headspec::cli
