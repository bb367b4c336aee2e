#include "hub/cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include "core/error.h"

namespace headspec::hub {
namespace fs = std::filesystem;
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A leading ~ and $NAME or ${NAME} anywhere, as the Python library expands them.
fs::path Expand(const std::string& text) {
  std::string out = text == "~" || text.starts_with("~/") ? Environment("HOME") + text.substr(1) : text;
  for (std::size_t at = out.find('$'); at != std::string::npos; at = out.find('$', at + 1)) {
    const bool braced = at + 1 < out.size() && out[at + 1] == '{';
    const std::size_t begin = at + (braced ? 2 : 1);
    std::size_t end = begin;
    while (end < out.size() && (std::isalnum(static_cast<unsigned char>(out[end])) || out[end] == '_')) ++end;
    if (end == begin || (braced && (end >= out.size() || out[end] != '}'))) continue;
    const char* value = std::getenv(out.substr(begin, end - begin).c_str());
    if (value == nullptr) continue;
    out.replace(at, end + (braced ? 1 : 0) - at, value);
    at += std::string_view(value).size() - 1;  // what came in is not expanded again
  }
  return out;
}

bool IsCommit(const std::string& text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string FolderName(const std::string& model) {
  std::string name = "models--" + model;
  if (const auto slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
  return name;
}

// What to do about a revision that is not in the cache. A name that a shell would read otherwise is left out.
std::string DownloadHint(const std::string& model, const std::string& revision) {
  const bool plain = std::all_of(revision.begin(), revision.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == '/';
  });
  const bool named = plain && !revision.empty() && revision != "main" && revision.front() != '-';
  return fmt::format("download it with `hf download {}{}`, or give a folder", model,
                     named ? " --revision " + revision : "");
}

}  // namespace

fs::path CacheFolder() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const std::string value = Environment(name); !value.empty()) return Expand(value);
  }
  if (const std::string home = Environment("HF_HOME"); !home.empty()) return Expand(home) / "hub";
  if (const std::string xdg = Environment("XDG_CACHE_HOME"); !xdg.empty())
    return Expand(xdg) / "huggingface" / "hub";
  return Expand("~/.cache/huggingface/hub");
}

bool IsModelId(const std::string& text) {
  const auto slash = text.find('/');
  const bool allowed = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || c == '/';
  });
  const bool one_slash = slash == std::string::npos || (slash != 0 && slash + 1 < text.size() &&
                                                        text.find('/', slash + 1) == std::string::npos);
  return allowed && one_slash && !text.starts_with('.') && text.find("..") == std::string::npos &&
         text.find("--") == std::string::npos;
}

Snapshot FindSnapshot(const std::string& model, const std::string& revision) {
  const fs::path repository = CacheFolder() / FolderName(model);
  std::string commit = revision;
  std::error_code code;
  if (!IsCommit(revision)) {
    const fs::path ref = repository / "refs" / revision;
    const bool plain = !revision.empty() && revision.find("..") == std::string::npos;
    if (plain && fs::is_regular_file(ref, code)) {
      std::ifstream in(ref, std::ios::binary);
      commit.assign(std::istreambuf_iterator<char>(in), {});
    }
    if (!plain || !IsCommit(commit)) {
      throw Error(ErrorKind::kSystem,
                  fmt::format("{}: no such folder here, and no revision \"{}\" of it in the cache {}", model,
                              revision, CacheFolder().string()),
                  DownloadHint(model, revision));
    }
  }
  const fs::path folder = repository / "snapshots" / commit;
  if (!fs::exists(folder / "config.json", code)) {
    throw Error(ErrorKind::kSystem,
                fmt::format("{}: no config.json in the cached snapshot {}", model, folder.string()),
                DownloadHint(model, revision));
  }
  return {folder, commit};
}

}  // namespace headspec::hub
