// What the tests of this room share: a run built by hand, its files, and other programs.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "headspec/result.h"
#include "temporary_folder.h"

namespace headspec::report {

inline std::string ReadFile(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void PutFile(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

inline std::vector<std::string> NamesIn(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

struct CommandResult {
  int status = -1;
  std::string output;  // both streams
};

inline CommandResult RunCommand(const std::string& command) {
  CommandResult result;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> buffer;
  std::size_t count = 0;
  while ((count = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    result.output.append(buffer.data(), count);
  }
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  return result;
}

// The message of the Error that `action` throws; fails the test if there is none.
template <typename Action>
std::string ErrorOf(const Action& action, ErrorKind kind) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return {};
}

inline SanityResult SampleSanity() {
  SanityResult sanity;
  sanity.ok = true;
  sanity.label = "raw+bf16";
  sanity.reached_step = 8;
  sanity.dtype = "torch.bfloat16";
  sanity.prompt = "What is the capital of France and what is its population?";
  sanity.valid_len = 12;
  sanity.num_layers = 2;
  sanity.num_heads = 2;
  sanity.attn_abs_mean = 0.083333;
  sanity.attn_std = 0.15;
  sanity.entropy_range = {0.25, 0.75};
  sanity.entropy_mean = 0.5;
  sanity.baseline_si = 0.3312;
  sanity.mean_corr = 0.6688;
  return sanity;
}

// All of them there; the numbers mean nothing.
inline IndexStatistics SampleStatistics() {
  return {.seed = 42,
          .null = {NullStatistics{.shuffles = 1000,
                                  .mean = 0.3444,
                                  .deviation = 0.0021,
                                  .z = -1.5,
                                  .p = 0.125,
                                  .least_p = 0.001998001998001998,
                                  .median = 0.3445,
                                  .middle_95 = {0.3401, 0.3489}}},
          .shares = {VarianceStatistics{
              .between = 0.75, .within = 0.25, .total = 1, .depth_share = 0.25, .icc = 0.5}},
          .bootstrap = {BootstrapStatistics{.resamples = 2000,
                                            .undefined = 1,
                                            .standard_error = 0.005,
                                            .bias = -0.001,
                                            .percentile_95 = {0.33, 0.351},
                                            .percentile_90 = {0.331, 0.35},
                                            .bca_95 = Interval{0.3309, 0.3522},
                                            .bca_90 = Interval{0.3312, 0.3511},
                                            .without = {0.34, 0.3424},
                                            .influence = {0.0012, -0.0012}}},
          .equivalence = {EquivalenceStatistics{
              .target = 0.33, .tolerance = 0.05, .interval_90 = {0.3312, 0.3511}, .outcome = "equivalent"}},
          .readings = {.null = "SI 0.341 is what heads shuffled within layers give",
                       .equivalence = "equivalent",
                       .point_rule = "within the tolerance by the point rule"}};
}

inline ModelResult SampleModel(const std::string& display, const std::string& size, double si) {
  ModelResult model;
  model.model = "microsoft/" + display.substr(0, display.find(' '));
  model.display = display;
  model.size = size;
  model.architecture = "MHA";
  model.num_layers = 2;
  model.num_heads = 2;
  model.num_kv_heads = 2;
  model.hidden_size = 8;
  model.d_head = 4;
  model.rho_head = 0.7071067811865475;
  model.rho_kv = 1;
  model.sanity_override = {.use_chat_template = false, .dtype = "torch.bfloat16", .label = "raw+bf16"};
  model.si_mean = si;
  model.si_values = {si, si, si};
  model.corr_mean = 1 - si;
  model.head_entropies = {{0.25, 0.5}, {0.75, 1.0}};
  model.prompt_entropies = {{{0.25, 0.5}, {0.75, 1.0}}, {{0.25, 0.5}, {0.75, 1.0}}};
  model.valid_lengths = {2, 1};
  model.token_ids = {{1, 2}, {3}};
  model.tokens = {{"What", "Ġis"}, {"Write"}};
  model.token_roles = {{"bos", "text"}, {"text"}};
  model.statistics = {.head_correlation = {{1.0, 0.5}, {0.5, 1.0}}, .constant_heads = {}};
  model.numerics.profile = "hf-4.57";
  model.numerics.dtype = "torch.bfloat16";
  model.numerics.cpu_target = "AVX2";
  model.numerics.products = "float32 fused multiply-add";
  model.numerics.max_abs_score = {3.5, 4.25};
  model.provenance = {.folder = "/models/phi",
                      .repository = "",
                      .revision = "",
                      .model_type = "phi",
                      .weights_dtype = "F16",
                      .parameters = 1418270720,
                      .files = {{"model.safetensors", 2836623617, "sha256:" + std::string(64, 'a')}},
                      .conversions = {{"F16", "torch.bfloat16", 341, 2836541440}},
                      .tokenizer_class = "CodeGenTokenizerFast",
                      .chat_template_sha256 = ""};
  model.timing = {
      .load_seconds = 0.5, .forward_seconds = 2.25, .weight_bytes = 2836541440, .reused_from = ""};
  return model;
}

// The notebook's experiment with values of its own; both rules confirm.
inline RunResult SampleRun() {
  RunResult run;
  run.plan.experiment = "E08-Phi-Size-Ladder";
  run.plan.slug = "E08_phi_size_ladder";
  run.plan.purpose = "B11 Size Confound Validation (Phi-1.5, Phi-2)";
  run.plan.protocol.standard = "E11-v3";
  run.plan.protocol.prompts = {.version = "Standard-10 v3",
                               .source = "built-in",
                               .md5 = "715065bab181f46bf12ed471951141e2",
                               .prompts = {"What is it?", "Write a haiku."}};
  run.plan.protocol.seeds = {42, 123, 456};
  run.plan.references = {{"Phi-3-mini (3.8B)", 0.329, 3.8, "MHA"},
                         {"Phi-3-medium (14B)", 0.334, 14.0, "GQA"}};
  run.plan.hypothesis = Hypothesis{.claim = "B11",
                                   .h0 = "Heritage: SI ~ 0.33 regardless of size",
                                   .h1 = "Size: SI varies with model size",
                                   .target_si = 0.33,
                                   .tolerance = 0.05};
  run.timestamp = "20260113_181926";
  run.headspec_version = "0.1.0";
  run.environment = {.program = "headspec 0.1.0",
                     .commit = "",
                     .compiler = "GNU 12.2.0",
                     .build = "Release",
                     .system = "Linux 6.1.0 x86_64",
                     .cpu = "Intel(R) Xeon(R) Processor",
                     .logical_cpus = 2,
                     .threads = 2,
                     .libraries = {{"libzip", "1.7.3"}}};
  run.sanity_override = {.use_chat_template = false, .dtype = "torch.bfloat16", .label = "raw+bf16"};
  run.sanity = SampleSanity();
  run.sanity_attempts = {SampleSanity()};
  run.models = {SampleModel("Phi-1.5 (1.3B)", "1.3B", 0.3412), SampleModel("Phi-2 (2.7B)", "2.7B", 0.3051)};
  const Decision confirmed = {4, 4, "HERITAGE_CONFIRMED", "A-Tier"};
  run.verdict = Verdict{.printed = confirmed,
                        .stored = confirmed,
                        .models_tested = 2,
                        .models_within_target = {true, true},
                        .references_within_target = {true, true}};
  return run;
}

inline ModelResult FailedModel(const std::string& display, const std::string& size,
                               const std::string& error) {
  ModelResult model;
  model.model = "microsoft/" + display;
  model.display = display;
  model.size = size;
  model.error = error;
  return model;
}

// What `headspec measure` hands over: no hypothesis, no references, no sanity check.
inline RunResult MeasureRun() {
  RunResult run = SampleRun();
  run.plan.experiment = "measure";
  run.plan.purpose = "";
  run.plan.hypothesis.reset();
  run.plan.references.clear();
  run.sanity_override = {};
  run.sanity.reset();
  run.sanity_attempts.clear();
  run.verdict.reset();
  return run;
}

}  // namespace headspec::report
