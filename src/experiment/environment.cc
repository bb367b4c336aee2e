#include "experiment/environment.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <toml++/toml.h>
#include <zip.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>

#include "core/version.h"
#include "engine/forward.h"
#include "headspec/version.h"
#include "hub/version.h"
#include "text/version.h"

namespace headspec::experiment {
namespace {

std::string Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

// Of the first "name : value" line; empty if there is none.
std::string CpuField(std::string_view cpuinfo, std::string_view name) {
  while (!cpuinfo.empty()) {
    const auto end = std::min(cpuinfo.find('\n'), cpuinfo.size());
    const std::string_view line = cpuinfo.substr(0, end);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && Trimmed(line.substr(0, colon)) == name)
      return Trimmed(line.substr(colon + 1));
    cpuinfo.remove_prefix(std::min(end + 1, cpuinfo.size()));
  }
  return {};
}

std::string ReadCpuName() {
  std::ifstream in("/proc/cpuinfo");
  return CpuName(std::string{std::istreambuf_iterator<char>(in), {}});
}

std::string System() {
  utsname names{};
  if (uname(&names) != 0) return {};
  return fmt::format("{} {} {}", names.sysname, names.release, names.machine);
}

std::vector<Library> Libraries() {
  return {{"libcurl", hub::CurlVersion()},
          {"libcrypto", OpenSslVersion()},
          {"highway", engine::HighwayVersion()},
          {"tokenizers", text::TokenizersVersion()},
          {"minijinja", text::MinijinjaVersion()},
          {"nlohmann-json", JsonLibraryVersion()},
          {"toml++", fmt::format("{}.{}.{}", TOML_LIB_MAJOR, TOML_LIB_MINOR, TOML_LIB_PATCH)},
          {"libzip", zip_libzip_version()},
          {"fmt", FmtVersion()}};
}

}  // namespace

std::string CpuName(std::string_view cpuinfo) {
  for (const std::string_view name : {"model name", "Model", "cpu model", "Hardware"}) {
    if (std::string value = CpuField(cpuinfo, name); !value.empty()) return value;
  }
  const std::string implementer = CpuField(cpuinfo, "CPU implementer");
  if (implementer.empty()) return {};
  return fmt::format("implementer {}, part {}", implementer, CpuField(cpuinfo, "CPU part"));
}

Environment DescribeEnvironment(const RunOptions& run) {
  const int cpus = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return {.program = "headspec " + Version(),
          .commit = SourceCommit(),
          .compiler = HEADSPEC_COMPILER,
          .build = HEADSPEC_BUILD,
          .system = System(),
          .cpu = ReadCpuName(),
          .logical_cpus = cpus,
          .threads = run.threads > 0 ? run.threads : cpus,
          .libraries = Libraries()};
}

}  // namespace headspec::experiment
