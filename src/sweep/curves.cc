#include "sweep/curves.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace headspec::sweep {
namespace {

std::string WithoutRevision(const std::string& name) { return name.substr(0, name.find('@')); }

double StepOf(const SweepRow& row) { return row.cell.step.value_or(std::numeric_limits<double>::infinity()); }

void Describe(const std::vector<SweepRow>& rows, SweepCurve& curve) {
  const SweepRow& first = rows[curve.rows.front()];
  curve.dtype = first.point->dtype;
  curve.prompts = first.prompts;
  curve.variant = first.cell.variant;
  curve.parameters = first.point->parameters;
  curve.model = WithoutRevision(first.cell.entry.name);
  // Folders of checkpoints have names of their own.
  const bool is_one_model = std::all_of(curve.rows.begin(), curve.rows.end(), [&](std::size_t row) {
    return WithoutRevision(rows[row].cell.entry.name) == curve.model;
  });
  if (!is_one_model) curve.model = curve.name;
}

}  // namespace

std::vector<SweepCurve> CurvesOf(const std::vector<SweepRow>& rows) {
  std::vector<SweepCurve> curves;
  std::map<std::string, std::size_t> places;
  std::set<std::pair<std::string, std::string>> seen;
  // With their steps first: where two revisions are one measurement, its place in training is worth more.
  for (const bool has_step : {true, false}) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const SweepCell& cell = rows[row].cell;
      if (!rows[row].point || cell.step.has_value() != has_step) continue;
      if (!seen.emplace(cell.curve, cell.id).second) continue;
      const auto [place, is_new] = places.emplace(cell.curve, curves.size());
      if (is_new) curves.push_back({.name = cell.curve});
      curves[place->second].rows.push_back(row);
    }
  }
  for (SweepCurve& curve : curves) {
    std::stable_sort(curve.rows.begin(), curve.rows.end(),
                     [&](std::size_t a, std::size_t b) { return StepOf(rows[a]) < StepOf(rows[b]); });
    Describe(rows, curve);
  }
  std::stable_sort(curves.begin(), curves.end(), [&](const SweepCurve& a, const SweepCurve& b) {
    return std::tuple(a.parameters, *std::min_element(a.rows.begin(), a.rows.end())) <
           std::tuple(b.parameters, *std::min_element(b.rows.begin(), b.rows.end()));
  });
  return curves;
}

}  // namespace headspec::sweep
