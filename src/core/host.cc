#include "core/host.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace headspec {

std::string HostName() {
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) return "host";
  std::string name = buffer.data();
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_' && c != '.'; }, '_');
  return name.empty() || name.front() == '.' ? "host" + name : name;
}

}  // namespace headspec
