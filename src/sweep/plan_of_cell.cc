#include "sweep/plan.h"

namespace headspec::sweep {

Plan PlanOfCell(const SweepPlan& plan, const SweepCell& cell) {
  Plan one;
  one.experiment = plan.experiment;
  one.slug = "measure";
  one.purpose = plan.purpose;
  one.protocol = plan.protocols.at(cell.protocol);
  one.ladder = {cell.entry};
  return one;
}

}  // namespace headspec::sweep
