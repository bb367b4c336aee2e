#include "hub/remote.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "core/text.h"
#include "hub/cache.h"
#include "hub/excerpt.h"

namespace headspec::hub {
namespace {

constexpr std::string_view kInvalidToken = "Invalid credentials in Authorization header";

// The server's words, in one line of reasonable length.
std::string Said(const Answer& answer) {
  const std::string message = Excerpt(answer.Header("x-error-message"), 200);
  return message.empty() ? fmt::format("HTTP {}", answer.status)
                         : fmt::format("HTTP {}: {}", answer.status, message);
}

std::string HostOf(const std::string& url) { return url.substr(0, url.find('/', url.find("//") + 2)); }

std::string SentToken(const Settings& settings) {
  return settings.token.empty() ? "no token was sent" : "with the token from " + settings.token_source;
}

std::string PageOf(const RemoteModel& model) { return model.settings.endpoint + "/" + model.model; }

[[noreturn]] void Fail(const std::string& what, const std::string& next) {
  throw HubRefusal(what, next, true);
}

// Where a cached copy must not hide the reason.
[[noreturn]] void FailForGood(const std::string& what, const std::string& next) {
  throw HubRefusal(what, next, false);
}

[[noreturn]] void FailGated(const RemoteModel& model, const Answer& answer) {
  const Settings& settings = model.settings;
  Fail(fmt::format("{}: gated, its files go to approved accounts only (HTTP {}, {})", model.model,
                   answer.status, SentToken(settings)),
       settings.token.empty()
           ? fmt::format("ask for access at {}, then set HF_TOKEN to your token", PageOf(model))
           : fmt::format("ask for access at {} with the account of that token", PageOf(model)));
}

[[noreturn]] void FailMissing(const RemoteModel& model, const Answer& answer) {
  const Settings& settings = model.settings;
  const std::string spelling = model.model.find('/') == std::string::npos
                                   ? "check the spelling (most models have an owner: org/name)"
                                   : "check the spelling";
  Fail(fmt::format("{}: no such model at {}, or it is private (HTTP {}, {})", model.model, settings.endpoint,
                   answer.status, SentToken(settings)),
       spelling + (settings.token.empty() ? "; for a private model set HF_TOKEN to a token that may read it"
                                          : ", and that the token may read it"));
}

[[noreturn]] void FailRate(const RemoteModel& model, const Answer& answer) {
  const int wait = RetryAfter(answer);
  Fail(fmt::format("{}: {} limits the rate of requests ({}, {})", model.model, model.settings.endpoint,
                   Said(answer), SentToken(model.settings)),
       wait > 0 ? fmt::format("try again in {} s{}", wait,
                              model.settings.token.empty() ? ", or with HF_TOKEN set" : "")
                : "try again in some minutes");
}

// W/"abc" and "abc" are abc.
std::string PlainEtag(std::string etag) {
  if (etag.starts_with("W/")) etag.erase(0, 2);
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return etag;
}

std::string FirstOf(const Answer& answer, const char* first, const char* second) {
  const std::string value = answer.Header(first);
  return value.empty() ? answer.Header(second) : value;
}

[[noreturn]] void FailAnswer(const RemoteModel& model, const std::string& url, const std::string& problem) {
  Fail(fmt::format("{}: {} did not answer as the hub does: {}", model.model, url, problem),
       "check HF_ENDPOINT, and whether a proxy or a login page stands in between");
}

nlohmann::json ParseAnswer(const RemoteModel& model, const std::string& url, const std::string& body) {
  try {
    return ParseJson<nlohmann::json>(body);
  } catch (const JsonError& e) {
    FailAnswer(model, url, e.what());
  }
}

std::string TextAt(const nlohmann::json& at, const char* key) {
  return at.is_object() && at.contains(key) && at[key].is_string() ? at[key].get<std::string>() : "";
}

const nlohmann::json* ListAt(const nlohmann::json& at, const char* key) {
  return at.is_object() && at.contains(key) && at[key].is_array() ? &at[key] : nullptr;
}

std::string CommitAt(const RemoteModel& model, const std::string& url, const nlohmann::json& json) {
  const std::string commit = TextAt(json, "sha");
  if (!IsCommit(commit))
    FailAnswer(model, url, fmt::format("expected a commit as sha, found \"{}\"", Excerpt(commit)));
  return commit;
}

std::string ShownSize(const nlohmann::json& at) {
  return at.is_object() && at.contains("size") ? Excerpt(at["size"].dump()) : "nothing";
}

// Of a large file the hub says the sha256 beside git's hash of the pointer that stands for it.
RemoteFile FileOf(const RemoteModel& model, const std::string& url, const nlohmann::json& sibling,
                  const std::string& name) {
  const bool is_large = sibling.contains("lfs") && sibling["lfs"].is_object();
  const nlohmann::json& known = is_large ? sibling["lfs"] : sibling;
  RemoteFile file{.name = name, .etag = TextAt(known, is_large ? "sha256" : "blobId")};
  if (!IsHex(file.etag, is_large ? 64 : 40)) {
    FailAnswer(model, url,
               fmt::format("expected the {} of {}, found \"{}\"", is_large ? "sha256" : "git hash",
                           Excerpt(name), Excerpt(file.etag)));
  }
  if (!known.contains("size") || !known["size"].is_number_unsigned())
    FailAnswer(model, url, fmt::format("expected the size of {}, found {}", Excerpt(name), ShownSize(known)));
  file.bytes = known["size"].get<std::uint64_t>();
  return file;
}

}  // namespace

std::string RemoteModel::FilesUrl() const { return ListingUrl() + "?blobs=true"; }

std::string RemoteModel::ReferencesUrl() const {
  return fmt::format("{}/api/models/{}/refs", settings.endpoint, model);
}

std::string RemoteModel::ListingUrl() const {
  return fmt::format("{}/api/models/{}/revision/{}", settings.endpoint, model, UrlEncode(revision, ""));
}

std::string RemoteModel::FileUrl(const std::string& commit, const std::string& file) const {
  return fmt::format("{}/{}/resolve/{}/{}", settings.endpoint, model, UrlEncode(commit, ""),
                     UrlEncode(file, "/"));
}

std::string RemoteModel::TokenFor(const std::string& url) const {
  return IsSameHost(url, settings.endpoint) ? settings.token : "";
}

Listing ParseListing(const RemoteModel& model, const std::string& body) {
  const std::string url = model.ListingUrl();
  const nlohmann::json json = ParseAnswer(model, url, body);
  Listing listing{.commit = CommitAt(model, url, json), .files = {}};
  const nlohmann::json* siblings = ListAt(json, "siblings");
  if (siblings == nullptr) FailAnswer(model, url, "expected a list of files as siblings");
  for (const auto& sibling : *siblings) {
    const std::string name = TextAt(sibling, "rfilename");
    if (IsSafeFileName(name)) listing.files.push_back(name);
  }
  return listing;
}

FileListing ParseFiles(const RemoteModel& model, const std::string& body) {
  const std::string url = model.FilesUrl();
  const nlohmann::json json = ParseAnswer(model, url, body);
  FileListing listing{.commit = CommitAt(model, url, json), .files = {}};
  const nlohmann::json* siblings = ListAt(json, "siblings");
  if (siblings == nullptr) FailAnswer(model, url, "expected a list of files as siblings");
  for (const auto& sibling : *siblings) {
    const std::string name = TextAt(sibling, "rfilename");
    if (IsSafeFileName(name)) listing.files.push_back(FileOf(model, url, sibling, name));
  }
  return listing;
}

std::vector<Reference> ParseReferences(const RemoteModel& model, const std::string& body) {
  const std::string url = model.ReferencesUrl();
  const nlohmann::json json = ParseAnswer(model, url, body);
  const nlohmann::json* branches = ListAt(json, "branches");
  if (branches == nullptr) FailAnswer(model, url, "expected a list of branches");
  const nlohmann::json* tags = ListAt(json, "tags");
  std::vector<Reference> references;
  std::set<std::string> names;
  for (const nlohmann::json* list : {branches, tags}) {
    if (list == nullptr) continue;
    for (const auto& one : *list) {
      const Reference reference{TextAt(one, "name"), TextAt(one, "targetCommit")};
      if (!IsSafeFileName(reference.name)) continue;
      if (!IsCommit(reference.commit)) {
        FailAnswer(model, url,
                   fmt::format("expected a commit as targetCommit of {}, found \"{}\"",
                               Excerpt(reference.name), Excerpt(reference.commit)));
      }
      // Where a branch and a tag have one name, the hub means the branch.
      if (names.insert(reference.name).second) references.push_back(reference);
    }
  }
  return references;
}

RemoteFile ParseFile(const RemoteModel& model, const std::string& commit, const std::string& name,
                     const Answer& answer) {
  const std::string where = fmt::format("{}: {}", model.model, name);
  const std::string next =
      fmt::format("check that {} is a hub or a mirror of it, and that no proxy changes its answers",
                  model.settings.endpoint);
  if (answer.Header("x-repo-commit") != commit)
    Fail(fmt::format("{}: expected the commit in X-Repo-Commit, found \"{}\"", where,
                     Excerpt(answer.Header("x-repo-commit"))),
         next);
  RemoteFile file{.name = name, .etag = PlainEtag(FirstOf(answer, "x-linked-etag", "etag"))};
  if (!IsHex(file.etag, 40) && !IsHex(file.etag, 64)) {
    Fail(
        fmt::format("{}: expected a sha256 or git sha1 as ETag, found \"{}\": the file could not be verified",
                    where, Excerpt(file.etag)),
        next);
  }
  const std::string size = FirstOf(answer, "x-linked-size", "content-length");
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), file.bytes);
  if (size.empty() || error != std::errc() || end != size.data() + size.size())
    Fail(fmt::format("{}: expected its size in Content-Length, found \"{}\"", where, Excerpt(size)), next);
  return file;
}

void FailStatus(const RemoteModel& model, const std::string& what, const std::string& url,
                const Answer& answer) {
  const Settings& settings = model.settings;
  if (!IsSameHost(url, settings.endpoint) && answer.status != 407) {  // a CDN knows neither models nor tokens
    Fail(fmt::format("{}: {} cannot be had from {} ({})", model.model, what, HostOf(url), Said(answer)),
         "try again later");
  }
  const std::string code = answer.Header("x-error-code");
  if (answer.status == 401 && answer.Header("x-error-message") == kInvalidToken) {
    Fail(fmt::format("{}: {} does not accept the token from {} (HTTP 401)", model.model, settings.endpoint,
                     settings.token_source),
         "it may be expired or mistyped: make a new one on the settings page of the hub, or unset it");
  }
  if (code == "GatedRepo") FailGated(model, answer);
  if (code == "RevisionNotFound") {
    FailForGood(fmt::format("{}: no revision \"{}\" at {} (HTTP {})", model.model, model.revision,
                            settings.endpoint, answer.status),
                fmt::format("its branches and tags are listed at {}/tree/main", PageOf(model)));
  }
  if (code == "EntryNotFound") {
    FailForGood(fmt::format("{}: no file {} in revision \"{}\" at {} (HTTP {})", model.model, what,
                            model.revision, settings.endpoint, answer.status),
                fmt::format("its files are listed at {}/tree/main", PageOf(model)));
  }
  if (code == "RepoNotFound" || answer.status == 401) FailMissing(model, answer);
  if (answer.status == 429) FailRate(model, answer);
  if (answer.status == 407) {
    FailForGood(fmt::format("{}: the proxy wants a name and a password (HTTP 407)", model.model),
                "put them into https_proxy as http://NAME:PASSWORD@HOST:PORT");
  }
  if (answer.status == 403) {
    Fail(fmt::format("{}: {} refuses {} ({}, {})", model.model, settings.endpoint, what, Said(answer),
                     SentToken(settings)),
         fmt::format("see {} for who may read it", PageOf(model)));
  }
  if (answer.status == 404) {
    Fail(fmt::format("{}: {} has no {} and does not answer as the hub does (HTTP 404 without X-Error-Code)",
                     model.model, settings.endpoint, what),
         "check HF_ENDPOINT");
  }
  Fail(fmt::format("{}: {} cannot be had from {} ({})", model.model, what, settings.endpoint, Said(answer)),
       "try again later");
}

void FailTransfer(const RemoteModel& model, const std::string& what, const std::string& url, Fault fault,
                  const std::string& complaint) {
  const std::string host = HostOf(url);
  if (fault == Fault::kProxy) {
    FailForGood(
        fmt::format("{}: {}: the proxy on the way to {} fails ({})", model.model, what, host, complaint),
        "check https_proxy, http_proxy and no_proxy");
  }
  if (fault == Fault::kTls) {
    FailForGood(
        fmt::format("{}: {}: no safe connection to {} ({})", model.model, what, host, complaint),
        "check the machine's date and certificates; for a company's own, set REQUESTS_CA_BUNDLE to its file");
  }
  Fail(fmt::format("{}: {}: {} cannot be reached ({})", model.model, what, host, complaint),
       "check the network; what has arrived is kept and the next try goes on from there");
}

bool IsTransient(const Answer& answer) {
  return answer.status == 408 || answer.status == 429 || (answer.status >= 500 && answer.status <= 504);
}

int RetryAfter(const Answer& answer) {
  std::string text = answer.Header("retry-after");
  // The hub itself says it otherwise: RateLimit: "api";r=0;t=55.
  const std::string limit = answer.Header("ratelimit");
  if (const auto at = limit.find(";t="); text.empty() && answer.status == 429 && at != std::string::npos)
    text = limit.substr(at + 3, limit.find(';', at + 3) - at - 3);
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return error == std::errc() && end == text.data() + text.size() && seconds > 0 ? seconds : 0;
}

}  // namespace headspec::hub
