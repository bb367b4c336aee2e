#include "report/page.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/model_size.h"
#include "report/comparison_json.h"
#include "report/ladder.h"
#include "report/packed.h"
#include "report/page_text.h"
#include "report/results_json.h"
#include "report/summary.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

// As the ladder states it, else what the weights hold.
Json SizeJson(const ModelResult& model) {
  try {
    if (!model.size.empty()) return ParseModelSize(model.size);
  } catch (const Error&) {
    // A size in words: the figure leaves it out with a note.
  }
  const std::uint64_t parameters = model.provenance.parameters;
  return model.error || parameters == 0 ? Json(nullptr) : Json(static_cast<double>(parameters) / 1e9);
}

Json AttentionJson(const ModelResult& model) {
  if (model.attention.empty()) return nullptr;
  Json prompts = Json::array();
  for (const auto& weights : model.attention)
    prompts.push_back(weights.empty() ? Json(nullptr) : Json(Base64(Deflate(weights))));
  return {{"bits", 8}, {"prompts", std::move(prompts)}};
}

std::string Page(const char* kind, Json results, Json comparison, const std::vector<std::string>& summary,
                 const std::vector<ModelResult>& models) {
  PackTables(results);
  PackTables(comparison);
  Json document = {{"format", kPageFormat},
                   {"kind", kind},
                   {"results", std::move(results)},
                   {"comparison", std::move(comparison)},
                   {"summary", summary},
                   {"sizes", Json::array()},
                   {"attention", Json::array()}};
  for (const ModelResult& model : models) {
    document["sizes"].push_back(SizeJson(model));
    document["attention"].push_back(AttentionJson(model));
  }
  return PageWith(document);
}

}  // namespace

std::string RunPage(const RunResult& run) {
  return Page(IsMeasurement(run.plan) ? "measurement" : "experiment", ResultsTree(run), nullptr, Summary(run),
              run.models);
}

std::string ComparisonPage(const Comparison& comparison) {
  const RunResult& run = comparison.run;
  return Page("comparison", run.models.empty() ? Json(nullptr) : ResultsTree(run), ComparisonTree(comparison),
              Summary(comparison), run.models);
}

}  // namespace headspec::report
