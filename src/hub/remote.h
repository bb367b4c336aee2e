// What the hub says about a model: its commit and files, and of each file the name of its blob and its size.
// Every refusal becomes one line that says what to do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"
#include "hub/http.h"
#include "hub/settings.h"

namespace headspec::hub {

// The hub could not be asked or said no. The Python library then looks whether the cache has the file, except
// where the revision or file is known not to exist and where a proxy or certificate is at fault.
class HubRefusal : public Error {
 public:
  HubRefusal(const std::string& what_and_where, const std::string& next, bool cache_may_help)
      : Error(ErrorKind::kSystem, what_and_where, next), cache_may_help_(cache_may_help) {}

  bool cache_may_help() const { return cache_may_help_; }

 private:
  bool cache_may_help_;
};

// Where a request belongs, for addresses and messages.
struct RemoteModel {
  const Settings& settings;
  std::string model;     // "microsoft/phi-2"
  std::string revision;  // as asked for

  std::string ListingUrl() const;
  std::string FilesUrl() const;       // the same, with the blob and size of each file
  std::string ReferencesUrl() const;  // branches and tags
  std::string FileUrl(const std::string& commit, const std::string& file) const;
  // The token, if `url` is the endpoint's own.
  std::string TokenFor(const std::string& url) const;
};

struct Listing {
  std::string commit;
  std::vector<std::string> files;
};

struct RemoteFile {
  std::string name;
  std::string etag;  // 64 hexadecimal digits: sha256; 40: git's sha1
  std::uint64_t bytes = 0;

  bool operator==(const RemoteFile&) const = default;
};

// A branch or a tag.
struct Reference {
  std::string name;  // "step1000"
  std::string commit;

  bool operator==(const Reference&) const = default;
};

struct FileListing {
  std::string commit;
  std::vector<RemoteFile> files;
};

// Branches and then tags, each once; what others were converted to is no revision of the model. Both throw
// Error on an answer that is something else.
std::vector<Reference> ParseReferences(const RemoteModel& model, const std::string& body);
FileListing ParseFiles(const RemoteModel& model, const std::string& body);

// Throws Error on an answer that is no listing.
Listing ParseListing(const RemoteModel& model, const std::string& body);
// From the answer to HEAD. Throws Error if the hub does not say this commit, blob name and size.
RemoteFile ParseFile(const RemoteModel& model, const std::string& commit, const std::string& name,
                     const Answer& answer);

// The Error for an answer from `url` that is none of what was wanted (status 4xx, 5xx); `what` names the file
// or the listing.
[[noreturn]] void FailStatus(const RemoteModel& model, const std::string& what, const std::string& url,
                             const Answer& answer);
// The Error for a request without an answer.
[[noreturn]] void FailTransfer(const RemoteModel& model, const std::string& what, const std::string& url,
                               Fault fault, const std::string& complaint);

// Worth another try: the server is busy or broken for the moment.
bool IsTransient(const Answer& answer);
// Seconds that a 429 or 503 asks to wait; 0 if it does not say.
int RetryAfter(const Answer& answer);

}  // namespace headspec::hub
