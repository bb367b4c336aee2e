#include "sweep/point_file.h"

#include "experiment/sweep_point.h"
#include "sweep/gather.h"

namespace headspec::sweep {

std::string PointText(const SweepCell& cell, const ModelResult& model) {
  SweepPoint point = experiment::PointOf(model);
  point.id = cell.id;
  return PointJson(point);
}

}  // namespace headspec::sweep
