// This machine among those that share a file system.
#pragma once

#include <string>

namespace headspec {

// Its name as file names may hold it: letters, digits, "-", "_" and "."; "host" where it has none.
std::string HostName();

}  // namespace headspec
