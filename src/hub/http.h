// HTTP over libcurl: any number of requests in flight in one thread, without redirects, cookies or stored
// passwords. What an answer means is up to the caller.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace headspec::hub {

struct Request {
  std::string url{};
  bool head = false;
  std::string token{};                        // sent as a bearer token; empty: none
  std::uint64_t from = 0;                     // first byte wanted
  std::chrono::milliseconds timeout{10'000};  // to connect, and of silence
};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers{};  // names in lower case

  // Empty if there is no such header.
  std::string Header(const std::string& name) const;
  bool IsRedirect() const { return status >= 301 && status <= 308 && status != 304; }
};

// Why there is no whole answer.
enum class Fault {
  kNone,
  kConnection,  // no address, refused, reset, closed early, silent: may go better the next time
  kProxy,
  kTls,
  kStopped,  // the receiver wanted no more
  kOther,
};

// Told of one request. What it throws leaves HttpClient::Poll.
class Receiver {
 public:
  virtual ~Receiver() = default;
  // The head of the answer, before its bytes. False: stop here.
  virtual bool OnAnswer(const Answer&) { return true; }
  virtual void OnBytes(std::string_view bytes) = 0;
  // `complaint` is libcurl's, empty without a fault. New requests may be started here.
  virtual void OnEnd(Fault fault, const std::string& complaint) = 0;
};

class HttpClient {
 public:
  HttpClient(const std::string& user_agent, const std::string& ca_bundle);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // `receiver` stays alive until its OnEnd or DropAll.
  void Start(const Request& request, Receiver& receiver);
  // Moves everything in flight on; waits up to `longest` if there is nothing to do.
  void Poll(std::chrono::milliseconds longest);
  // Breaks off everything in flight; no receiver hears of it.
  void DropAll();

 private:
  struct State;
  struct Transfer;
  std::unique_ptr<State> state_;
};

// The address that a `Location` header names, seen from `url`; empty if it is none that may be followed.
std::string ResolveLocation(const std::string& url, const std::string& location);
// True if both have the same scheme, host and port: only then may a token go along.
bool IsSameHost(const std::string& a, const std::string& b);
// Percent-encodes what may not stand in a path segment; `keep` are characters that stay, such as '/'.
std::string UrlEncode(std::string_view text, std::string_view keep);

}  // namespace headspec::hub
