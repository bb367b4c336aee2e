#include "report/comparison_table.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string_view>

#include "report/text.h"

namespace headspec::report {
namespace {

constexpr std::size_t kNameWidth = 24;
constexpr std::size_t kColumn = 12;

std::string Number(const std::optional<double>& value, bool is_signed) {
  if (!value || std::isnan(*value)) return "-";
  const double size = std::abs(*value);
  const std::string text = size != 0 && size < 1e-3 ? fmt::format("{:.3e}", size)
                           : size >= 10             ? fmt::format("{:.3f}", size)
                                                    : fmt::format("{:.5f}", size);
  return (*value < 0 ? "-" : is_signed ? "+" : "") + text;
}

std::string Row(std::string_view name, const std::optional<double>& base,
                const std::optional<double>& tuned) {
  std::optional<double> delta;
  if (base && tuned) delta = *tuned - *base;
  return fmt::format("{}{:>{}}{:>{}}{:>{}}\n", PadRight(name, kNameWidth), Number(base, false), kColumn,
                     Number(tuned, false), kColumn, Number(delta, true), kColumn);
}

std::string GroupRows(const PairSide& base, const PairSide& tuned) {
  const auto of = [](const PairSide& side, double KeyValueGroups::*field) -> std::optional<double> {
    if (!side.groups) return std::nullopt;
    return (*side.groups).*field;
  };
  if (!base.groups && !tuned.groups) return "";
  return Row("within-group variance", of(base, &KeyValueGroups::within), of(tuned, &KeyValueGroups::within)) +
         Row("between-group variance", of(base, &KeyValueGroups::between),
             of(tuned, &KeyValueGroups::between)) +
         Row("within / between", base.groups ? base.groups->ratio : std::nullopt,
             tuned.groups ? tuned.groups->ratio : std::nullopt);
}

std::string SideLine(std::string_view role, const PairSide& side) {
  std::string line = fmt::format("{}{}, {} layers x {} heads", PadRight(role, 7), OneLine(side.name),
                                 side.layers, side.heads);
  if (!side.architecture.empty()) line += ", " + OneLine(side.architecture);
  return line + fmt::format(" ({})\n", OneLine(side.source));
}

std::string Criterion(bool is_met, std::string_view what) {
  return fmt::format("  {} {}\n", is_met ? "✓" : "✗", what);
}

std::string DeltaLines(const PairDelta& delta) {
  return fmt::format("{} {}\n  {}\n  {}\n", PadRight("delta " + delta.name, kNameWidth),
                     Number(delta.value, true), delta.bootstrap_reading, delta.null_reading);
}

}  // namespace

std::string ComparisonTable(const Comparison& comparison) {
  const PairSide& base = comparison.base;
  const PairSide& tuned = comparison.tuned;
  std::string text = "PAIR COMPARISON (E11)\n" + SideLine("base", base) + SideLine("tuned", tuned) + '\n';
  text += fmt::format("{}{:>{}}{:>{}}{:>{}}\n", PadRight("", kNameWidth), "base", kColumn, "tuned", kColumn,
                      "delta", kColumn);
  text += Row("specialization index", base.specialization_index, tuned.specialization_index);
  if (const auto& without = comparison.without_padding)
    text += Row("  without padding", without->base_index, without->tuned_index);
  text += Row("mean head correlation", base.mean_head_correlation, tuned.mean_head_correlation);
  text += Row("mean head variance", base.mean_head_variance, tuned.mean_head_variance);
  text += Row("  early layers", base.early_variance, tuned.early_variance);
  text += Row("  middle layers", base.middle_variance, tuned.middle_variance);
  text += Row("  late layers", base.late_variance, tuned.late_variance);
  text += Row("effective heads", base.effective_heads, tuned.effective_heads);
  text += Row("effective ratio", base.effective_ratio, tuned.effective_ratio);
  text += GroupRows(base, tuned);
  text += fmt::format("\nbase: {}\ntuned: {}\n\n", base.null_reading, tuned.null_reading);
  for (const PairDelta& delta : comparison.deltas) text += DeltaLines(delta);
  text += "\nCOLLAPSE CRITERIA\n";
  text += Criterion(comparison.verdict.specialization_decreased, "specialization index decreased");
  text += Criterion(comparison.verdict.correlation_increased, "head correlation increased");
  text += Criterion(comparison.verdict.variance_decreased, "head variance decreased");
  text += fmt::format("VERDICT: {}\n", comparison.verdict.code);
  if (const auto& without = comparison.without_padding)
    text += fmt::format("Without padding (it was {} and {}): {}\n", without->base_side, without->tuned_side,
                        without->code);
  for (const std::string& note : comparison.notes) text += fmt::format("note: {}\n", OneLine(note));
  for (const std::string& warning : comparison.warnings) text += fmt::format("⚠ {}\n", OneLine(warning));
  return text;
}

}  // namespace headspec::report
