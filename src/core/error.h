// The failure type of all rooms, which is also the public one.
#pragma once

#include "headspec/error.h"  // IWYU pragma: export
