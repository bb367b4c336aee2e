// The version of libcurl that is linked.
#pragma once

#include <string>

namespace headspec::hub {

std::string CurlVersion();

}  // namespace headspec::hub
