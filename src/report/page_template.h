// The page without its data, as page/bundle/report.html had it when the program was built.
#pragma once

#include <string_view>

namespace headspec::report {

std::string_view PageBeforeData();
std::string_view PageAfterData();

}  // namespace headspec::report
