#include "sweep/point_file.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace headspec::sweep {
namespace {

nlohmann::ordered_json OrNull(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

std::string PointText(const SweepCell& cell, const ModelResult& model) {
  nlohmann::ordered_json json = {{"schema_version", 1},
                                 {"id", cell.id},
                                 {"model", cell.entry.name},
                                 {"commit", model.provenance.revision},
                                 {"parameters", model.provenance.parameters},
                                 {"layers", model.num_layers},
                                 {"heads", model.num_heads},
                                 {"kv_heads", model.num_kv_heads},
                                 {"dtype", model.numerics.dtype},
                                 {"prompts", model.prompt_entropies.size()},
                                 {"si", OrNull(model.si_mean)}};
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace headspec::sweep
