# mpi/: a plug-in of its own, so that the program itself needs no MPI. A Python module started by mpirun has none.
if(HEADSPEC_MPI STREQUAL "ON")
  find_package(MPI REQUIRED COMPONENTS C)
elseif(NOT HEADSPEC_MPI STREQUAL "OFF" AND NOT SKBUILD)
  find_package(MPI QUIET COMPONENTS C)
endif()
if(MPI_C_FOUND)
  add_subdirectory(mpi)
endif()
