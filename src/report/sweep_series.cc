#include "report/sweep_series.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "report/sweep_table.h"
#include "report/text.h"

namespace headspec::report {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

const SweepValue* ValueOf(const SweepPoint& point, const std::string& name) {
  if (name == "si") return &point.si;
  if (name == "depth_share") return &point.depth_share;
  if (name == "entropy") return &point.entropy;
  for (const auto& [metric, value] : point.metrics) {
    if (metric == name) return &value;
  }
  return nullptr;
}

std::string SizeOf(const SweepCurve& curve) {
  return curve.parameters == 0 ? "size unknown" : ParametersLabel(curve.parameters);
}

std::string Columns(const SweepValue* value) {
  if (value == nullptr) return "\tnan\tnan\tnan";
  const bool has_interval = value->interval_95.has_value();
  return fmt::format("\t{}\t{}\t{}", PythonFloat(value->value),
                     PythonFloat(has_interval ? value->interval_95->low : kNaN),
                     PythonFloat(has_interval ? value->interval_95->high : kNaN));
}

}  // namespace

std::string LastPart(const std::string& name) {
  const auto slash = name.find_last_of('/');
  return slash == std::string::npos || slash + 1 == name.size() ? name : name.substr(slash + 1);
}

CurveAxis AxisOf(const SweepResult& result) {
  std::set<std::uint64_t> sizes;
  for (const SweepCurve& curve : result.curves) {
    std::set<double> steps;
    for (const std::size_t row : curve.rows) {
      if (result.rows[row].cell.step) steps.insert(*result.rows[row].cell.step);
    }
    if (steps.size() > 1) return CurveAxis::kStep;
    if (curve.parameters > 0) sizes.insert(curve.parameters);
  }
  return sizes.size() > 2 ? CurveAxis::kSize : CurveAxis::kNames;
}

std::vector<std::string> LabelsOf(const std::vector<SweepCurve>& curves) {
  const auto differ = [&](const auto field) {
    return std::any_of(curves.begin(), curves.end(),
                       [&](const SweepCurve& curve) { return field(curve) != field(curves.front()); });
  };
  std::map<std::uint64_t, std::set<std::string>> models;
  for (const SweepCurve& curve : curves) models[curve.parameters].insert(curve.model);
  const bool shows_model =
      std::any_of(models.begin(), models.end(), [](const auto& m) { return m.second.size() > 1; });
  const bool shows_dtype = differ([](const SweepCurve& c) { return c.dtype; });
  const bool shows_prompts = differ([](const SweepCurve& c) { return c.prompts; });
  const bool shows_variant = differ([](const SweepCurve& c) { return c.variant; });
  std::vector<std::string> labels;
  for (const SweepCurve& curve : curves) {
    std::string label;
    for (const auto& [shown, part] :
         {std::pair(shows_model, LastPart(curve.model)), std::pair(shows_dtype, curve.dtype),
          std::pair(shows_prompts, LastPart(curve.prompts)), std::pair(shows_variant, curve.variant)}) {
      if (shown && !part.empty()) label += (label.empty() ? "" : ", ") + part;
    }
    labels.push_back(label);
  }
  return labels;
}

std::vector<CurveSeries> SeriesOf(const SweepResult& result, CurveAxis axis) {
  const std::vector<std::string> labels = LabelsOf(result.curves);
  std::vector<std::string> styles;
  std::vector<CurveSeries> all;
  for (std::size_t i = 0; i < result.curves.size(); ++i) {
    const SweepCurve& curve = result.curves[i];
    CurveSeries series{.curve = &curve, .label = labels[i], .size = SizeOf(curve)};
    const auto known = std::find(styles.begin(), styles.end(), labels[i]);
    series.style = static_cast<std::size_t>(known - styles.begin());
    if (known == styles.end()) styles.push_back(labels[i]);
    for (const std::size_t row : curve.rows) {
      const SweepRow& found = result.rows[row];
      const double place = axis == CurveAxis::kStep ? found.cell.step.value_or(kNaN)
                                                    : static_cast<double>(found.point->parameters);
      if (!std::isnan(place) && (axis == CurveAxis::kStep || place > 0))
        series.points.emplace_back(place, &*found.point);
    }
    if (!series.points.empty()) all.push_back(std::move(series));
  }
  return all;
}

std::string CurveData(const std::vector<CurveSeries>& all, const std::vector<std::string>& quantities,
                      CurveAxis axis) {
  std::string text = axis == CurveAxis::kStep ? "# step" : "# parameters";
  text += "\theads shuffled within layers, middle 95 %: from\tto";
  for (const std::string& quantity : quantities) text += fmt::format("\t{0}\t{0} from\t{0} to", quantity);
  text += "\n";
  for (const CurveSeries& series : all) {
    text += fmt::format("# {}\n", OneLine(series.curve->name));
    for (const auto& [place, point] : series.points) {
      text += PythonFloat(place);
      const bool has_null = point->null_95.has_value();
      text += fmt::format("\t{}\t{}", PythonFloat(has_null ? point->null_95->low : kNaN),
                          PythonFloat(has_null ? point->null_95->high : kNaN));
      for (const std::string& quantity : quantities) text += Columns(ValueOf(*point, quantity));
      text += '\n';
    }
    text += "\n\n";
  }
  return text;
}

Range RangeOf(const std::vector<CurveSeries>& all, const std::string& quantity, bool with_bands) {
  Range range;
  for (const CurveSeries& series : all) {
    for (const auto& [place, point] : series.points) {
      const SweepValue* value = ValueOf(*point, quantity);
      if (value == nullptr) continue;
      range.Add(value->value);
      if (!with_bands) continue;
      range.Add(value->interval_95);
      if (quantity == "si") range.Add(point->null_95);
    }
  }
  return range;
}

bool AnyNull(const std::vector<CurveSeries>& all) {
  for (const CurveSeries& series : all) {
    for (const auto& [place, point] : series.points) {
      if (point->null_95) return true;
    }
  }
  return false;
}

bool AnyInterval(const std::vector<CurveSeries>& all) {
  for (const CurveSeries& series : all) {
    for (const auto& [place, point] : series.points) {
      if (point->si.interval_95) return true;
    }
  }
  return false;
}

}  // namespace headspec::report
