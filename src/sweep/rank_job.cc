#include "sweep/rank_job.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <poll.h>

#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <system_error>
#include <thread>

#include "core/error.h"
#include "headspec_mpi.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

constexpr const char* kPlugin = "libheadspec-mpi.so";

std::optional<int> NumberIn(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  const std::string_view text = value;
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Beside the program, as it is built, or where it is installed.
fs::path PluginFile() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const fs::path& file : {folder / kPlugin, folder.parent_path() / "lib" / "headspec" / kPlugin})
    if (fs::exists(file, error)) return file;
  throw Error(
      ErrorKind::kSystem,
      fmt::format("started by mpirun, but {} is not there: neither in {} nor in {}", kPlugin, folder.string(),
                  (folder.parent_path() / "lib" / "headspec").string()),
      "install the package headspec-mpi, build where MPI is installed, or use --shard i/n without mpirun");
}

const headspec_mpi* Load() {
  const fs::path file = PluginFile();
  // MPI loads parts of its own, which look for its symbols.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr)
    throw Error(ErrorKind::kSystem, fmt::format("{}: cannot be loaded ({})", file.string(), dlerror()),
                "install the MPI that it was built for");
  const auto interface =
      reinterpret_cast<const headspec_mpi* (*)()>(dlsym(library, "headspec_mpi_interface"));
  if (interface == nullptr || interface()->interface != HEADSPEC_MPI_INTERFACE)
    throw Error(ErrorKind::kSystem, fmt::format("{}: is of another version", file.string()),
                "install program and plug-in of one version");
  return interface();
}

// Calls `late` unless it ends before so many seconds.
class Watch {
 public:
  Watch(double seconds, const std::function<void()>& late)
      : thread_([this, seconds, &late](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          wake_.wait_for(lock, stop, std::chrono::duration<double>(seconds), [] { return false; });
          if (!stop.stop_requested()) late();
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace

Launch ReadLaunch() {
  Launch launch;
  auto size = NumberIn("OMPI_COMM_WORLD_SIZE") ? NumberIn("OMPI_COMM_WORLD_SIZE") : NumberIn("PMI_SIZE");
  if (!size && NumberIn("PMIX_RANK")) size = NumberIn("SLURM_STEP_NUM_TASKS");
  launch.rank = -1;
  for (const char* variable : {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"}) {
    if (const auto rank = NumberIn(variable); rank && launch.rank < 0) launch.rank = *rank;
  }
  launch.is_job = size ? *size > 1 : launch.rank >= 0;
  for (const char* variable : {"OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE"}) {
    const auto ranks = NumberIn(variable);
    if (!ranks || *ranks < 1) continue;
    launch.ranks_of_host = *ranks;
    break;
  }
  const char* recovery = std::getenv("OMPI_MCA_orte_enable_recovery");
  if (NumberIn("OMPI_COMM_WORLD_SIZE")) launch.recovers = recovery != nullptr && recovery[0] != '0';
  return launch;
}

RankJob::RankJob(double seconds, std::function<void()> give_up)
    : seconds_(seconds), give_up_(std::move(give_up)), mpi_(Load()) {
  std::array<char, 256> complaint{};
  const Watch watch(seconds_, give_up_);
  if (mpi_->start(&rank_, &size_, complaint.data(), complaint.size()) != 0)
    throw Error(ErrorKind::kSystem, fmt::format("this rank cannot join the job ({})", complaint.data()),
                "see what mpirun says");
}

void RankJob::Send(int to, const Message& message) {
  const std::string bytes = Packed(message);
  (void)mpi_->send(to, bytes.data(), bytes.size());
}

std::optional<std::pair<int, Message>> RankJob::Receive() {
  int from = 0;
  std::size_t count = 0;
  if (mpi_->poll(&from, &count) == 0) return std::nullopt;
  std::string bytes(count, '\0');
  if (mpi_->receive(bytes.data(), count) != 0) return std::nullopt;
  return std::pair(from, Unpacked(bytes));
}

void RankJob::Leave(bool together) {
  constexpr int kSteps = 200, kMilliseconds = 10;
  if (together) {
    const Watch watch(seconds_, give_up_);
    return mpi_->finish();
  }
  for (int i = 0; i < kSteps && mpi_->is_sending() != 0; ++i) poll(nullptr, 0, kMilliseconds);
}

}  // namespace headspec::sweep
