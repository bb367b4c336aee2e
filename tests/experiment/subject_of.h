// A model of a test, loaded without anybody watching.
#pragma once

#include "experiment/subject.h"
#include "headspec/run.h"

namespace headspec::experiment {

inline Subject SubjectOf(const ModelEntry& entry) {
  Observer nobody;
  return LoadSubject(entry, {}, nobody);
}

}  // namespace headspec::experiment
