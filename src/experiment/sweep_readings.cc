#include "experiment/sweep_readings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "metrics/reading.h"
#include "metrics/summary.h"
#include "metrics/trend.h"

namespace headspec::experiment {
namespace {

constexpr double kLevel = 0.05;
constexpr std::size_t kMostCurves = 12;  // with a line of their own
constexpr std::size_t kMostNames = 5;
constexpr std::size_t kFewestForScatter = 3;

using Lines = std::vector<std::string>;
using Rows = std::vector<const SweepRow*>;

std::string Plural(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string Short(const std::string& name) {
  const auto slash = name.find_last_of('/');
  return slash == std::string::npos || slash + 1 == name.size() ? name : name.substr(slash + 1);
}

// As many digits as `spread` supports, from 2 to 6.
std::string Number(double value, double spread) {
  const int decimals = spread > 0 ? std::clamp(static_cast<int>(std::ceil(-std::log10(spread))), 2, 6) : 4;
  return fmt::format("{:.{}f}", value, decimals);
}

std::string IndexOf(const SweepRow& row) {
  const SweepValue& si = row.point->si;
  if (!si.interval_95) return Number(si.value, 0.001);
  const double spread = si.interval_95->high - si.interval_95->low;
  return fmt::format("{} ({} to {})", Number(si.value, spread), Number(si.interval_95->low, spread),
                     Number(si.interval_95->high, spread));
}

bool HasIndex(const SweepRow& row) { return row.point && std::isfinite(row.point->si.value); }

// "pythia-70m", and after it what other curves of the sweep have otherwise.
class Names {
 public:
  explicit Names(const std::vector<SweepCurve>& curves) {
    std::set<std::string> models, full, dtypes, prompts, variants;
    for (const SweepCurve& curve : curves) {
      full.insert(curve.model);
      models.insert(Short(curve.model));
      dtypes.insert(curve.dtype);
      prompts.insert(curve.prompts);
      variants.insert(curve.variant);
    }
    shortens_ = models.size() == full.size();
    dtype_ = dtypes.size() > 1;
    prompts_ = prompts.size() > 1;
    variant_ = variants.size() > 1;
  }

  std::string operator()(const SweepCurve& curve) const {
    std::string name = shortens_ ? Short(curve.model) : curve.model;
    for (const auto& [varies, value] :
         {std::pair(dtype_, curve.dtype), std::pair(prompts_, Short(curve.prompts)),
          std::pair(variant_, curve.variant)}) {
      if (varies && !value.empty()) name += ", " + value;
    }
    return name;
  }

 private:
  bool shortens_ = true, dtype_ = false, prompts_ = false, variant_ = false;
};

std::string RevisionOf(const SweepRow& row) {
  return row.cell.revision.empty() ? fmt::format("step {:g}", *row.cell.step) : row.cell.revision;
}

// Of a curve: the points that have a step and an index.
Rows Stepped(const SweepResult& sweep, const SweepCurve& curve) {
  Rows rows;
  for (const std::size_t row : curve.rows) {
    if (sweep.rows[row].cell.step && HasIndex(sweep.rows[row])) rows.push_back(&sweep.rows[row]);
  }
  return rows;
}

std::string ReadEnds(const SweepRow& first, const SweepRow& last) {
  std::string text = fmt::format("SI {} at {} and {} at {}", IndexOf(first), RevisionOf(first), IndexOf(last),
                                 RevisionOf(last));
  const auto &a = first.point->si.interval_95, &b = last.point->si.interval_95;
  if (!a || !b) return text;
  const bool overlap = a->low <= b->high && b->low <= a->high;
  return text + (overlap ? "; the two intervals overlap: they alone show no change"
                         : "; the two intervals lie apart");
}

std::string ReadLargestStep(const Rows& rows) {
  std::size_t largest = 1;
  const auto change = [&](std::size_t i) { return rows[i]->point->si.value - rows[i - 1]->point->si.value; };
  for (std::size_t i = 2; i < rows.size(); ++i) {
    if (std::abs(change(i)) > std::abs(change(largest))) largest = i;
  }
  return fmt::format("largest change between neighbours {:+.3f}, from {} to {}", change(largest),
                     RevisionOf(*rows[largest - 1]), RevisionOf(*rows[largest]));
}

std::optional<std::string> ReadSlope(const Rows& rows) {
  std::vector<double> doublings, indices;
  for (const SweepRow* row : rows) {
    if (*row->cell.step <= 0) continue;
    doublings.push_back(std::log2(*row->cell.step));
    indices.push_back(row->point->si.value);
  }
  const auto line = metrics::FitLine(doublings, indices);
  if (doublings.size() < 3 || !line) return std::nullopt;
  return fmt::format("{:+.2g} for each doubling of step (least squares over {} points, R2 = {:.2f})",
                     line->slope, line->n, line->r_squared);
}

std::string ReadCurve(const std::string& name, const Rows& rows) {
  std::string text = fmt::format("{}: {}", name, ReadEnds(*rows.front(), *rows.back()));
  if (rows.size() > 2) text += "; " + ReadLargestStep(rows);
  if (const auto slope = ReadSlope(rows)) text += "; " + *slope;
  return text;
}

void ReadCurves(const SweepResult& sweep, const Names& name_of, Lines& lines) {
  std::size_t read = 0, left = 0;
  bool has_slope = false;
  for (const SweepCurve& curve : sweep.curves) {
    const Rows rows = Stepped(sweep, curve);
    if (rows.size() < 2) continue;
    if (read == kMostCurves) {
      ++left;
      continue;
    }
    ++read;
    has_slope = has_slope || ReadSlope(rows).has_value();
    lines.push_back(ReadCurve(name_of(curve), rows));
  }
  if (left > 0)
    lines.push_back(fmt::format("{} more over steps: table.csv has their numbers", Plural(left, "curve")));
  if (has_slope)
    lines.emplace_back(
        "slopes over log step describe the points and come without an interval: checkpoints of one run are "
        "not "
        "independent, and nothing says that they lie on a line");
}

// One point for each model, by what else was the same.
struct Group {
  Rows rows;
  std::vector<std::string> names;
};

std::string ReadRange(const Group& group) {
  const auto [low, high] = std::minmax_element(
      group.rows.begin(), group.rows.end(),
      [](const SweepRow* a, const SweepRow* b) { return a->point->si.value < b->point->si.value; });
  const auto name = [&](auto at) { return group.names[static_cast<std::size_t>(at - group.rows.begin())]; };
  if (group.rows.size() == 1) return fmt::format("{}: SI {}", name(low), IndexOf(**low));
  return fmt::format("SI of {} from {}, {}, to {}, {}", Plural(group.rows.size(), "model"), IndexOf(**low),
                     name(low), IndexOf(**high), name(high));
}

// Among models of one size, such as the seeds of a recipe.
void ReadScatter(const Group& group, Lines& lines) {
  std::map<std::uint64_t, std::vector<double>> by_size;
  for (const SweepRow* row : group.rows) by_size[row->point->parameters].push_back(row->point->si.value);
  for (const auto& [parameters, values] : by_size) {
    if (values.size() < kFewestForScatter) continue;
    const double spread = metrics::SampleDeviation(values);
    lines.push_back(
        fmt::format("{} models of {:.3g}M parameters: SI {} on average, with a deviation of {} "
                    "between models (n - 1)",
                    values.size(), static_cast<double>(parameters) / 1e6,
                    Number(metrics::Mean(values), spread), Number(spread, spread)));
  }
}

std::optional<std::string> ReadTrendOf(const Group& group) {
  std::vector<double> sizes, indices;
  std::set<double> distinct;
  for (const SweepRow* row : group.rows) {
    if (row->point->parameters == 0) continue;
    sizes.push_back(static_cast<double>(row->point->parameters) / 1e9);
    indices.push_back(row->point->si.value);
    distinct.insert(sizes.back());
  }
  if (distinct.size() < 3) return std::nullopt;
  return metrics::ReadTrend(metrics::ComputeTrend(sizes, indices));
}

void ReadModels(const SweepResult& sweep, const Names& name_of, Lines& lines) {
  std::map<std::tuple<std::string, std::string, std::string>, Group> groups;
  for (const SweepCurve& curve : sweep.curves) {
    if (Stepped(sweep, curve).size() > 1) continue;
    for (const std::size_t row : curve.rows) {
      if (!HasIndex(sweep.rows[row])) continue;
      Group& group = groups[{curve.dtype, curve.prompts, curve.variant}];
      const std::string& revision = sweep.rows[row].cell.revision;
      group.rows.push_back(&sweep.rows[row]);
      group.names.push_back(name_of(curve) + (curve.rows.size() > 1 ? "@" + revision : ""));
    }
  }
  if (groups.size() > kMostCurves) {
    lines.push_back(fmt::format("{} ways of measuring: table.csv has their numbers", groups.size()));
    return;
  }
  for (const auto& [key, group] : groups) {
    lines.push_back(ReadRange(group));
    ReadScatter(group, lines);
    if (const auto trend = ReadTrendOf(group)) lines.push_back(*trend);
  }
}

// Each measurement once.
void ReadNulls(const SweepResult& sweep, Lines& lines) {
  std::size_t told = 0, beyond = 0;
  for (const SweepRow& row : sweep.rows) {
    if (row.is_repeat || !HasIndex(row) || !row.point->null_p) continue;
    ++told;
    beyond += *row.point->null_p <= kLevel;
  }
  if (told == 0) return;
  if (beyond == 0) {
    lines.push_back(
        fmt::format("in {} of {} SI does not stand out from heads shuffled within layers: nothing "
                    "shows that it sees which head does what",
                    told, Plural(told, "point")));
    return;
  }
  lines.push_back(
      fmt::format("SI stands out from heads shuffled within layers in {} of {} (p <= {} each, of "
                  "which chance alone gives {:.0f} in {} on average)",
                  beyond, Plural(told, "point"), kLevel, std::max(1.0, kLevel * static_cast<double>(told)),
                  told < 20 ? 20 : told));
}

// Where the pass went wrong, every number after it did.
void ReadNonFinite(const SweepResult& sweep, Lines& lines) {
  std::vector<std::string> names;
  for (const SweepRow& row : sweep.rows) {
    if (!row.is_repeat && row.point && row.point->non_finite > 0)
      names.push_back(row.cell.entry.name + (row.cell.revision.empty() ? "" : "@" + row.cell.revision));
  }
  if (names.empty()) return;
  const std::size_t more = names.size() > kMostNames ? names.size() - kMostNames : 0;
  if (more > 0) names.resize(kMostNames);
  lines.push_back(fmt::format("not to be trusted, as the pass held NaN or infinite values: {}{}",
                              fmt::join(names, ", "), more > 0 ? fmt::format(" and {} more", more) : ""));
}

}  // namespace

std::vector<std::string> ReadSweep(const SweepResult& sweep) {
  Lines lines;
  const Names name_of(sweep.curves);
  ReadNonFinite(sweep, lines);
  ReadCurves(sweep, name_of, lines);
  ReadModels(sweep, name_of, lines);
  ReadNulls(sweep, lines);
  const bool has_intervals = std::any_of(sweep.rows.begin(), sweep.rows.end(), [](const SweepRow& row) {
    return row.point && row.point->si.interval_95;
  });
  if (has_intervals)
    lines.emplace_back(
        "intervals are over resampled prompts, of each point alone: they say nothing of other training runs");
  return lines;
}

}  // namespace headspec::experiment
