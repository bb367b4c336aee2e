# cmake -DPAGE= -DOUTPUT= -P: writes the page as two strings into a source file, what stands before its data and
# what stands behind.
cmake_minimum_required(VERSION 3.25)
set(place "@HEADSPEC_DATA@")
file(READ ${PAGE} text)
file(SIZE ${PAGE} bytes)
string(LENGTH "${text}" length)
string(FIND "${text}" "${place}" first)
string(FIND "${text}" "${place}" last REVERSE)
if(NOT length EQUAL bytes OR first EQUAL -1 OR NOT first EQUAL last)
  message(FATAL_ERROR "${PAGE}: expected text with ${place} in it once; make it again with: ./dev page")
endif()

# Not raw strings: GCC takes the spaces out of them between a backslash and a line's end.
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "??" "?\\?" text "${text}")  # or some would be trigraphs
string(REPLACE "\r" "\\r" text "${text}")
string(REPLACE "\n" "\\n\"\n  \"" text "${text}")
string(REPLACE "${place}" "\"; }\nstd::string_view PageAfterData() {\n  return \"" text "${text}")
file(WRITE ${OUTPUT} "#include \"report/page_template.h\"

namespace headspec::report {

std::string_view PageBeforeData() {
  return \"${text}\";
}

}  // namespace headspec::report
")
