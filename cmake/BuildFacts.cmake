# What a result records of the build: versions of the locked crates, the compiler, and the commit of the source
# tree. The commit stands in one generated file, which changes only when the commit does.
function(headspec_locked_version crate variable)
  file(STRINGS ${PROJECT_SOURCE_DIR}/hf/Cargo.lock lines)
  list(FIND lines "name = \"${crate}\"" at)
  math(EXPR at "${at} + 1")
  list(GET lines ${at} line)
  string(REGEX REPLACE "^version = \"(.*)\"$" "\\1" version "${line}")
  set(${variable} "${version}" PARENT_SCOPE)
endfunction()

set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/hf/Cargo.lock)
headspec_locked_version(tokenizers tokenizers_version)
headspec_locked_version(minijinja minijinja_version)
set_source_files_properties(src/text/version.cc PROPERTIES COMPILE_DEFINITIONS
  "HEADSPEC_TOKENIZERS_VERSION=\"${tokenizers_version}\";HEADSPEC_MINIJINJA_VERSION=\"${minijinja_version}\"")
set_source_files_properties(src/experiment/environment.cc PROPERTIES COMPILE_DEFINITIONS
  "HEADSPEC_COMPILER=\"${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}\";HEADSPEC_BUILD=\"${CMAKE_BUILD_TYPE}\"")

find_program(GIT git)
set(commit_source ${PROJECT_BINARY_DIR}/generated/commit.cc)
add_custom_target(headspec_commit
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DGIT=${GIT} -DOUTPUT=${commit_source}
          -P ${PROJECT_SOURCE_DIR}/cmake/WriteCommit.cmake
  BYPRODUCTS ${commit_source}
  VERBATIM)
target_sources(headspec_experiment PRIVATE ${commit_source})
add_dependencies(headspec_experiment headspec_commit)
