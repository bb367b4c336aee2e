#include "sweep/supervisor.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/host.h"
#include "experiment/files.h"
#include "experiment/own_cache.h"
#include "report/files.h"
#include "sweep/layout.h"
#include "sweep/worker.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

// A message holds at most so much of a file, so that rank 0 is never busy with one for long.
constexpr std::size_t kPiece = std::size_t{4} << 20;
// Rank 0 may be held up by its file system; it is given up later than it gives up ranks.
constexpr double kPatience = 5;
constexpr int kMostStarts = 3;
constexpr double kSecondsToStop = 4;

bool IsThere(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error);
}

fs::path MakeOwnFolder() {
  std::string name = (fs::temp_directory_path() / "headspec-rank-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    throw Error(ErrorKind::kSystem, fmt::format("{}: cannot be created ({})", name, std::strerror(errno)),
                "set TMPDIR to a folder that can be written");
  return name;
}

}  // namespace

Supervisor::Supervisor(CellOptions options, fs::path sweep, Send send)
    : options_(std::move(options)), sweep_(std::move(sweep)), send_(std::move(send)) {}

Supervisor::~Supervisor() {
  worker_.reset();
  std::error_code ignored;
  if (!own_folder_.empty()) fs::remove_all(own_folder_, ignored);
}

void Supervisor::Take(const Message& message, double now) {
  heard_ = now;
  switch (message.kind) {
    case Message::Kind::kWelcome:
      LookAround(message);
      break;
    case Message::Kind::kPlan:
      KeepOwnPlan(message);
      break;
    case Message::Kind::kTask:
      Begin(message);
      break;
    case Message::Kind::kStop:
      leaves_together_ = message.flag;
      Stop();
      break;
    default:
      break;
  }
}

void Supervisor::LookAround(const Message& welcome) {
  if (sweep_.empty()) sweep_ = welcome.text;
  const fs::path cache = experiment::OwnCacheFolder();
  const bool sees_folder = IsThere(sweep_ / welcome.name);
  sees_cache_ = !cache.empty() && IsThere(cache / welcome.name);
  if (!sees_folder) own_folder_ = MakeOwnFolder();
  send_({.kind = Message::Kind::kReady, .flag = sees_folder, .sees_cache = sees_cache_, .text = HostName()});
}

void Supervisor::KeepOwnPlan(const Message& plan) {
  report::WriteFile(own_folder_ / kManifestFile, plan.text);
  report::WriteFile(own_folder_ / kPlanFile, plan.bytes);
}

void Supervisor::Begin(const Message& task) {
  if (task_.number != 0) {
    next_ = task;
    return;
  }
  task_ = task;
  if (!worker_) {
    const fs::path folder = own_folder_.empty() ? sweep_ : own_folder_;
    worker_ = std::make_unique<WorkerProcess>(SetupLine({folder, options_}));
  }
  worker_->Ask(TaskLine(task.task));
}

void Supervisor::Tick(double now) {
  if (is_stopped_) return;
  if (now - last_beat_ >= beats_.interval) {
    last_beat_ = now;
    send_({.kind = Message::Kind::kBeat});
  }
  if (heard_ < 0) heard_ = now;
  if (now - heard_ > kPatience * beats_.silence)
    throw Error(ErrorKind::kRun, fmt::format("rank 0 has not answered for {:.0f} s", now - heard_),
                "start the same command again to go on");
  if (!worker_) return;
  // A process that has ended has written all that it will: how it ended is asked first and said last.
  const std::optional<std::string> ending = worker_->Ending();
  while (const auto line = worker_->Read()) Hear(*line);
  if (ending) {
    worker_.reset();
    Bury(*ending);
  } else if (worker_is_spent_) {
    worker_.reset();
    worker_is_ready_ = false;
  }
  worker_is_spent_ = false;
  if (task_.number != 0 || !next_) return;
  Begin(*std::exchange(next_, std::nullopt));
}

// A worker that did not come as far as its task says nothing of the model, and much of this host.
void Supervisor::Bury(const std::string& ending) {
  const bool was_ready = std::exchange(worker_is_ready_, false);
  if (!was_ready && ++failed_starts_ >= kMostStarts)
    throw Error(ErrorKind::kSystem,
                fmt::format("{}: no worker can begin: the last one {}", HostName(), ending),
                "see what it said; models and prompts have the same paths on all hosts");
  if (task_.number == 0) return;
  End({.outcome = was_ready ? Message::Outcome::kDied : Message::Outcome::kInterrupted, .text = ending}, "");
}

void Supervisor::Hear(const std::string& line) {
  const WorkerAnswer answer = ReadAnswer(line);
  if (answer.is_ready) {
    worker_is_ready_ = true;
    failed_starts_ = 0;
    return;
  }
  if (answer.is_note) return send_({.kind = Message::Kind::kNote, .text = answer.text});
  worker_is_spent_ = answer.outcome == Message::Outcome::kInterrupted;
  if (task_.number != 0)
    End({.outcome = answer.outcome, .code = answer.code, .text = answer.text}, answer.file);
}

void Supervisor::End(Message done, const std::string& kept_file) {
  done.kind = Message::Kind::kDone;
  done.number = std::exchange(task_.number, 0);
  done.task = task_.task;
  if (done.outcome == Message::Outcome::kMeasured) SendResult(done.number, kept_file);
  send_(done);
}

void Supervisor::SendResult(std::uint64_t number, const std::string& kept_file) {
  if (task_.task.range) {
    const fs::path cache = experiment::OwnCacheFolder();
    if (!kept_file.empty() && !sees_cache_)
      SendFile(number, kept_file, fs::path(kept_file).lexically_relative(cache).string(), false);
    return;
  }
  if (own_folder_.empty()) return;
  const fs::path folder = own_folder_ / kModelsFolder / task_.name;
  for (const auto& entry : fs::directory_iterator(folder))
    SendFile(number, entry.path(), entry.path().filename().string(), true);
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

void Supervisor::SendFile(std::uint64_t number, const fs::path& file, const std::string& name, bool of_cell) {
  const std::string bytes = experiment::ReadWholeFile(file, "result");
  std::size_t offset = 0;
  do {
    send_({.kind = Message::Kind::kFile,
           .number = number,
           .task = task_.task,
           .flag = of_cell,
           .offset = offset,
           .name = name,
           .bytes = bytes.substr(offset, kPiece)});
    offset += kPiece;
  } while (offset < bytes.size());
}

void Supervisor::Stop() {
  if (std::exchange(is_stopped_, true)) return;
  if (worker_) worker_->Stop(task_.number != 0, kSecondsToStop);
  worker_.reset();
}

}  // namespace headspec::sweep
