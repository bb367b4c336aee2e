// MPI behind a small C interface. A message that fails is a rank that is gone: the caller notices by its
// silence, so that errors are returned and never end the job.
#include "headspec_mpi.h"

#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

#include <cstdio>
#include <list>
#include <vector>

namespace {

constexpr int kTag = 0x4853;

struct Sending {
  std::vector<char> bytes;
  MPI_Request request = MPI_REQUEST_NULL;
};
std::list<Sending> sending;  // where they are, until MPI has read them

MPI_Message waiting = MPI_MESSAGE_NULL;

void ForgetSent() {
  for (auto one = sending.begin(); one != sending.end();) {
    int is_done = 0;
    const int error = MPI_Test(&one->request, &is_done, MPI_STATUS_IGNORE);
    one = is_done != 0 || error != MPI_SUCCESS ? sending.erase(one) : std::next(one);
  }
}

int Start(int* rank, int* size, char* complaint, size_t complaint_size) {
  int provided = 0;
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) {
    std::snprintf(complaint, complaint_size, "MPI_Init_thread failed");
    return 1;
  }
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  MPI_Comm_size(MPI_COMM_WORLD, size);
  return 0;
}

int Send(int to, const void* bytes, size_t count) {
  ForgetSent();
  const char* first = static_cast<const char*>(bytes);
  Sending& message = sending.emplace_back(Sending{{first, first + count}});
  const int error = MPI_Isend(message.bytes.data(), static_cast<int>(count), MPI_BYTE, to, kTag,
                              MPI_COMM_WORLD, &message.request);
  if (error == MPI_SUCCESS) return 0;
  sending.pop_back();
  return 1;
}

int Poll(int* from, size_t* count) {
  ForgetSent();
  if (waiting != MPI_MESSAGE_NULL) return 0;
  int has_come = 0;
  MPI_Status status;
  if (MPI_Improbe(MPI_ANY_SOURCE, kTag, MPI_COMM_WORLD, &has_come, &waiting, &status) != MPI_SUCCESS ||
      has_come == 0) {
    waiting = MPI_MESSAGE_NULL;
    return 0;
  }
  int bytes = 0;
  MPI_Get_count(&status, MPI_BYTE, &bytes);
  *from = status.MPI_SOURCE;
  *count = static_cast<size_t>(bytes);
  return 1;
}

int Receive(void* bytes, size_t count) {
  const int error = MPI_Mrecv(bytes, static_cast<int>(count), MPI_BYTE, &waiting, MPI_STATUS_IGNORE);
  waiting = MPI_MESSAGE_NULL;
  return error == MPI_SUCCESS ? 0 : 1;
}

int IsSending() {
  ForgetSent();
  return sending.empty() ? 0 : 1;
}

void Finish() { MPI_Finalize(); }

}  // namespace

extern "C" __attribute__((visibility("default"))) const headspec_mpi* headspec_mpi_interface() {
  static const headspec_mpi interface = {
      HEADSPEC_MPI_INTERFACE, Start, Send, Poll, Receive, IsSending, Finish};
  return &interface;
}
