// What long work is counted in.
#pragma once

namespace headspec {

// Units of Observer::OnWorkBegin.
enum class WorkUnit {
  kItems,  // layers, shuffles, resamples
  kBytes,  // of files and downloads
};

}  // namespace headspec
