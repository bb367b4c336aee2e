// The part of figure.gp that is the same for every run.
#pragma once

namespace headspec::report {

// Reads the variables that figure.cc puts before it.
extern const char* const kFigureScriptBody;

}  // namespace headspec::report
