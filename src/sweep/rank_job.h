// The job that mpirun started this process in: other processes of the same command, by number.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "sweep/message.h"

struct headspec_mpi;

namespace headspec::sweep {

// What the launcher says in the environment.
struct Launch {
  bool is_job = false;    // this process is one of several
  int rank = 0;           // -1: not said
  int ranks_of_host = 1;  // as far as is known
  bool recovers = true;   // the job goes on when a rank is lost, or nobody knows
};
Launch ReadLaunch();

class RankJob {
 public:
  // Loads the plug-in and joins. Throws Error(kSystem) if there is none. All ranks join and leave together,
  // and when one is lost just then MPI waits for it for ever: after so many seconds `give_up` is called by
  // another thread, and does not return.
  RankJob(double seconds, std::function<void()> give_up);
  RankJob(const RankJob&) = delete;
  RankJob& operator=(const RankJob&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  // A rank that cannot be reached is one that does not answer: no error.
  void Send(int to, const Message& message);
  // What has come, without waiting. Throws Error(kRun) on what no rank of this version sent.
  std::optional<std::pair<int, Message>> Receive();
  // Leaves the job: with all ranks, waiting for them, or alone as soon as what was sent is sent.
  void Leave(bool together);

 private:
  const double seconds_;
  const std::function<void()> give_up_;
  const headspec_mpi* mpi_ = nullptr;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace headspec::sweep
