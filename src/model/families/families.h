// One line for each family file beside this one.
#pragma once

#include "model/family.h"

namespace headspec::model {

extern const Family kPhi;

}  // namespace headspec::model
