#include "report/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "report/index_words.h"
#include "report/ladder.h"
#include "report/text.h"

namespace headspec::report {
namespace {

using Row = std::vector<std::string>;

constexpr std::string_view kPass = "✓";
constexpr std::string_view kFail = "✗";
constexpr std::string_view kCaution = "⚠";
constexpr std::string_view kNotFinite = "⚠ not finite";
constexpr std::size_t kErrorWidth = 60;

class AlignedTable {
 public:
  explicit AlignedTable(Row header) { Add(std::move(header)); }

  void Add(Row row) {
    widths_.resize(std::max(widths_.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], DisplayWidth(row[i]));
    lines_.push_back({.row = std::move(row), .text = {}});
  }
  // A line across all columns; an empty text is a rule.
  void AddAcross(std::string text) { lines_.push_back({.row = {}, .text = std::move(text)}); }
  // Cells that start a line; the last of them may be wider than its column.
  void AddLoose(Row row, std::string last) {
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], DisplayWidth(row[i]));
    lines_.push_back({.row = std::move(row), .text = std::move(last)});
  }

  std::string Text() const {
    std::size_t total = 0;
    for (const std::size_t width : widths_) total += width + 2;
    std::string text;
    for (const Line& line : lines_) {
      std::string row = line.row.empty() && line.text.empty() ? std::string(total - 2, '-') : Join(line.row);
      row += line.text;
      row.erase(row.find_last_not_of(' ') + 1);
      text += row + '\n';
    }
    return text;
  }

 private:
  struct Line {
    Row row;
    std::string text;
  };

  std::string Join(const Row& row) const {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) text += PadRight(row[i], widths_[i] + 2);
    return text;
  }

  std::vector<std::size_t> widths_;
  std::vector<Line> lines_;
};

std::string TemplateWords(bool use_chat_template) {
  return use_chat_template ? "chat template" : "no chat template";
}

struct Step {
  std::string_view name;
  std::string result;
};

std::string Quote(const std::string& prompt) {
  constexpr std::size_t kShown = 50;
  return fmt::format("'{}'", Truncate(OneLine(prompt), kShown));
}

std::vector<Step> SanitySteps(const SanityResult& s) {
  return {{"load", s.dtype},
          {"prompt", fmt::format("{}, {}", Quote(s.prompt), TemplateWords(s.use_chat_template))},
          {"tokens", fmt::format("{}, no padding", s.valid_len)},
          {"forward pass", "attention of every layer"},
          {"layer 0", fmt::format("{} layers, {} heads; |attention| mean {:.6f}, std {:.6f}, finite",
                                  s.num_layers, s.num_heads, s.attn_abs_mean, s.attn_std)},
          {"heads 0 and 1", s.heads_identical ? "identical within 1e-4: the index may be 0" : "different"},
          {"entropy", fmt::format("{:.4f} to {:.4f}, mean {:.4f}", s.entropy_range[0], s.entropy_range[1],
                                  s.entropy_mean)},
          {"baseline SI", fmt::format("{:.4f}, mean head correlation {:.4f}", s.baseline_si, s.mean_corr)}};
}

// What is wrong at the step that failed, in words; the notebook's reason follows in the last line.
std::string FailureWords(const SanityResult& s, double min_si) {
  if (s.reason == "valid_len_too_small") return fmt::format("{}, more than 5 are needed", s.valid_len);
  if (s.reason == "nan_inf" || s.reason == "degenerate_attn") {
    return fmt::format("{} layers, {} heads; {}", s.num_layers, s.num_heads,
                       s.reason == "nan_inf" ? "attention holds NaN or infinity" : "attention is all zero");
  }
  if (s.reason == "baseline_si_below_threshold")
    return fmt::format("{:.4f}, at least {} is needed", s.baseline_si, PythonFloat(min_si));
  return OneLine(s.reason);
}

std::string SanityOutcome(const SanityResult& s) {
  if (s.ok) return fmt::format("  {} SANITY PASS: {} (SI={:.4f})\n", kPass, s.label, s.baseline_si);
  const std::string si = s.reached_step >= 8 ? fmt::format("{:.4f}", s.baseline_si) : "n/a";
  const std::string reason = s.reason.empty() ? "unknown" : OneLine(s.reason);
  return fmt::format("  {} SANITY FAIL: {} (reason={}, SI={})\n", kFail, s.label, reason, si);
}

std::string Field(std::string_view name, std::string_view value) {
  constexpr std::size_t kNameWidth = 14;
  return fmt::format("  {}{}\n", PadRight(name, kNameWidth), value);
}

// `within` is null in a table without verdict.
Row TableRow(Row front, std::optional<bool> within, const std::string& arch) {
  if (within) front.push_back(*within ? fmt::format("{} YES", kPass) : fmt::format("{} NO", kFail));
  front.push_back(OneLine(arch));
  return front;
}

bool IsNotFinite(const ModelResult& model) {
  return !model.error && (model.numerics.non_finite.count > 0 || std::isnan(model.si_mean));
}

// "2026-01-13 18:19:26" of "20260113_181926".
std::string ReadableTime(const std::string& stamp) {
  if (stamp.size() != 15) return OneLine(stamp);
  const auto part = [&stamp](std::size_t at, std::size_t size) { return stamp.substr(at, size); };
  return fmt::format("{}-{}-{} {}:{}:{}", part(0, 4), part(4, 2), part(6, 2), part(9, 2), part(11, 2),
                     part(13, 2));
}

bool HasInterval(const ModelResult& model) {
  return !model.error && !std::isnan(model.si_mean) && model.statistics.index.bootstrap.value.has_value();
}

// What the rows do not say by themselves.
std::vector<std::string> TableNotes(const RunResult& run) {
  std::vector<std::string> notes;
  if (std::any_of(run.models.begin(), run.models.end(), IsNotFinite))
    notes.push_back(fmt::format("{}: see the model's warning; the index is not to be trusted", kNotFinite));
  if (std::any_of(run.models.begin(), run.models.end(), HasInterval))
    notes.push_back(
        "in parentheses: 95 % interval over prompts; seeds move nothing, one pass serves them all");
  for (const std::string& warning : run.warnings)
    notes.push_back(fmt::format("{} {}", kCaution, OneLine(warning)));
  return notes;
}

// Why the two rules of the notebook part: they ask for different numbers of models.
std::string DifferenceLine(const Verdict& verdict, const Hypothesis& hypothesis) {
  return fmt::format(
      "    results.json stores {}, not {}: its rule asks for {} models, the printed one for {}, and there "
      "are {}\n",
      verdict.stored.conclusion, verdict.printed.conclusion, hypothesis.min_models_stored,
      hypothesis.min_models_printed, verdict.printed.valid);
}

// A manifest need not name its claim.
std::string Claimed(const Hypothesis& hypothesis, const std::string& heading) {
  return hypothesis.claim.empty() ? heading : OneLine(hypothesis.claim) + ' ' + heading;
}

std::string DecisionLines(const Decision& decision, const Plan& plan) {
  const Hypothesis& hypothesis = *plan.hypothesis;
  const std::string claim = hypothesis.claim.empty() ? "The claim" : OneLine(hypothesis.claim);
  const LadderTitles titles = TitlesOf(plan);
  if (decision.conclusion == "HERITAGE_CONFIRMED") {
    return fmt::format(
        ">>> {} HERITAGE HYPOTHESIS CONFIRMED <<<\n"
        "    All {} {} have SI ~ {}\n"
        "    Size does NOT affect SI in {}\n"
        "    {} -> A-Tier RECOMMENDED\n",
        kPass, decision.valid, titles.models, PythonFloat(hypothesis.target_si), titles.family, claim);
  }
  if (decision.conclusion == "SIZE_CONFOUND_DETECTED") {
    return fmt::format(
        ">>> {} SIZE CONFOUND DETECTED <<<\n"
        "    {}/{} models outside target SI\n"
        "    Size IS a factor in SI variation\n"
        "    {} stays B-Tier\n",
        kFail, decision.valid - decision.supporting, decision.valid, claim);
  }
  return fmt::format(">>> {} INCONCLUSIVE <<<\n    Not enough data points\n", kCaution);
}

}  // namespace

std::string SanityBlock(const SanityResult& sanity, std::string_view model, double min_si) {
  constexpr std::size_t kNameWidth = 15;
  std::string text = fmt::format("SANITY CHECK ({}): {}\n", sanity.label, OneLine(model));
  const std::vector<Step> steps = SanitySteps(sanity);
  for (int i = 1; i <= sanity.reached_step && i <= static_cast<int>(steps.size()); ++i) {
    const Step& step = steps[static_cast<std::size_t>(i - 1)];
    const bool failed = !sanity.ok && i == sanity.reached_step;
    const bool doubtful = i == 6 && sanity.heads_identical;
    text += fmt::format("  {}  {}{} {}\n", i, PadRight(step.name, kNameWidth),
                        failed     ? kFail
                        : doubtful ? kCaution
                                   : kPass,
                        failed ? FailureWords(sanity, min_si) : step.result);
  }
  text += SanityOutcome(sanity);
  for (const std::string& warning : sanity.warnings) text += Field("Warning", OneLine(warning));
  return text;
}

std::string ModelLines(const ModelResult& model) {
  std::string text = OneLine(model.display);
  if (model.model != model.display) text += "  " + OneLine(model.model);
  text += '\n';
  if (model.error) return text + Field("Error", OneLine(*model.error));
  text += Field("Architecture", fmt::format("{}, {} layers, {} heads, {} key-value heads, d_head {}",
                                            OneLine(model.architecture), model.num_layers, model.num_heads,
                                            model.num_kv_heads, model.d_head));
  text += Field("rho", fmt::format("head {:.4f}, kv {:.4f}", model.rho_head, model.rho_kv));
  std::string settings = model.sanity_override.dtype.value_or(model.numerics.dtype);
  if (model.sanity_override.use_chat_template) {
    settings += ", " + TemplateWords(*model.sanity_override.use_chat_template);
  }
  if (model.sanity_override.label) settings += fmt::format(" ({})", *model.sanity_override.label);
  text += Field("Settings", settings);
  const bool defined = !std::isnan(model.si_mean);
  text += Field("SI", IndexSentence(model));
  text += Field("Correlation", defined ? fmt::format("{:.4f}", model.corr_mean) : "undefined");
  const std::string& reading = model.statistics.index.readings.null;
  if (!reading.empty()) text += Field("Reading", OneLine(reading));
  if (!model.timing.reused_from.empty()) {
    text += Field("Reused",
                  fmt::format("measured {}; --fresh measures again", ReadableTime(model.timing.reused_from)));
  }
  for (const std::string& warning : model.warnings) text += Field("Warning", OneLine(warning));
  return text;
}

std::string ModelLine(const ModelResult& model, std::size_t name_width) {
  constexpr std::size_t kIndexWidth = 26;
  constexpr std::size_t kHeadsWidth = 18;
  const std::string heads =
      fmt::format("{}, {} x {} heads", OneLine(model.architecture), model.num_layers, model.num_heads);
  const std::string seconds =
      model.timing.reused_from.empty()
          ? fmt::format("{:.1f} s", model.timing.load_seconds + model.timing.forward_seconds)
          : "reused";
  std::string text =
      fmt::format("{}  SI {}  {}  {:>6}\n", PadRight(OneLine(model.display), name_width),
                  PadRight(IndexCell(model), kIndexWidth), PadRight(heads, kHeadsWidth), seconds);
  for (const std::string& warning : model.warnings)
    text += fmt::format("  {} {}\n", kCaution, OneLine(warning));
  return text;
}

std::string HypothesisBlock(const Plan& plan) {
  if (!plan.hypothesis) return {};
  const Hypothesis& hypothesis = *plan.hypothesis;
  return Claimed(hypothesis, "SIZE CONFOUND HYPOTHESIS TEST\n") + Field("H0", OneLine(hypothesis.h0)) +
         Field("H1", OneLine(hypothesis.h1)) +
         Field("Target SI", fmt::format("{} +/- {}", PythonFloat(hypothesis.target_si),
                                        PythonFloat(hypothesis.tolerance)));
}

std::string LadderTable(const RunResult& run) {
  const Plan& plan = run.plan;
  Row header = {"Model", "Size", "SI"};
  if (run.verdict) header.push_back("Within target?");
  header.push_back("Arch");
  AlignedTable table(std::move(header));
  table.AddAcross("");
  for (std::size_t i = 0; i < run.models.size(); ++i) {
    const ModelResult& model = run.models[i];
    Row front = {OneLine(model.display), OneLine(model.size)};
    if (model.error) {
      table.AddLoose(std::move(front), "ERROR: " + Truncate(OneLine(*model.error), kErrorWidth));
      continue;
    }
    front.push_back(IndexCell(model));
    std::optional<bool> within;
    if (run.verdict) within = run.verdict->models_within_target.at(i);
    Row row = TableRow(std::move(front), within, model.architecture);
    table.AddLoose(std::move(row), std::string(IsNotFinite(model) ? kNotFinite : ""));
  }
  if (!plan.references.empty()) {
    table.AddAcross("");
    table.AddAcross("Reference:");
  }
  for (std::size_t i = 0; i < plan.references.size(); ++i) {
    const Reference& reference = plan.references[i];
    Row front = {OneLine(reference.name), ModelSizeLabel(reference.size_b),
                 fmt::format("{:.4f}", reference.si)};
    std::optional<bool> within;
    if (run.verdict) within = run.verdict->references_within_target.at(i);
    table.Add(TableRow(std::move(front), within, reference.arch));
  }
  const std::vector<std::string> notes = TableNotes(run);
  if (!notes.empty()) table.AddAcross("");
  for (const std::string& note : notes) table.AddAcross(note);
  return TitlesOf(plan).table + '\n' + table.Text();
}

std::string VerdictBlock(const RunResult& run) {
  if (!run.verdict || !run.plan.hypothesis) return {};
  const Decision& printed = run.verdict->printed;
  std::string text = "VERDICT\n";
  text += fmt::format("Models within target: {}/{}\n", printed.supporting, printed.valid);
  text += DecisionLines(printed, run.plan);
  if (printed.conclusion != run.verdict->stored.conclusion) {
    text += DifferenceLine(*run.verdict, *run.plan.hypothesis);
  }
  return text;
}

std::string FinalVerdict(const RunResult& run) {
  if (!run.verdict || !run.plan.hypothesis) return {};
  const Decision& stored = run.verdict->stored;
  return fmt::format("FINAL VERDICT: {}\n{}: {}\nModels within target: {}/{}\n", stored.conclusion,
                     Claimed(*run.plan.hypothesis, "Recommendation"), stored.recommendation,
                     stored.supporting, stored.valid);
}

}  // namespace headspec::report
