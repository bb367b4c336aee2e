# hf/: Hugging Face's own tokenizers and a Jinja renderer behind a C ABI, built by cargo as one archive.
find_program(CARGO cargo REQUIRED)
set(hf_target_dir ${PROJECT_BINARY_DIR}/hf)
set(hf_archive ${hf_target_dir}/release/libheadspec_hf.a)
file(GLOB hf_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/hf/src/*.rs)
add_custom_command(OUTPUT ${hf_archive}
  COMMAND ${CARGO} build --release --locked --quiet
          --manifest-path ${PROJECT_SOURCE_DIR}/hf/Cargo.toml --target-dir ${hf_target_dir}
  DEPENDS ${hf_sources} ${PROJECT_SOURCE_DIR}/hf/Cargo.toml ${PROJECT_SOURCE_DIR}/hf/Cargo.lock
  COMMENT "Building the tokenizers crate"
  VERBATIM)
add_custom_target(headspec_hf_build DEPENDS ${hf_archive})

add_library(headspec_hf INTERFACE)
add_library(headspec::hf ALIAS headspec_hf)
add_dependencies(headspec_hf headspec_hf_build)
target_include_directories(headspec_hf INTERFACE ${PROJECT_SOURCE_DIR}/hf/include)
target_link_libraries(headspec_hf INTERFACE ${hf_archive} Threads::Threads ${CMAKE_DL_LIBS} m)
