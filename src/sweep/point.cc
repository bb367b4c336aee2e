#include "report/sweep_json.h"
#include "sweep/gather.h"

namespace headspec::sweep {

std::string PointJson(const SweepPoint& point) { return report::SweepPointJson(point); }

SweepPoint ReadPoint(const std::string& text, const std::string& file) {
  return report::ReadSweepPoint(text, file);
}

}  // namespace headspec::sweep
