// Versions of the libraries behind this room's doors, as linked where they tell, else as compiled.
#pragma once

#include <string>

namespace headspec {

// The program's own is Version() of headspec/version.h.
std::string OpenSslVersion();  // of libcrypto, "3.0.15"
std::string JsonLibraryVersion();
std::string FmtVersion();

}  // namespace headspec
