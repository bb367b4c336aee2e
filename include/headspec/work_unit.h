// What long work is counted in.
#pragma once

namespace headspec {

enum class WorkUnit { kItems, kBytes };

}  // namespace headspec
