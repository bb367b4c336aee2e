// The version, from one place: project(headspec VERSION ...) in CMakeLists.txt.
#pragma once

#include <string>

#include "headspec/export.h"

namespace headspec {

HEADSPEC_API std::string Version();  // "0.1.0"

}  // namespace headspec
