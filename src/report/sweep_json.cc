#include "report/sweep_json.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <vector>

#include "core/text.h"
#include "report/json_reader.h"
#include "report/json_text.h"
#include "report/sweep_table.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kPointSchema = 1;
constexpr std::size_t kIdDigits = 16;

Json ToJson(const std::optional<Interval>& interval) {
  return interval ? Json::array({interval->low, interval->high}) : Json(nullptr);
}

Json ToJson(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

Json ToJson(const SweepValue& value) {
  return {{"value", value.value}, {"interval_95", ToJson(value.interval_95)}};
}

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// What a point says of its measurement, without whose it is.
void AddNumbers(const SweepPoint& point, Json& json) {
  json["parameters"] = point.parameters;
  json["layers"] = point.layers;
  json["heads"] = point.heads;
  json["kv_heads"] = point.kv_heads;
  json["prompts"] = point.prompts;
  json["si"] = ToJson(point.si);
  json["null_95"] = ToJson(point.null_95);
  json["null_p"] = ToJson(point.null_p);
  json["depth_share"] = ToJson(point.depth_share);
  json["entropy"] = ToJson(point.entropy);
  json["metrics"] = Json::object();
  for (const auto& [name, value] : point.metrics) json["metrics"][name] = ToJson(value);
  json["non_finite"] = point.non_finite;
  json["seconds"] = point.seconds;
  json["warnings"] = point.warnings;
}

double Finite(const JsonReader& json) {
  const double value = json.Number();
  if (!std::isfinite(value)) json.Fail("a finite number");
  return value;
}

std::optional<Interval> ReadInterval(const JsonReader& json) {
  if (json.IsNull()) return std::nullopt;
  const std::vector<JsonReader> ends = json.Items();
  if (ends.size() != 2) json.Fail("a list of 2");
  const Interval interval{Finite(ends[0]), Finite(ends[1])};
  if (interval.low > interval.high) json.Fail("its low end first");
  return interval;
}

SweepValue ReadValue(const JsonReader& json) {
  SweepValue value{json.At("value").Number(), ReadInterval(json.At("interval_95"))};
  if (std::isinf(value.value)) json.Fail("a finite number or null");
  json.RefuseOtherKeys();
  return value;
}

int Positive(const JsonReader& json) {
  const int value = json.Int();
  if (value < 1) json.Fail("an integer from 1 on");
  return value;
}

double NotNegative(const JsonReader& json) {
  const double value = Finite(json);
  if (value < 0) json.Fail("a number from 0 on");
  return value;
}

std::optional<double> ReadProbability(const JsonReader& json) {
  if (json.IsNull()) return std::nullopt;
  const double value = Finite(json);
  if (value < 0 || value > 1) json.Fail("a number from 0 to 1");
  return value;
}

std::string ReadId(const JsonReader& json) {
  std::string id = json.String();
  if (!IsHex(id, kIdDigits)) json.Fail("16 hexadecimal digits");
  return id;
}

Json ToJson(const SweepRow& row) {
  const SweepCell& cell = row.cell;
  Json json = {{"id", cell.id},
               {"folder", OrNull(row.folder)},
               {"model", cell.entry.name},
               {"revision", OrNull(cell.revision)},
               {"step", ToJson(cell.step)},
               {"curve", cell.curve},
               {"dtype", cell.dtype},
               {"prompts", row.prompts},
               {"variant", OrNull(cell.variant)},
               {"is_repeat", row.is_repeat},
               {"status", StatusOf(row)},
               {"error", OrNull(row.error)},
               {"error_code", row.error.empty() ? Json(nullptr) : Json(row.error_code)},
               {"point", nullptr}};
  if (!row.point) return json;
  Json point = {{"commit", OrNull(row.point->commit)}, {"dtype", row.point->dtype}};
  AddNumbers(*row.point, point);
  json["point"] = std::move(point);
  return json;
}

Json ToJson(const SweepCurve& curve) {
  return {{"name", curve.name},
          {"model", curve.model},
          {"dtype", curve.dtype},
          {"prompts", curve.prompts},
          {"variant", OrNull(curve.variant)},
          {"parameters", curve.parameters},
          {"rows", curve.rows}};
}

}  // namespace

Json SweepCurvesTree(const SweepResult& result) {
  Json curves = Json::array();
  for (const SweepCurve& curve : result.curves) curves.push_back(ToJson(curve));
  return curves;
}

Json SweepTree(const SweepResult& result) {
  Json json = {{"schema_version", result.schema_version},
               {"experiment", result.experiment},
               {"purpose", result.purpose},
               {"timestamp", result.timestamp},
               {"headspec_version", result.headspec_version},
               {"readings", result.readings},
               {"notes", result.notes},
               {"curves", SweepCurvesTree(result)},
               {"cells", Json::array()}};
  for (const SweepRow& row : result.rows) json["cells"].push_back(ToJson(row));
  return json;
}

std::string SweepJson(const SweepResult& result) { return JsonText(SweepTree(result)); }

std::string SweepPointJson(const SweepPoint& point) {
  Json json = {{"schema_version", kPointSchema},
               {"id", point.id},
               {"model", point.model},
               {"commit", OrNull(point.commit)},
               {"dtype", point.dtype}};
  AddNumbers(point, json);
  return JsonText(json);
}

SweepPoint ReadSweepPoint(std::string_view text, std::string_view file) {
  const JsonReader json = JsonReader::Parse(text, file);
  json.RequireSchema(kPointSchema);
  SweepPoint point;
  point.id = ReadId(json.At("id"));
  point.model = json.At("model").String();
  point.commit = json.At("commit").StringOrNull();
  point.dtype = json.At("dtype").String();
  point.parameters = json.At("parameters").Count();
  point.layers = Positive(json.At("layers"));
  point.heads = Positive(json.At("heads"));
  point.kv_heads = Positive(json.At("kv_heads"));
  point.prompts = Positive(json.At("prompts"));
  point.si = ReadValue(json.At("si"));
  point.null_95 = ReadInterval(json.At("null_95"));
  point.null_p = ReadProbability(json.At("null_p"));
  point.depth_share = ReadValue(json.At("depth_share"));
  point.entropy = ReadValue(json.At("entropy"));
  for (const auto& [name, value] : json.At("metrics").Members())
    point.metrics.emplace_back(name, ReadValue(value));
  const JsonReader non_finite = json.At("non_finite");
  point.non_finite = non_finite.Int64();
  if (point.non_finite < 0) non_finite.Fail("an integer from 0 on");
  point.seconds = NotNegative(json.At("seconds"));
  point.warnings = json.At("warnings").Strings();
  json.RefuseOtherKeys();
  return point;
}

}  // namespace headspec::report
