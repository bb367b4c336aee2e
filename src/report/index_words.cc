#include "report/index_words.h"

#include <fmt/format.h>

#include <cmath>

#include "report/text.h"

namespace headspec::report {
namespace {

// Seeds move nothing unless a pass was repeated and came out differently.
std::string Value(const ModelResult& model) {
  const std::string value = fmt::format("{:.4f}", model.si_mean);
  return model.si_std > 0 ? value + fmt::format(" +/- {:.4f} over seeds", model.si_std) : value;
}

std::string Words(const Interval& interval) {
  return fmt::format("{:.4f} to {:.4f}", interval.low, interval.high);
}

}  // namespace

std::string IndexCell(const ModelResult& model) {
  if (std::isnan(model.si_mean)) return "undefined";
  const auto& bootstrap = model.statistics.index.bootstrap.value;
  return Value(model) + (bootstrap ? fmt::format(" ({})", Words(bootstrap->at_95())) : "");
}

std::string IndexSentence(const ModelResult& model) {
  if (std::isnan(model.si_mean)) return "undefined";
  const auto& bootstrap = model.statistics.index.bootstrap;
  if (bootstrap.value)
    return fmt::format("{}, 95 % interval over prompts {}", Value(model), Words(bootstrap.value->at_95()));
  if (bootstrap.reason.empty()) return Value(model);
  return fmt::format("{}, no interval over prompts ({})", Value(model), OneLine(bootstrap.reason));
}

std::string SupportBlock(const RunResult& run) {
  std::string text;
  for (const ModelResult& model : run.models) {
    const std::string& reading = model.statistics.index.readings.point_rule;
    if (!model.error && !reading.empty())
      text += fmt::format("  {}: {}\n", OneLine(model.display), OneLine(reading));
  }
  for (const std::string& reading : run.readings) text += fmt::format("  {}\n", OneLine(reading));
  return text.empty() ? text : "WHAT THE STATISTICS SUPPORT\n" + text;
}

}  // namespace headspec::report
