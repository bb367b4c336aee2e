// One question to the hub, asked until it is answered: redirects, pauses and further tries. What is asked and
// what becomes of the answer is in the classes derived from it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/progress.h"
#include "hub/http.h"
#include "hub/remote.h"

namespace headspec::hub {

// What every exchange of a fetch shares.
struct Line {
  const RemoteModel& model;
  HttpClient& client;
  Progress& progress;
};

class Exchange : private Receiver {
 public:
  using Clock = std::chrono::steady_clock;

  // `what` names the file or the listing in messages.
  Exchange(Line line, std::string what, std::string url);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  bool done() const { return done_; }
  bool in_flight() const { return in_flight_; }
  // Starts what is due. Throws Error when no further try can help.
  void Step(Clock::time_point now);

 protected:
  // False: not yet, ask again soon. May call Finish instead of letting a request start.
  virtual bool Prepare(Clock::time_point /*now*/) { return true; }
  virtual Request Ask() const = 0;  // without address and token
  virtual bool Follows(const std::string& /*location*/) const { return true; }
  // A useful answer (2xx, or a redirect that is not followed) begins; then its bytes.
  virtual void Begin(const Answer&) {}
  virtual void Take(std::string_view bytes) = 0;
  // The whole answer was taken: Finish, or Retry.
  virtual void Complete(const Answer&) = 0;
  // An answer that the derived class knows what to do about, though it is an error. True: it did.
  virtual bool Recover(const Answer&) { return false; }

  void Finish() { done_ = true; }
  // Another try after a pause of at least `least`; throws what `fail` throws when there were too many.
  void Retry(const std::string& why, std::chrono::seconds least, const std::function<void()>& fail);
  void ResetTries() { tries_ = 0; }
  // The next request asks the hub itself: a signed address expires.
  void ForgetRedirects();

  const Line& line() const { return line_; }
  const std::string& what() const { return what_; }
  const std::string& url() const { return url_; }

 private:
  bool OnAnswer(const Answer& answer) override;
  void OnBytes(std::string_view bytes) override;
  void OnEnd(Fault fault, const std::string& complaint) override;
  void Redirect();

  Line line_;
  std::string what_;
  const std::string first_url_;
  std::string url_;
  Answer answer_;
  bool useful_ = false;
  bool done_ = false;
  bool in_flight_ = false;
  int redirects_ = 0;
  int tries_ = 0;
  Clock::time_point not_before_{};
};

// A text of the hub, held whole: a listing, a small file.
class TextExchange final : public Exchange {
 public:
  // `take` gets the body when it is whole; what it throws ends the work.
  TextExchange(const Line& line, std::string what, std::string url,
               std::function<void(const std::string& body)> take)
      : Exchange(line, std::move(what), std::move(url)), take_(std::move(take)) {}

 private:
  Request Ask() const override { return {.timeout = line().model.settings.metadata_timeout}; }
  void Begin(const Answer&) override { body_.clear(); }
  void Take(std::string_view bytes) override;
  void Complete(const Answer&) override;

  std::function<void(const std::string& body)> take_;
  std::string body_;
};

// Runs all to their end, at most `parallel` at once. Throws what they throw, and Error(kInterrupted).
void RunAll(const std::vector<std::unique_ptr<Exchange>>& exchanges, const Line& line, int parallel);

// The listing of the model's files at its revision.
Listing FetchListing(const Line& line);
// What HEAD says of each file, in the same order.
std::vector<RemoteFile> FetchMetadata(const Line& line, const std::string& commit,
                                      const std::vector<std::string>& names);

}  // namespace headspec::hub
