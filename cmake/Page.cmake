# The page that report.html is made from (page/), as a source file: the program looks for no file when it runs.
set(page_bundle ${PROJECT_SOURCE_DIR}/page/bundle/report.html)
if(NOT EXISTS ${page_bundle})
  message(FATAL_ERROR "${page_bundle} is missing; make it with: ./dev page")
endif()
set(page_source ${PROJECT_BINARY_DIR}/generated/page_template.cc)
add_custom_command(OUTPUT ${page_source}
  COMMAND ${CMAKE_COMMAND} -DPAGE=${page_bundle} -DOUTPUT=${page_source} -P ${PROJECT_SOURCE_DIR}/cmake/EmbedPage.cmake
  DEPENDS ${page_bundle} ${PROJECT_SOURCE_DIR}/cmake/EmbedPage.cmake
  COMMENT "Embedding the page of report.html"
  VERBATIM)
target_sources(headspec_report PRIVATE ${page_source})
# As long as a page: longer than the standard asks compilers to take, and they do.
set_source_files_properties(${page_source} PROPERTIES COMPILE_OPTIONS -Wno-overlength-strings)
