#include "sweep/hand_out.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <optional>
#include <random>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/error.h"
#include "experiment/own_cache.h"
#include "sweep/cpus.h"
#include "sweep/failure.h"
#include "sweep/plan.h"
#include "sweep/supervisor.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

// How long a rank with nothing to do sleeps: short beside a cell, long beside looking whether a message came.
constexpr int kNapMilliseconds = 4;

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Until the worker says something, or a little while.
void Nap(const Supervisor& supervisor) {
  pollfd worker = {supervisor.descriptor(), POLLIN, 0};
  poll(&worker, worker.fd >= 0 ? 1 : 0, kNapMilliseconds);
}

// A file with a name that nobody guesses: who finds it sees the same folder.
class TokenFile {
 public:
  // Without a folder there is none.
  TokenFile(const fs::path& folder, const std::string& name) : file_(folder.empty() ? "" : folder / name) {
    if (file_.empty()) return;
    std::error_code ignored;
    fs::create_directories(folder, ignored);
    const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0) ::close(file);
  }
  ~TokenFile() {
    if (!file_.empty()) ::unlink(file_.c_str());
  }
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;

 private:
  const fs::path file_;
};

std::string NewToken() {
  std::random_device random;
  return fmt::format(".headspec-job-{:08x}{:08x}", random(), random());
}

Error Interrupted() {
  return Error(ErrorKind::kInterrupted, "interrupted: what was measured is kept",
               "run the same command again to go on");
}

CellOptions WithThreads(CellOptions options) {
  if (options.run.threads == 0) options.run.threads = ThreadsHere(ReadLaunch().ranks_of_host);
  return options;
}

// Rank 0 as one of its own ranks: what the two halves tell each other waits in queues, because each may
// answer while the other speaks.
class LeadingRank {
 public:
  LeadingRank(RankJob& job, const SweepPlan& plan, Schedule& schedule, const fs::path& sweep,
              const RankOptions& options, SweepEvents& events)
      : job_(job),
        leader_(
            plan, schedule, sweep,
            [this](int rank, const Message& message) {
              if (rank == 0)
                to_self_.push_back(message);
              else
                job_.Send(rank, message);
            },
            events),
        self_(WithThreads(options.cell), sweep,
              [this](const Message& message) { from_self_.push_back(message); }) {
    leader_.UseBeats(options.beats);
    self_.UseBeats(options.beats);
    leader_.UsePlanText(plan.manifest_text, PlanJson(plan));
  }

  void Begin(const std::string& token) { leader_.Begin(job_.size(), token, Now()); }

  // Everything that can be done now.
  void Step() {
    while (auto message = job_.Receive()) leader_.Take(message->first, message->second, Now());
    Exchange();
    self_.Tick(Now());
    leader_.Tick(Now());
    Exchange();
  }
  void Wait() const { Nap(self_); }
  bool Finished() const { return leader_.Finished(); }
  void End() {
    leader_.Stop();
    self_.Stop();
    job_.Leave(leader_.AllThere());
  }

 private:
  void Exchange() {
    while (!to_self_.empty() || !from_self_.empty()) {
      if (!to_self_.empty()) {
        const Message message = std::move(to_self_.front());
        to_self_.pop_front();
        self_.Take(message, Now());
      }
      if (!from_self_.empty()) {
        const Message message = std::move(from_self_.front());
        from_self_.pop_front();
        leader_.Take(0, message, Now());
      }
    }
  }

  RankJob& job_;
  std::deque<Message> to_self_;
  std::deque<Message> from_self_;
  Leader leader_;
  Supervisor self_;
};

}  // namespace

std::vector<std::size_t> MissingOf(const SweepPlan& plan, const std::vector<std::size_t>& cells,
                                   const fs::path& sweep) {
  std::vector<std::size_t> missing;
  for (const std::size_t cell : cells)
    if (!IsMeasured(sweep, plan.cells.at(cell))) missing.push_back(cell);
  return missing;
}

void MeasureAlone(const SweepPlan& plan, const std::vector<std::size_t>& wanted, const fs::path& sweep,
                  const CellOptions& options, Observer& observer, SweepEvents& events) {
  Schedule schedule(plan, wanted);
  while (const auto task = schedule.Next(0)) {
    const SweepCell& cell = plan.cells.at(task->cell);
    const double begun = Now();
    std::optional<CellFailure> failure;
    try {
      if (task->range)
        (void)MeasurePart(plan, cell, *task->range, options, observer);
      else
        failure = MeasureCell(plan, cell, sweep, options, observer);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kInterrupted) throw Interrupted();
      failure = FailureFrom(e);
      NoteFailure(sweep, cell, *failure);
    } catch (const std::exception& e) {
      failure = FailureFrom(e);
      NoteFailure(sweep, cell, *failure);
    }
    if (failure) {
      schedule.Failed(0);
      events.OnFailed(cell, *failure);
    } else {
      schedule.Done(0);
      if (!task->range) events.OnMeasured(cell, Now() - begun);
    }
  }
}

Beats BeatsFromEnvironment() {
  Beats beats;
  const char* set = std::getenv("HEADSPEC_SILENCE");
  if (set == nullptr) return beats;
  const std::string_view text = set;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || !(seconds >= 1 && seconds <= 86400))
    throw Error(ErrorKind::kInput, fmt::format("HEADSPEC_SILENCE: found \"{}\", expected 1 to 86400", text),
                "say after how many seconds a rank that is silent is thought lost");
  beats.silence = seconds;
  beats.interval = std::min(beats.interval, seconds / 10);
  return beats;
}

void Lead(RankJob& job, const SweepPlan& plan, const std::vector<std::size_t>& wanted, const fs::path& sweep,
          const RankOptions& options, SweepEvents& events) {
  const std::string token = NewToken();
  const TokenFile in_sweep(sweep, token), in_cache(experiment::OwnCacheFolder(), token);
  Schedule schedule(plan, wanted);
  LeadingRank rank(job, plan, schedule, sweep, options, events);
  try {
    rank.Begin(token);
    while (!rank.Finished()) {
      if (options.cancelled()) throw Interrupted();
      rank.Step();
      rank.Wait();
    }
  } catch (...) {
    rank.End();
    throw;
  }
  rank.End();
}

bool Follow(RankJob& job, const fs::path& sweep, const RankOptions& options) {
  Supervisor supervisor(WithThreads(options.cell), sweep,
                        [&job](const Message& message) { job.Send(0, message); });
  supervisor.UseBeats(options.beats);
  try {
    while (!supervisor.IsStopped() && !options.cancelled()) {
      while (auto message = job.Receive()) supervisor.Take(message->second, Now());
      supervisor.Tick(Now());
      if (!supervisor.IsStopped()) Nap(supervisor);
    }
  } catch (...) {
    job.Send(0, {.kind = Message::Kind::kLeft});
    job.Leave(false);
    throw;
  }
  const bool was_interrupted = !supervisor.IsStopped();
  supervisor.Stop();
  if (was_interrupted) job.Send(0, {.kind = Message::Kind::kLeft});
  job.Leave(!was_interrupted && supervisor.LeavesTogether());
  return !was_interrupted;
}

void Dismiss(RankJob& job) {
  for (int rank = 1; rank < job.size(); ++rank) job.Send(rank, {.kind = Message::Kind::kStop, .flag = true});
  job.Leave(true);
}

bool BeatingObserver::Cancelled() const {
  const double now = Now();
  if (now - last_ >= Beats().interval) {
    last_ = now;
    for (int rank = 1; rank < job_.size(); ++rank) job_.Send(rank, {.kind = Message::Kind::kBeat});
  }
  return observer_.Cancelled();
}

}  // namespace headspec::sweep
