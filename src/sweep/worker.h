// The process that measures cells for a rank, so that a model that brings it down costs one try and no more.
// Asked over stdin, answering on stdout, in lines of JSON.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "sweep/cell.h"
#include "sweep/message.h"

namespace headspec::sweep {

struct WorkerSetup {
  std::filesystem::path sweep;  // with manifest.toml and plan.json
  CellOptions options;
};
// The first line that a worker gets. Callbacks in the options (metrics) do not travel.
std::string SetupLine(const WorkerSetup& setup);

// What a worker says: that it has begun, a line for people, or how its task ended.
struct WorkerAnswer {
  bool is_ready = false;
  bool is_note = false;
  Message::Outcome outcome = Message::Outcome::kMeasured;
  int code = 0;
  std::string text = {};  // the note, or the words of a failure
  std::string file = {};  // of a part: where it is kept
};
std::string TaskLine(const Task& task);
// Throws Error(kRun) on anything else.
WorkerAnswer ReadAnswer(std::string_view line);

// The worker: measures what is asked for until `in` ends. `cancelled` stops it at the next safe point.
// Returns its exit code.
int ServeWorker(int in, int out, const std::function<bool()>& cancelled);

}  // namespace headspec::sweep
