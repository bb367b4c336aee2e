#include "sweep/worker.h"

#include <unistd.h>

#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "core/json.h"
#include "headspec/run.h"
#include "sweep/failure.h"
#include "sweep/model_discard.h"
#include "sweep/plan.h"

namespace headspec::sweep {
namespace {

using Json = nlohmann::json;

std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

WorkerSetup ReadSetup(const std::string& line) {
  const auto json = ParseJson<Json>(line);
  WorkerSetup setup;
  setup.sweep = json.at("sweep").get<std::string>();
  setup.options.local_copies = json.at("local_copies");
  if (json.at("discard").get<bool>()) setup.options.discard = std::make_shared<ModelDiscard>();
  RunOptions& run = setup.options.run;
  run.threads = json.at("threads");
  run.activation_budget = json.at("activation_budget");
  run.fast_bf16 = json.at("fast_bf16");
  run.cpu_target = json.at("cpu_target");
  run.low_memory = json.at("low_memory");
  run.hub.offline = json.at("offline");
  run.hub.cache_folder = json.at("cache_folder");
  run.fresh = json.at("fresh");
  run.strict = json.at("strict");
  return setup;
}

// Lines of a pipe, as they come.
class LineReader {
 public:
  explicit LineReader(int file) : file_(file) {}

  std::optional<std::string> Next() {
    while (true) {
      if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      char bytes[4096];
      const ssize_t got = ::read(file_, bytes, sizeof bytes);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return std::nullopt;
      buffer_.append(bytes, static_cast<std::size_t>(got));
    }
  }

 private:
  const int file_;
  std::string buffer_;
};

class LineWriter {
 public:
  explicit LineWriter(int file) : file_(file) {}
  void Write(const Json& json) const {
    const std::string line = Line(json);
    std::string_view rest = line;
    while (!rest.empty()) {
      const ssize_t written = ::write(file_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return;  // the rank is gone, and this process goes with it
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }

 private:
  const int file_;
};

class WorkerObserver final : public Observer {
 public:
  WorkerObserver(const LineWriter& out, const std::function<bool()>& cancelled)
      : out_(out), cancelled_(cancelled) {}
  void OnNote(std::string_view text) override { out_.Write({{"note", std::string(text)}}); }
  bool Cancelled() const override { return cancelled_(); }

 private:
  const LineWriter& out_;
  const std::function<bool()>& cancelled_;
};

Json Failed(const CellFailure& failure) { return {{"failed", failure.error}, {"code", failure.code}}; }

Json Measured(const WorkerSetup& setup, const SweepPlan& plan, const Task& task, Observer& observer) {
  const SweepCell& cell = plan.cells.at(task.cell);
  if (task.range)
    return {{"measured", MeasurePart(plan, cell, *task.range, setup.options, observer).string()}};
  if (const auto failure = MeasureCell(plan, cell, setup.sweep, setup.options, observer))
    return Failed(*failure);
  return {{"measured", ""}};
}

Json Answer(const WorkerSetup& setup, const SweepPlan& plan, const Task& task, Observer& observer) {
  try {
    return Measured(setup, plan, task, observer);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::kInterrupted) return {{"interrupted", true}};
    return Failed(FailureFrom(e));
  } catch (const std::exception& e) {
    return Failed(FailureFrom(e));
  }
}

Task ReadTask(const std::string& line) {
  const auto json = ParseJson<Json>(line);
  Task task{.cell = json.at("cell"), .range = {}};
  if (json.contains("range")) task.range = PromptRange{json["range"].at(0), json["range"].at(1)};
  return task;
}

}  // namespace

std::string SetupLine(const WorkerSetup& setup) {
  const RunOptions& run = setup.options.run;
  return Line({{"sweep", setup.sweep.string()},
               {"local_copies", setup.options.local_copies},
               {"discard", setup.options.discard != nullptr},
               {"threads", run.threads},
               {"activation_budget", run.activation_budget},
               {"fast_bf16", run.fast_bf16},
               {"cpu_target", run.cpu_target},
               {"low_memory", run.low_memory},
               {"offline", run.hub.offline},
               {"cache_folder", run.hub.cache_folder},
               {"fresh", run.fresh},
               {"strict", run.strict}});
}

std::string TaskLine(const Task& task) {
  Json json = {{"cell", task.cell}};
  if (task.range) json["range"] = {task.range->first, task.range->last};
  return Line(json);
}

WorkerAnswer ReadAnswer(std::string_view line) {
  using Outcome = Message::Outcome;
  try {
    const auto json = ParseJson<Json>(line);
    if (json.contains("ready")) return {.is_ready = true};
    if (json.contains("note")) return {.is_note = true, .text = json["note"]};
    if (json.contains("interrupted")) return {.outcome = Outcome::kInterrupted};
    if (json.contains("failed"))
      return {.outcome = Outcome::kFailed, .code = json.at("code"), .text = json["failed"]};
    return {.file = json.at("measured")};
  } catch (const JsonError&) {
  } catch (const Json::exception&) {
  }
  throw Error(ErrorKind::kRun, "a worker's answer cannot be understood", "report it");
}

int ServeWorker(int in, int out, const std::function<bool()>& cancelled) {
  LineReader lines(in);
  const LineWriter answers(out);
  const auto first = lines.Next();
  if (!first) return 0;
  const WorkerSetup setup = ReadSetup(*first);
  const SweepPlan plan = ReadPlan(setup.sweep);
  WorkerObserver observer(answers, cancelled);
  answers.Write({{"ready", true}});
  while (const auto line = lines.Next()) answers.Write(Answer(setup, plan, ReadTask(*line), observer));
  if (setup.options.discard) setup.options.discard->RemoveAll(observer);
  return 0;
}

}  // namespace headspec::sweep
