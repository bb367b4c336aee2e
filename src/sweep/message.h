// What rank 0, which hands out, and the ranks, which measure, tell each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sweep/schedule.h"

namespace headspec::sweep {

struct Message {
  enum class Kind {
    // From rank 0.
    kWelcome,  // the sweep's folder in `text`, the name of a file that is in it in `name`
    kPlan,     // for ranks that do not see that folder: manifest in `text`, plan.json in `bytes`
    kTask,     // the cell's folder in `name`
    kStop,     // flag: all ranks are there, so that the job can be left together
    // From ranks.
    kReady,  // the host in `text`; flag: sees the folder; sees_cache: and headspec's own cache
    kFile,   // a piece of the file `name`; flag: of the cell's folder, else of the own cache
    kDone,
    kNote,  // a line for people in `text`
    kLeft,
    // Both ways.
    kBeat,
  };
  enum class Outcome { kMeasured, kFailed, kDied, kInterrupted };

  Kind kind = Kind::kBeat;
  std::uint64_t number = 0;  // of the task
  Task task = {};
  Outcome outcome = Outcome::kMeasured;
  int code = 0;  // of a failure; its words are in `text`
  bool flag = false;
  bool sees_cache = false;
  std::uint64_t offset = 0;  // of `bytes` in the file
  std::string name = {};
  std::string text = {};
  std::string bytes = {};
};

std::string Packed(const Message& message);
// Throws Error(kRun) on what Packed() did not make: the ranks run different versions of the program.
Message Unpacked(std::string_view bytes);

}  // namespace headspec::sweep
