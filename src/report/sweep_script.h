// The parts of curves.gp that are the same for every sweep.
#pragma once

namespace headspec::report {

extern const char* const kSweepLayout;
extern const char* const kSweepBody;       // over steps or size
extern const char* const kSweepNamesBody;  // a line for each measurement
extern const char* const kSweepKey;        // after either

}  // namespace headspec::report
