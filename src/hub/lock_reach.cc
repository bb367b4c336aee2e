#include "hub/lock_reach.h"

#include <fmt/format.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <vector>

namespace headspec::hub {
namespace fs = std::filesystem;
namespace {

struct Mount {
  std::string point;
  std::string type;
  std::vector<std::string> options;

  bool Has(std::string_view option) const {
    return std::find(options.begin(), options.end(), option) != options.end();
  }
};

// "\040" and so on stand for the characters that part the fields.
std::string Unescaped(std::string_view field) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const bool escapes = field[i] == '\\' && i + 3 < field.size() && is_octal(field[i + 1]) &&
                         is_octal(field[i + 2]) && is_octal(field[i + 3]);
    if (!escapes) {
      text += field[i];
      continue;
    }
    text += static_cast<char>((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0'));
    i += 3;
  }
  return text;
}

void AddOptions(const std::string& field, std::vector<std::string>& options) {
  std::istringstream in(field);
  for (std::string option; std::getline(in, option, ',');) options.push_back(option);
}

// 36 35 98:0 /root /point rw,noatime shared:1 - type source rw,errors=continue
std::optional<Mount> ReadMount(const std::string& line) {
  std::istringstream in(line);
  std::string skipped, point, options, field;
  if (!(in >> skipped >> skipped >> skipped >> skipped >> point >> options)) return std::nullopt;
  while (in >> field && field != "-") {
  }
  Mount mount{.point = Unescaped(point), .type = {}, .options = {}};
  std::string source, more;
  if (!(in >> mount.type >> source)) return std::nullopt;
  AddOptions(options, mount.options);
  if (in >> more) AddOptions(more, mount.options);
  return mount;
}

bool IsBelow(const fs::path& path, const fs::path& folder) {
  const auto [in_folder, in_path] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end() || (std::next(in_folder) == folder.end() && in_folder->empty());
}

// The one that path lies in: the deepest, and of several at one point the last, which hides the others.
std::optional<Mount> MountOf(std::string_view mountinfo, const fs::path& path) {
  std::optional<Mount> found;
  std::istringstream in{std::string(mountinfo)};
  for (std::string line; std::getline(in, line);) {
    std::optional<Mount> mount = ReadMount(line);
    if (!mount || !IsBelow(path, mount->point)) continue;
    if (!found || mount->point.size() >= found->point.size()) found = std::move(mount);
  }
  return found;
}

LockFacts Facts(const Mount& mount, LockReach reach, std::string_view option) {
  const std::string_view words = reach == LockReach::kAllHosts   ? "locks hold on all hosts"
                                 : reach == LockReach::kThisHost ? "locks hold on this host only"
                                                                 : "there are no locks";
  return {
      reach, true,
      fmt::format("{} at {}{}{}: {}", mount.type, mount.point, option.empty() ? "" : ", ", option, words)};
}

// The first of the options that the mount has, else "".
std::string_view AnyOf(const Mount& mount, std::initializer_list<std::string_view> options) {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](std::string_view option) { return mount.Has(option); });
  return found == options.end() ? std::string_view() : *found;
}

LockFacts FactsOf(const Mount& mount) {
  const std::string& type = mount.type;
  const auto on_all_unless = [&](std::initializer_list<std::string_view> options) {
    const std::string_view option = AnyOf(mount, options);
    return Facts(mount, option.empty() ? LockReach::kAllHosts : LockReach::kThisHost, option);
  };
  if (type == "nfs" || type == "nfs4") return on_all_unless({"nolock", "local_lock=all", "local_lock=flock"});
  if (type == "lustre") {
    if (const auto option = AnyOf(mount, {"flock", "localflock"}); !option.empty())
      return Facts(mount, option == "flock" ? LockReach::kAllHosts : LockReach::kThisHost, option);
    return Facts(mount, LockReach::kNone, mount.Has("noflock") ? "noflock" : "without flock");
  }
  if (type == "cifs" || type == "smb3") return on_all_unless({"nobrl"});
  constexpr std::array<std::string_view, 8> kClusters = {
      "ceph", "fuse.ceph", "fuse.ceph-fuse", "gpfs", "fuse.glusterfs", "gfs2", "ocfs2", "panfs"};
  if (std::find(kClusters.begin(), kClusters.end(), type) != kClusters.end())
    return Facts(mount, LockReach::kAllHosts, "");
  // FUSE answers locks in the kernel of this host unless the program behind it takes them, which few do.
  constexpr std::array<std::string_view, 6> kAlone = {"beegfs", "9p", "virtiofs", "afs", "orangefs", "pvfs2"};
  if (type.starts_with("fuse.") || type == "fuse" ||
      std::find(kAlone.begin(), kAlone.end(), type) != kAlone.end())
    return Facts(mount, LockReach::kThisHost, "");
  return {LockReach::kThisHost, false,
          fmt::format("{} at {}: a file system of this host", type, mount.point)};
}

// Where /proc is not mounted: what kind of file system it is, not how it is mounted.
LockFacts FactsByKind(const fs::path& path) {
#ifdef __linux__
  constexpr long kNfs = 0x6969, kLustre = 0x0BD00BD0, kFuse = 0x65735546;
  struct statfs status = {};
  if (::statfs(path.c_str(), &status) == 0) {
    const long kind = static_cast<long>(status.f_type);
    if (kind == kNfs || kind == kLustre || kind == kFuse) {
      return {
          LockReach::kThisHost, true,
          fmt::format("{}: a shared file system, and /proc does not say how it is mounted: locks may hold "
                      "on this host only",
                      path.string())};
    }
  }
#endif
  return {LockReach::kThisHost, false, path.string() + ": a file system of this host"};
}

}  // namespace

LockFacts ReachIn(std::string_view mountinfo, const fs::path& path) {
  const std::optional<Mount> mount = MountOf(mountinfo, path);
  if (mount) return FactsOf(*mount);
  return {LockReach::kThisHost, false, path.string() + ": a file system of this host"};
}

LockFacts ReachOf(const fs::path& path) {
  std::error_code failed;
  fs::path there = fs::absolute(path, failed);
  while (!fs::exists(there, failed) && there.has_relative_path()) there = there.parent_path();
  const fs::path place = fs::canonical(there, failed);
  if (failed) return FactsByKind(there);
  std::ifstream in("/proc/self/mountinfo", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return text.empty() ? FactsByKind(place) : ReachIn(text, place);
}

}  // namespace headspec::hub
