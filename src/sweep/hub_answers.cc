#include "sweep/hub_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "core/text.h"
#include "experiment/file_hashes.h"
#include "experiment/own_cache.h"
#include "hub/cache.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kReferencesKind = "headspec kept branches and tags, format 1";
constexpr std::string_view kFilesKind = "headspec kept list of files, format 1";
constexpr std::string_view kTextKind = "headspec kept small file, format 1";
constexpr std::uint64_t kMostBytes = std::uint64_t{64} << 20;

// Above so many bytes the hub keeps a file as a large one, named by its SHA-256.
constexpr std::uint64_t kLargeFile = std::uint64_t{10} << 20;

std::string ReadKept(const fs::path& file, std::string_view kind) {
  return file.empty() ? "" : experiment::ReadKept(file, kind, kMostBytes).content.value_or("");
}

// What cannot be kept is asked for again the next time.
void Keep(const fs::path& file, std::string_view kind, std::string_view content) {
  if (!file.empty()) (void)experiment::WriteKept(file, kind, content);
}

// "WORD rest of the line" of each line behind the first, which must be `head`; nothing if it is not.
std::vector<std::pair<std::string, std::string>> LinesBehind(const std::string& head, std::string_view text) {
  std::vector<std::pair<std::string, std::string>> lines;
  const std::string first = head + "\n";
  if (!text.starts_with(first)) return lines;
  text.remove_prefix(first.size());
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return {};
    lines.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return lines;
}

std::string ReferencesKey(const hub::Settings& settings, const std::string& model) {
  return settings.endpoint + " " + model;
}

std::string FilesKey(const hub::Settings& settings, const Revision& revision) {
  return fmt::format("{} {} {}", settings.endpoint, revision.first, revision.second);
}

std::vector<hub::Reference> KeptReferences(const hub::Settings& settings, const std::string& model) {
  const std::string key = ReferencesKey(settings, model);
  std::vector<hub::Reference> references;
  for (const auto& [commit, name] :
       LinesBehind(key, ReadKept(experiment::OwnCacheFile("references", key), kReferencesKind))) {
    if (hub::IsCommit(commit) && hub::IsSafeFileName(name)) references.push_back({name, commit});
  }
  return references;
}

void KeepReferences(const hub::Settings& settings, const std::string& model,
                    const std::vector<hub::Reference>& references) {
  const std::string key = ReferencesKey(settings, model);
  std::string text = key + "\n";
  for (const hub::Reference& reference : references)
    text += fmt::format("{} {}\n", reference.commit, reference.name);
  Keep(experiment::OwnCacheFile("references", key), kReferencesKind, text);
}

std::optional<hub::FileListing> KeptFiles(const hub::Settings& settings, const Revision& revision) {
  const std::string key = FilesKey(settings, revision);
  hub::FileListing listing{.commit = revision.second, .files = {}};
  for (const auto& [etag, rest] :
       LinesBehind(key, ReadKept(experiment::OwnCacheFile("listings", key), kFilesKind))) {
    hub::RemoteFile file;
    file.etag = etag;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), file.bytes);
    const auto begin = static_cast<std::size_t>(end - rest.data()) + 1;
    if (error != std::errc() || begin >= rest.size()) return std::nullopt;
    file.name = rest.substr(begin);
    if ((!IsHex(etag, 40) && !IsHex(etag, 64)) || !hub::IsSafeFileName(file.name)) return std::nullopt;
    listing.files.push_back(std::move(file));
  }
  if (listing.files.empty()) return std::nullopt;
  return listing;
}

void KeepFiles(const hub::Settings& settings, const Revision& revision, const hub::FileListing& listing) {
  const std::string key = FilesKey(settings, revision);
  std::string text = key + "\n";
  for (const hub::RemoteFile& file : listing.files)
    text += fmt::format("{} {} {}\n", file.etag, file.bytes, file.name);
  Keep(experiment::OwnCacheFile("listings", key), kFilesKind, text);
}

// One order with the hub and without.
std::vector<hub::Reference> Sorted(std::vector<hub::Reference> references) {
  std::sort(references.begin(), references.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return references;
}

// A file's blob as the cache names it, or as the hub would.
std::string EtagOf(const fs::path& folder, const std::string& name, std::uint64_t bytes) {
  const std::string named = experiment::HashInBlobName(folder, name);
  if (!named.empty()) return named.substr(named.find(':') + 1);
  const bool is_large = bytes > kLargeFile || name.ends_with(".safetensors");
  SilentProgress silent;
  const std::string hash = experiment::HashFiles({{folder / name, bytes, !is_large}}, 0, silent).front();
  return hash.substr(hash.find(':') + 1);
}

}  // namespace

std::map<std::string, std::vector<hub::Reference>> HubAnswers::References(
    const std::vector<std::string>& models) {
  std::map<std::string, std::vector<hub::Reference>> references;
  if (is_offline()) {
    for (const std::string& model : models) references[model] = CachedReferences(model);
    return references;
  }
  const auto answers = hub::AskReferences(models, settings_, progress_);
  for (std::size_t i = 0; i < models.size(); ++i) {
    KeepReferences(settings_, models[i], answers[i]);
    references[models[i]] = Sorted(answers[i]);
  }
  return references;
}

std::vector<hub::Reference> HubAnswers::CachedReferences(const std::string& model) const {
  const hub::Repository repository(settings_.cache, model);
  std::vector<hub::Reference> known;
  std::error_code failed;
  const fs::path folder = repository.folder() / "refs";
  for (fs::recursive_directory_iterator i(folder, failed), end; !failed && i != end; i.increment(failed)) {
    const std::string name = fs::path(*i).lexically_relative(folder).string();
    const auto commit = i->is_regular_file(failed) ? repository.CommitOf(name) : std::nullopt;
    if (commit) known.push_back({name, *commit});
  }
  for (const hub::Reference& kept : KeptReferences(settings_, model)) known.push_back(kept);
  std::vector<hub::Reference> whole;
  std::set<std::string> seen;
  for (const hub::Reference& reference : known) {
    if (!seen.contains(reference.name) && IsWhole(model, reference.commit)) {
      seen.insert(reference.name);
      whole.push_back(reference);
    }
  }
  return Sorted(std::move(whole));
}

bool HubAnswers::IsWhole(const std::string& model, const std::string& commit) const {
  const hub::Repository repository(settings_.cache, model);
  return hub::MissingParts(repository.Snapshot(commit), [](const std::string&) { return false; }).empty();
}

hub::FileListing HubAnswers::CachedFiles(const std::string& model, const std::string& commit) const {
  if (auto kept = KeptFiles(settings_, {model, commit})) return *kept;
  const fs::path folder = hub::Repository(settings_.cache, model).Snapshot(commit);
  hub::FileListing listing{.commit = commit, .files = {}};
  std::error_code failed;
  for (fs::directory_iterator i(folder, failed), end; !failed && i != end; i.increment(failed)) {
    if (!i->is_regular_file(failed)) continue;
    const std::string name = i->path().filename().string();
    const std::uint64_t bytes = i->file_size();
    listing.files.push_back({name, EtagOf(folder, name, bytes), bytes});
  }
  std::sort(listing.files.begin(), listing.files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return listing;
}

std::map<Revision, hub::FileListing> HubAnswers::Files(const std::vector<Revision>& revisions) {
  std::map<Revision, hub::FileListing> listings;
  std::vector<hub::ModelName> unknown;
  for (const Revision& revision : revisions) {
    const bool is_commit = hub::IsCommit(revision.second);
    if (is_commit && is_offline()) {
      listings[revision] = CachedFiles(revision.first, revision.second);
    } else if (auto kept = is_commit ? KeptFiles(settings_, revision) : std::nullopt) {
      listings[revision] = std::move(*kept);
    } else if (!is_offline()) {
      unknown.push_back({revision.first, revision.second});
    }
  }
  // Kept one by one: when the hub has had enough of us, the next run goes on from there.
  hub::AskFiles(unknown, settings_, progress_, [&](std::size_t i, const hub::FileListing& listing) {
    const Revision asked = {unknown[i].model, unknown[i].revision};
    KeepFiles(settings_, {asked.first, listing.commit}, listing);
    listings[asked] = listing;
  });
  return listings;
}

std::map<std::string, std::string> HubAnswers::Contents(const std::vector<hub::SmallFile>& files) {
  std::map<std::string, std::string> contents;
  std::vector<hub::SmallFile> unknown;
  for (const hub::SmallFile& file : files) {
    const std::string& etag = file.file.etag;
    if (contents.contains(etag)) continue;
    const hub::Repository repository(settings_.cache, file.model);
    std::string text = ReadFile(repository.Blob(etag)).value_or("");
    if (text.empty()) text = ReadKept(experiment::OwnCacheFile("texts", etag), kTextKind);
    if (text.empty() && is_offline())
      text = ReadFile(repository.Snapshot(file.commit) / file.file.name).value_or("");
    if (!hub::HasHash(text, etag) && !is_offline()) {
      unknown.push_back(file);
      contents[etag] = "";  // asked for once
    } else {
      contents[etag] = std::move(text);
    }
  }
  const std::vector<std::string> answers = hub::AskContents(unknown, settings_, progress_);
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    const std::string& etag = unknown[i].file.etag;
    Keep(experiment::OwnCacheFile("texts", etag), kTextKind, answers[i]);
    contents[etag] = answers[i];
  }
  return contents;
}

bool HubAnswers::IsCached(const std::string& model, const std::string& commit,
                          const hub::RemoteFile& file) const {
  const hub::Repository repository(settings_.cache, model);
  std::error_code code;
  // Where links are not possible, the snapshot holds the file itself.
  return fs::exists(repository.Blob(file.etag), code) || repository.HasFile(commit, file.name);
}

}  // namespace headspec::sweep
