# libheadspec: the rooms behind the public headers as one shared library, and how others find it.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(rooms core hub checkpoint text model engine metrics experiment report sweep)
list(TRANSFORM rooms REPLACE "(.+)" "$<TARGET_OBJECTS:headspec_\\1>" OUTPUT_VARIABLE room_objects)
add_library(headspec_library SHARED ${room_objects})
add_library(headspec::headspec ALIAS headspec_library)
set_target_properties(headspec_library PROPERTIES
  OUTPUT_NAME headspec
  EXPORT_NAME headspec
  VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
target_compile_features(headspec_library PUBLIC cxx_std_20)
target_include_directories(headspec_library INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(headspec_library PRIVATE
  fmt::fmt OpenSSL::Crypto CURL::libcurl headspec::hf hwy::hwy libzip::zip ZLIB::ZLIB
  tomlplusplus::tomlplusplus Threads::Threads)
# The symbols of the Rust archive stay inside.
target_link_options(headspec_library PRIVATE LINKER:--exclude-libs,libheadspec_hf.a LINKER:--no-undefined)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/headspec)
install(TARGETS headspec_library EXPORT headspecTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/headspec DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT headspecTargets NAMESPACE headspec:: DESTINATION ${package_folder})
configure_package_config_file(cmake/headspecConfig.cmake.in ${PROJECT_BINARY_DIR}/headspecConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/headspecConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/headspecConfig.cmake ${PROJECT_BINARY_DIR}/headspecConfigVersion.cmake
  DESTINATION ${package_folder})
