#include "experiment/pass_memo.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <system_error>

#include "experiment/environment.h"
#include "experiment/head_metrics_sink.h"
#include "experiment/own_cache.h"
#include "headspec/version.h"

namespace headspec::experiment {
namespace fs = std::filesystem;
namespace {

// Raise these with every change of a number that the pass or a reducer gives: entries of before are then
// left alone.
constexpr std::string_view kPassVersion = "forward-pass/1";
constexpr std::string_view kEntropyVersion = "received-entropy/1";
constexpr std::string_view kProbeVersion = "first-layer-probe/1";
constexpr std::string_view kHeadMetricsVersion = "head-metrics/1";

constexpr std::string_view kEntryKind = "headspec kept pass, format 3";
constexpr std::uint64_t kMostBytesOfNumber = 32;

// The shortest decimals that give the same double again; also "nan", "inf" and "-0".
std::string Numbers(const std::vector<double>& values) { return fmt::format("{}\n", fmt::join(values, " ")); }

std::string TablesText(const std::vector<Table>& tables) {
  std::string text;
  for (const Table& table : tables) {
    text += "prompt\n";
    for (const auto& row : table) text += Numbers(row);
  }
  return text;
}

std::string EntryText(const std::string& key, const PassResult& result) {
  const NonFinite& found = result.non_finite;
  std::string text = fmt::format("key {}\n{}", key.size(), key);
  text +=
      fmt::format("computed {}\ncpu {}\nseconds {}\n", result.computed_at, result.cpu_target, result.seconds);
  text += fmt::format("non-finite {} {} {} {} {} {}\n", found.count, found.layer, result.non_finite_step,
                      found.prompt, found.head, found.operation);
  if (const auto& probe = result.probe) {
    text += fmt::format("probe {} {} {} {}\n", probe->abs_mean, probe->deviation, probe->is_finite ? 1 : 0,
                        probe->first_heads_close ? 1 : 0);
  }
  text += "max-abs-score " + Numbers(result.max_abs_score);
  text += TablesText(result.per_prompt);
  for (const HeadMetric& metric : result.head_metrics)
    text += fmt::format("metric {}\n{}", metric.name, TablesText(metric.per_prompt));
  return text;
}

// Reads what EntryText wrote, and nothing else: after the first surprise everything fails.
class EntryReader {
 public:
  explicit EntryReader(std::string_view text) : text_(text) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return text_.empty(); }

  void Expect(std::string_view word) {
    if (text_.starts_with(word))
      text_.remove_prefix(word.size());
    else
      ok_ = false;
  }

  // To the end of the line.
  std::string Rest() {
    const std::size_t end = text_.find('\n');
    if (end == std::string_view::npos) {
      ok_ = false;
      return "";
    }
    std::string rest(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return rest;
  }

  template <typename Number>
  Number Next(char end) {
    Number value{};
    const auto [after, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    ok_ = ok_ && error == std::errc();
    if (ok_) text_.remove_prefix(static_cast<std::size_t>(after - text_.data()));
    Expect({&end, 1});
    return value;
  }

  bool Flag(char end) {
    const int value = Next<int>(end);
    ok_ = ok_ && (value == 0 || value == 1);
    return value == 1;
  }

  std::vector<double> Row(int count) {
    std::vector<double> values;
    for (int i = 0; ok_ && i < count; ++i) values.push_back(Next<double>(i + 1 < count ? ' ' : '\n'));
    return values;
  }

  std::vector<Table> Tables(int count, const PassShape& shape) {
    std::vector<Table> tables;
    for (int i = 0; ok_ && i < count; ++i) {
      Expect("prompt\n");
      Table& table = tables.emplace_back();
      for (int layer = 0; ok_ && layer < shape.layers; ++layer) table.push_back(Row(shape.heads));
    }
    return tables;
  }

 private:
  std::string_view text_;
  bool ok_ = true;
};

bool IsTimestamp(const std::string& text) {
  constexpr std::string_view kPattern = "dddddddd_dddddd";
  return std::equal(text.begin(), text.end(), kPattern.begin(), kPattern.end(),
                    [](char c, char p) { return p == 'd' ? c >= '0' && c <= '9' : c == p; });
}

std::vector<std::string_view> MetricsOf(const PassShape& shape) {
  std::vector<std::string_view> names;
  if (shape.has_head_metrics) names.assign(std::begin(kPromptMetrics), std::end(kPromptMetrics));
  if (shape.has_induction) names.push_back(kInduction);
  return names;
}

std::optional<PassResult> ReadEntry(std::string_view text, const PassShape& shape) {
  EntryReader in(text);
  PassResult result;
  in.Expect("computed ");
  result.computed_at = in.Rest();
  in.Expect("cpu ");
  result.cpu_target = in.Rest();
  in.Expect("seconds ");
  result.seconds = in.Next<double>('\n');
  in.Expect("non-finite ");
  result.non_finite.count = in.Next<std::int64_t>(' ');
  result.non_finite.layer = in.Next<int>(' ');
  result.non_finite_step = in.Next<int>(' ');
  result.non_finite.prompt = in.Next<int>(' ');
  result.non_finite.head = in.Next<int>(' ');
  result.non_finite.operation = in.Rest();
  if (shape.has_probe) {
    in.Expect("probe ");
    result.probe.emplace();
    result.probe->abs_mean = in.Next<double>(' ');
    result.probe->deviation = in.Next<double>(' ');
    result.probe->is_finite = in.Flag(' ');
    result.probe->first_heads_close = in.Flag('\n');
  }
  in.Expect("max-abs-score ");
  result.max_abs_score = in.Row(shape.layers);
  result.per_prompt = in.Tables(shape.prompts, shape);
  for (const std::string_view name : MetricsOf(shape)) {
    in.Expect(fmt::format("metric {}\n", name));
    const int tables = name == kInduction ? 1 : shape.prompts;
    result.head_metrics.push_back({.name = std::string(name), .per_prompt = in.Tables(tables, shape)});
  }
  const bool sound = in.ok() && in.AtEnd() && IsTimestamp(result.computed_at) &&
                     std::isfinite(result.seconds) && result.seconds >= 0 && result.non_finite.count >= 0;
  return sound ? std::optional(std::move(result)) : std::nullopt;
}

std::uint64_t MostBytes(const std::string& key, const PassShape& shape) {
  const auto size = [](int value) { return static_cast<std::uint64_t>(std::max(value, 0)); };
  const std::uint64_t tables = 1 + MetricsOf(shape).size();
  const std::uint64_t rows = tables * size(shape.prompts) * size(shape.layers);
  return key.size() + (rows * (size(shape.heads) + 1) + size(shape.layers)) * kMostBytesOfNumber + 4096;
}

}  // namespace

std::string PassKey(const PassInputs& inputs) {
  const bool is_sanity = inputs.kind == PassKind::kSanity;
  std::string key = fmt::format("program headspec {} {}\npass {}\nmetric {}\n", Version(), SourceCommit(),
                                kPassVersion, kEntropyVersion);
  if (is_sanity) key += fmt::format("metric {}\n", kProbeVersion);
  if (inputs.has_head_metrics) key += fmt::format("metric {}\n", kHeadMetricsVersion);
  key += fmt::format("profile {}\nprecision {}\nscores {}\narithmetic {}\n", ProfileName(inputs.profile),
                     TorchName(inputs.precision), NameOf(inputs.score_type), inputs.arithmetic);
  key += fmt::format("files {}\n{}prompts {}\n", inputs.content.size(), inputs.content, inputs.ids.size());
  for (const auto& ids : inputs.ids) key += fmt::format("{}: {}\n", ids.size(), fmt::join(ids, " "));
  if (!inputs.induction.empty())
    key += fmt::format("induction {}: {}\n", inputs.induction.size(), fmt::join(inputs.induction, " "));
  for (const auto& [first, last] : inputs.valid_tokens) key += fmt::format("valid {} {}\n", first, last);
  return key;
}

fs::path PassFile(const std::string& key) { return OwnCacheFile("passes", key); }

KeptPass FindPass(const std::string& key, const PassShape& shape) {
  const fs::path entry = PassFile(key);
  if (entry.empty()) return {};
  const KeptText kept = ReadKept(entry, kEntryKind, MostBytes(key, shape));
  std::string problem = kept.problem;
  if (kept.content) {
    const std::string head = fmt::format("key {}\n{}", key.size(), key);
    const std::string_view content = *kept.content;
    if (!content.starts_with(head)) {
      problem = "is damaged (it is of another measurement)";
    } else if (auto result = ReadEntry(content.substr(head.size()), shape)) {
      return {std::move(result), ""};
    } else {
      problem = "is damaged (its content is not understood)";
    }
  }
  if (problem.empty()) return {};
  return {{}, fmt::format("kept result {} {}: measured again", entry.string(), problem)};
}

void ForgetPass(const fs::path& file) {
  std::error_code failed;
  if (!file.empty()) fs::remove(file, failed);
}

std::string KeepPass(const std::string& key, const PassResult& result) {
  const fs::path entry = PassFile(key);
  if (entry.empty()) {
    return "the result is not kept for later runs: none of HEADSPEC_CACHE, XDG_CACHE_HOME and HOME is an "
           "absolute path";
  }
  const std::string problem = WriteKept(entry, kEntryKind, EntryText(key, result));
  if (problem.empty()) return "";
  return fmt::format("the result is not kept for later runs: cannot write {} ({})", entry.string(), problem);
}

}  // namespace headspec::experiment
