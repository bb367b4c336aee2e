#include "experiment/supported.h"

#include "model/family.h"

namespace headspec::experiment {

std::vector<SupportedFamily> SupportedFamilies() {
  std::vector<SupportedFamily> families;
  for (const model::Family* family : model::Families()) {
    families.push_back(
        {{family->model_types.begin(), family->model_types.end()}, std::string(family->covers)});
  }
  return families;
}

}  // namespace headspec::experiment
