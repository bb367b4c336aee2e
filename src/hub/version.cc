#include "hub/version.h"

#include <curl/curl.h>

namespace headspec::hub {

std::string CurlVersion() { return curl_version_info(CURLVERSION_NOW)->version; }

}  // namespace headspec::hub
