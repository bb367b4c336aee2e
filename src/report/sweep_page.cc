#include "report/sweep_page.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "report/page_text.h"
#include "report/sweep_json.h"
#include "report/sweep_table.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDigits = 7;

// What a chart can show of a number: pages of thousands of points stay small.
Json Rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  char text[32];
  std::snprintf(text, sizeof text, "%.*g", kDigits, value);
  return std::strtod(text, nullptr);
}

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

void AddEnds(const std::optional<Interval>& interval, Json& low, Json& high) {
  low.push_back(interval ? Rounded(interval->low) : Json(nullptr));
  high.push_back(interval ? Rounded(interval->high) : Json(nullptr));
}

const SweepValue* ValueOf(const SweepRow& row, const std::string& name) {
  if (!row.point) return nullptr;
  if (name == "si") return &row.point->si;
  if (name == "depth_share") return &row.point->depth_share;
  if (name == "entropy") return &row.point->entropy;
  for (const auto& [metric, value] : row.point->metrics) {
    if (metric == name) return &value;
  }
  return nullptr;
}

Json ValuesOf(const SweepResult& result, const std::string& name) {
  Json value = Json::array(), low = Json::array(), high = Json::array();
  for (const SweepRow& row : result.rows) {
    const SweepValue* found = ValueOf(row, name);
    value.push_back(found != nullptr ? Rounded(found->value) : Json(nullptr));
    AddEnds(found != nullptr ? found->interval_95 : std::nullopt, low, high);
  }
  return Json::array({std::move(value), std::move(low), std::move(high)});
}

Json NullOf(const SweepResult& result) {
  Json low = Json::array(), high = Json::array(), p = Json::array();
  for (const SweepRow& row : result.rows) {
    AddEnds(row.point ? row.point->null_95 : std::nullopt, low, high);
    p.push_back(row.point && row.point->null_p ? Rounded(*row.point->null_p) : Json(nullptr));
  }
  return Json::array({std::move(low), std::move(high), std::move(p)});
}

Json CellsOf(const SweepResult& result) {
  Json cells = Json::object();
  const auto add = [&](const char* name, const auto& field) {
    Json& column = cells[name] = Json::array();
    for (const SweepRow& row : result.rows) column.push_back(field(row));
  };
  add("model", [](const SweepRow& row) { return Json(row.cell.entry.name); });
  add("size", [](const SweepRow& row) { return OrNull(SweepSize(row)); });
  add("revision", [](const SweepRow& row) { return OrNull(row.cell.revision); });
  add("step", [](const SweepRow& row) { return row.cell.step ? Json(*row.cell.step) : Json(nullptr); });
  add("dtype", [](const SweepRow& row) { return Json(row.point ? row.point->dtype : row.cell.dtype); });
  add("prompts", [](const SweepRow& row) { return Json(row.prompts); });
  add("variant", [](const SweepRow& row) { return OrNull(row.cell.variant); });
  add("status", [](const SweepRow& row) { return Json(StatusOf(row)); });
  add("error", [](const SweepRow& row) { return OrNull(row.error); });
  add("id", [](const SweepRow& row) { return Json(row.cell.id); });
  add("folder", [](const SweepRow& row) { return OrNull(row.folder); });
  add("repeat", [](const SweepRow& row) { return Json(row.is_repeat); });
  add("parameters",
      [](const SweepRow& row) { return row.point ? Json(row.point->parameters) : Json(nullptr); });
  add("layers", [](const SweepRow& row) { return row.point ? Json(row.point->layers) : Json(nullptr); });
  add("heads", [](const SweepRow& row) { return row.point ? Json(row.point->heads) : Json(nullptr); });
  return cells;
}

}  // namespace

std::string SweepPage(const SweepResult& result) {
  Json sweep = {{"experiment", result.experiment},   {"purpose", result.purpose},
                {"timestamp", result.timestamp},     {"headspec_version", result.headspec_version},
                {"readings", result.readings},       {"notes", result.notes},
                {"curves", SweepCurvesTree(result)}, {"cells", CellsOf(result)},
                {"values", Json::object()},          {"null", NullOf(result)}};
  for (const char* name : {"si", "depth_share", "entropy"}) sweep["values"][name] = ValuesOf(result, name);
  for (const std::string& name : SweepMetrics(result)) sweep["values"][name] = ValuesOf(result, name);
  return PageWith({{"format", kPageFormat}, {"kind", "sweep"}, {"sweep", std::move(sweep)}});
}

}  // namespace headspec::report
