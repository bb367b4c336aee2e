# headspec_room(NAME LINK targets...): one static library per folder of src/.
function(headspec_room name)
  cmake_parse_arguments(ROOM "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cc)
  add_library(headspec_${name} STATIC ${sources})
  add_library(headspec::${name} ALIAS headspec_${name})
  target_include_directories(headspec_${name} PUBLIC
    ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(headspec_${name} PUBLIC ${ROOM_LINK} fmt::fmt PRIVATE headspec::warnings)
endfunction()
