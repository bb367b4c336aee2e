#include "sweep/plan.h"

namespace headspec::sweep {

bool IsSplit(const SweepPlan& plan, const SweepCell& cell) {
  const std::size_t prompts = plan.protocols.at(cell.protocol).prompts.prompts.size();
  return plan.split_prompts > 0 && prompts > static_cast<std::size_t>(plan.split_prompts);
}

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
