#include "report/sweep_table.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <set>

#include "report/text.h"

namespace headspec::report {
namespace {

using Fields = std::vector<std::string>;

std::string Number(double value) { return std::isfinite(value) ? PythonFloat(value) : ""; }

std::string Number(const std::optional<double>& value) { return value ? Number(*value) : ""; }

void AddEnds(const std::optional<Interval>& interval, Fields& fields) {
  fields.push_back(interval ? Number(interval->low) : "");
  fields.push_back(interval ? Number(interval->high) : "");
}

void AddValue(const SweepValue* value, Fields& fields) {
  fields.push_back(value != nullptr ? Number(value->value) : "");
  AddEnds(value != nullptr ? value->interval_95 : std::nullopt, fields);
}

// A step without a point in it where it is a whole number.
std::string Step(const std::optional<double>& step) {
  if (!step) return "";
  return *step == std::floor(*step) && std::abs(*step) < 1e15 ? fmt::format("{:.0f}", *step) : Number(*step);
}

Fields Header(const std::vector<std::string>& metrics) {
  Fields names = {"model",  "size",    "parameters", "revision",  "commit", "step",
                  "dtype",  "prompts", "variant",    "status",    "error",  "si",
                  "si_low", "si_high", "null_low",   "null_high", "null_p"};
  Fields values = {"depth_share", "entropy"};
  values.insert(values.end(), metrics.begin(), metrics.end());
  for (const std::string& value : values) names.insert(names.end(), {value, value + "_low", value + "_high"});
  names.insert(names.end(), {"layers", "heads", "kv_heads", "prompt_count", "non_finite", "seconds", "repeat",
                             "curve", "id", "folder"});
  return names;
}

const SweepValue* MetricOf(const SweepPoint& point, const std::string& name) {
  for (const auto& [metric, value] : point.metrics) {
    if (metric == name) return &value;
  }
  return nullptr;
}

void AddNumbers(const SweepPoint* point, const std::vector<std::string>& metrics, Fields& fields) {
  AddValue(point != nullptr ? &point->si : nullptr, fields);
  AddEnds(point != nullptr ? point->null_95 : std::nullopt, fields);
  fields.push_back(point != nullptr ? Number(point->null_p) : "");
  AddValue(point != nullptr ? &point->depth_share : nullptr, fields);
  AddValue(point != nullptr ? &point->entropy : nullptr, fields);
  for (const std::string& metric : metrics)
    AddValue(point != nullptr ? MetricOf(*point, metric) : nullptr, fields);
  if (point == nullptr) {
    fields.resize(fields.size() + 6);
    return;
  }
  for (const int number : {point->layers, point->heads, point->kv_heads, point->prompts})
    fields.push_back(std::to_string(number));
  fields.push_back(std::to_string(point->non_finite));
  fields.push_back(Number(point->seconds));
}

Fields Row(const SweepRow& row, const std::vector<std::string>& metrics) {
  const SweepCell& cell = row.cell;
  const SweepPoint* point = row.point ? &*row.point : nullptr;
  const bool knows_size = point != nullptr && point->parameters > 0;
  Fields fields = {cell.entry.name,
                   SweepSize(row),
                   knows_size ? std::to_string(point->parameters) : "",
                   cell.revision,
                   point != nullptr ? point->commit : "",
                   Step(cell.step),
                   point != nullptr ? point->dtype : cell.dtype,
                   row.prompts,
                   cell.variant,
                   StatusOf(row),
                   row.error};
  AddNumbers(point, metrics, fields);
  fields.insert(fields.end(), {row.is_repeat ? "true" : "false", cell.curve, cell.id, row.folder});
  return fields;
}

void AppendLine(const Fields& fields, std::string& csv) {
  const char* separator = "";
  for (const std::string& field : fields) {
    csv += separator;
    csv += CsvField(OneLine(field));
    separator = ",";
  }
  csv += '\n';
}

}  // namespace

const char* StatusOf(const SweepRow& row) {
  return row.point ? "measured" : row.error.empty() ? "missing" : "failed";
}

std::vector<std::string> SweepMetrics(const SweepResult& result) {
  std::vector<std::string> names;
  std::set<std::string> known;
  for (const SweepRow& row : result.rows) {
    if (!row.point) continue;
    for (const auto& [name, value] : row.point->metrics) {
      if (known.insert(name).second) names.push_back(name);
    }
  }
  return names;
}

std::string ParametersLabel(std::uint64_t parameters) {
  const double count = static_cast<double>(parameters);
  if (count >= 1e9) return fmt::format("{:.3g}B", count / 1e9);
  return count >= 1e6 ? fmt::format("{:.3g}M", count / 1e6) : fmt::format("{:.3g}K", count / 1e3);
}

std::string SweepSize(const SweepRow& row) {
  if (!row.cell.entry.size.empty()) return row.cell.entry.size;
  return row.point && row.point->parameters > 0 ? ParametersLabel(row.point->parameters) : "";
}

std::string SweepTable(const SweepResult& result) {
  const std::vector<std::string> metrics = SweepMetrics(result);
  std::string csv;
  AppendLine(Header(metrics), csv);
  for (const SweepRow& row : result.rows) AppendLine(Row(row, metrics), csv);
  return csv;
}

}  // namespace headspec::report
