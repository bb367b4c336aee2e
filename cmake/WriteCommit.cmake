# cmake -DSOURCE_DIR= -DGIT= -DOUTPUT= -P: writes the commit that is checked out into a source file, "-dirty" behind
# it where tracked files differ from it; nothing where SOURCE_DIR is not the top of a checkout.
set(commit "")
if(GIT)
  execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} rev-parse --show-cdup
    OUTPUT_VARIABLE above RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed AND above STREQUAL "")
    execute_process(COMMAND ${GIT} -C ${SOURCE_DIR} describe --always --abbrev=40 --dirty --exclude *
      OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
set(text "#include \"experiment/environment.h\"

namespace headspec::experiment {

std::string SourceCommit() { return \"${commit}\"; }

}  // namespace headspec::experiment
")
set(written "")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} written)
endif()
if(NOT written STREQUAL text)
  file(WRITE ${OUTPUT} "${text}")
endif()
