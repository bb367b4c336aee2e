/* What the program asks of MPI. It is not linked with any: libheadspec-mpi.so, which is, is loaded when
 * mpirun started the program. One thread calls all of it. */
#pragma once

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEADSPEC_MPI_INTERFACE 1

struct headspec_mpi {
  int interface; /* HEADSPEC_MPI_INTERFACE of the plug-in */
  /* Joins the job. 0, or why not is in `complaint`. */
  int (*start)(int* rank, int* size, char* complaint, size_t complaint_size);
  /* Copies the bytes and sends them on its own; messages from one rank to another keep their order. Not 0:
   * the rank cannot be reached. */
  int (*send)(int to, const void* bytes, size_t count);
  /* 1: `receive` is to be called with room for `count` bytes of rank `from`. 0: nothing has come. */
  int (*poll)(int* from, size_t* count);
  int (*receive)(void* bytes, size_t count);
  /* 1 while something that was sent is still on its way. */
  int (*is_sending)(void);
  /* Leaves the job; waits for all ranks. */
  void (*finish)(void);
};

/* The one symbol of the plug-in. */
const struct headspec_mpi* headspec_mpi_interface(void);

#ifdef __cplusplus
}
#endif
