#include "hub/cache.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "core/host.h"
#include "core/json.h"
#include "core/text.h"
#include "hub/excerpt.h"

namespace headspec::hub {
namespace fs = std::filesystem;
namespace {

std::string FolderName(const std::string& model) {
  std::string name = "models--" + model;
  if (const auto slash = name.find('/'); slash != std::string::npos) name.replace(slash, 1, "--");
  return name;
}

[[noreturn]] void FailWrite(const fs::path& file, const std::string& reason) {
  throw Error(ErrorKind::kSystem, fmt::format("cache: cannot write {} ({})", file.string(), reason),
              "check its permissions and free space, or name another folder with --cache-dir");
}

void MakeParents(const fs::path& file) {
  std::error_code code;
  fs::create_directories(file.parent_path(), code);
  if (code) FailWrite(file, code.message());
}

bool Exists(const fs::path& file) {
  std::error_code code;
  return fs::exists(file, code);
}

// Beside the final name, unlike that of any other process of any host.
fs::path Beside(const fs::path& file) {
  return fmt::format("{}.{}-{}.new", file.string(), HostName(), ::getpid());
}

void Rename(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::rename(from, to, code);
  if (!code) return;
  std::error_code ignored;
  fs::remove(from, ignored);
  FailWrite(to, code.message());
}

bool HasTokenizer(const fs::path& folder) {
  return Exists(folder / "tokenizer.json") || Exists(folder / "vocab.txt") ||
         (Exists(folder / "vocab.json") && Exists(folder / "merges.txt"));
}

void AddMissingWeights(const fs::path& folder, std::vector<std::string>& missing) {
  if (Exists(folder / "model.safetensors")) return;
  const fs::path index = folder / "model.safetensors.index.json";
  if (!Exists(index)) {
    missing.emplace_back("weights (model.safetensors)");
    return;
  }
  for (const std::string& shard : ShardsOf(index)) {
    if (!Exists(folder / shard)) missing.push_back(shard);
  }
}

}  // namespace

bool IsCommit(const std::string& text) { return IsHex(text, 40); }

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

bool IsSafeFileName(const std::string& name) {
  if (name.empty() || name.size() > 1024 || name.front() == '/' || name.back() == '/') return false;
  const bool plain = std::all_of(name.begin(), name.end(),
                                 [](unsigned char c) { return c >= 0x20 && c != 0x7F && c != '\\'; });
  if (!plain) return false;
  const fs::path path(name);
  return std::none_of(path.begin(), path.end(),
                      [](const fs::path& part) { return part == ".." || part == "." || part.empty(); });
}

Repository::Repository(const fs::path& cache, const std::string& model)
    : cache_(cache), model_(model), folder_(cache / FolderName(model)) {}

fs::path Repository::Incomplete(const std::string& etag) const {
  return folder_ / "blobs" / (etag + ".incomplete");
}

fs::path Repository::Lock(const std::string& etag) const {
  return cache_ / ".locks" / folder_.filename() / (etag + ".lock");
}

fs::path Repository::UseLock(const std::string& commit) const {
  return cache_ / ".locks" / folder_.filename() / (commit + ".use");
}

std::optional<std::string> Repository::CommitOf(const std::string& revision) const {
  if (IsCommit(revision)) return revision;
  if (!IsSafeFileName(revision)) return std::nullopt;
  std::error_code code;
  const fs::path ref = folder_ / "refs" / revision;
  if (!fs::is_regular_file(ref, code)) return std::nullopt;
  std::ifstream in(ref, std::ios::binary);
  const std::string commit{std::istreambuf_iterator<char>(in), {}};
  return IsCommit(commit) ? std::optional(commit) : std::nullopt;
}

bool Repository::HasFile(const std::string& commit, const std::string& file) const {
  return Exists(Snapshot(commit) / file);
}

bool Repository::IsKnownAbsent(const std::string& commit, const std::string& file) const {
  return Exists(folder_ / ".no_exist" / commit / file);
}

void Repository::WriteRef(const std::string& revision, const std::string& commit) const {
  if (IsCommit(revision) || CommitOf(revision) == commit) return;
  WriteSmallFile(folder_ / "refs" / revision, commit);
}

void Repository::MarkAbsent(const std::string& commit, const std::string& file) const {
  const fs::path mark = folder_ / ".no_exist" / commit / file;
  if (!Exists(mark)) WriteSmallFile(mark, "");
}

void Repository::Link(const std::string& commit, const std::string& file, const std::string& etag) const {
  const fs::path pointer = Snapshot(commit) / file;
  MakeParents(pointer);
  const fs::path target = Blob(etag).lexically_relative(pointer.parent_path());
  std::error_code code;
  if (fs::read_symlink(pointer, code) == target) return;
  const fs::path beside = Beside(pointer);
  fs::remove(beside, code);
  fs::create_symlink(target, beside, code);
  if (code == std::errc::operation_not_permitted || code == std::errc::function_not_supported ||
      code == std::errc::not_supported || code == std::errc::operation_not_supported) {
    Rename(Blob(etag), pointer);
    return;
  }
  if (code) FailWrite(pointer, code.message());
  Rename(beside, pointer);
}

void WriteSmallFile(const fs::path& file, const std::string& content) {
  MakeParents(file);
  const fs::path beside = Beside(file);
  errno = 0;
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  out << content;
  out.close();
  if (!out) {
    const int error = errno;
    std::error_code ignored;
    fs::remove(beside, ignored);
    FailWrite(file, std::strerror(error));
  }
  Rename(beside, file);
}

std::vector<std::string> MissingParts(const fs::path& folder,
                                      const std::function<bool(const std::string&)>& unasked) {
  std::vector<std::string> missing;
  if (!Exists(folder / "config.json")) missing.emplace_back("config.json");
  AddMissingWeights(folder, missing);
  if (!HasTokenizer(folder)) missing.emplace_back("a tokenizer (tokenizer.json)");
  constexpr const char* kTokenizerConfig = "tokenizer_config.json";
  if (!Exists(folder / kTokenizerConfig) && unasked(kTokenizerConfig)) missing.emplace_back(kTokenizerConfig);
  return missing;
}

std::vector<std::string> ShardsOf(const fs::path& index) {
  return ShardsIn(ReadFile(index).value_or(""), index.string());
}

std::vector<std::string> ShardsIn(const std::string& text, const std::string& where) {
  const auto fail = [&where](const std::string& found) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: expected weight_map with file names, found {}", where, found),
                "remove that file and fetch the model again; if the hub has it so, tell the model's authors");
  };
  std::set<std::string> names;
  try {
    const auto json = ParseJson<nlohmann::json>(text);
    if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) fail("none");
    for (const auto& [tensor, file] : json["weight_map"].items()) {
      if (!file.is_string() || !IsSafeFileName(file.get<std::string>())) fail(Excerpt(file.dump()));
      names.insert(file.get<std::string>());
    }
  } catch (const JsonError& e) {
    fail(e.what());
  }
  if (names.empty()) fail("an empty one");
  return {names.begin(), names.end()};
}

}  // namespace headspec::hub
