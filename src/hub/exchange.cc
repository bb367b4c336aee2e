#include "hub/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "core/error.h"
#include "hub/excerpt.h"

namespace headspec::hub {
namespace {

constexpr int kMostTries = 5;
constexpr int kMostRedirects = 10;
constexpr int kLongestPauseFactor = 8;
constexpr std::chrono::seconds kLongestWait{300};
constexpr std::chrono::milliseconds kTick{20};

constexpr std::size_t kLongestText = std::size_t{64} << 20;

class MetadataExchange final : public Exchange {
 public:
  MetadataExchange(const Line& line, const std::string& commit, const std::string& name)
      : Exchange(line, name, line.model.FileUrl(commit, name)), commit_(commit) {}

  RemoteFile file;

 private:
  Request Ask() const override { return {.head = true, .timeout = line().model.settings.metadata_timeout}; }
  // A renamed model redirects within the hub; a large file elsewhere, and that answer has what is asked for.
  bool Follows(const std::string& location) const override {
    return location.find("//") == std::string::npos;
  }
  void Take(std::string_view) override {}
  void Complete(const Answer& answer) override {
    file = ParseFile(line().model, commit_, what(), answer);
    Finish();
  }

  std::string commit_;
};

}  // namespace

void TextExchange::Take(std::string_view bytes) {
  if (body_.size() + bytes.size() > kLongestText) {
    throw Error(ErrorKind::kSystem, fmt::format("{}: {} sends more than 64 MiB", line().model.model, url()),
                "check HF_ENDPOINT");
  }
  body_ += bytes;
}

void TextExchange::Complete(const Answer&) {
  take_(body_);
  body_ = {};
  Finish();
}

Exchange::Exchange(Line line, std::string what, std::string url)
    : line_(line), what_(std::move(what)), first_url_(std::move(url)), url_(first_url_) {}

void Exchange::Step(Clock::time_point now) {
  if (done_ || in_flight_ || now < not_before_) return;
  if (!Prepare(now) || done_) return;
  Request request = Ask();
  request.url = url_;
  request.token = line_.model.TokenFor(url_);
  answer_ = {};
  useful_ = false;
  in_flight_ = true;
  line_.client.Start(request, *this);
}

bool Exchange::OnAnswer(const Answer& answer) {
  answer_ = answer;
  const bool ends_here = answer.IsRedirect() && !Follows(answer.Header("location"));
  useful_ = ends_here || (answer.status >= 200 && answer.status < 300);
  if (useful_) Begin(answer);
  return true;
}

void Exchange::OnBytes(std::string_view bytes) {
  if (useful_) Take(bytes);
}

void Exchange::OnEnd(Fault fault, const std::string& complaint) {
  in_flight_ = false;
  const std::string asked = url_;
  const auto fail_transfer = [&] { FailTransfer(line_.model, what_, asked, fault, complaint); };
  if (fault == Fault::kConnection) {
    Retry(complaint, std::chrono::seconds(0), fail_transfer);
  } else if (fault != Fault::kNone) {
    fail_transfer();
  } else if (useful_) {
    Complete(answer_);
  } else if (answer_.IsRedirect()) {
    Redirect();
  } else if (IsTransient(answer_)) {
    Retry(fmt::format("HTTP {}", answer_.status), std::chrono::seconds(RetryAfter(answer_)),
          [&] { FailStatus(line_.model, what_, asked, answer_); });
  } else if (!Recover(answer_)) {
    FailStatus(line_.model, what_, asked, answer_);
  }
}

void Exchange::Redirect() {
  const std::string next = ResolveLocation(url_, answer_.Header("location"));
  if (next.empty() || ++redirects_ > kMostRedirects) {
    throw Error(ErrorKind::kSystem,
                fmt::format("{}: {}: {}", line_.model.model, what_,
                            next.empty() ? fmt::format("redirected to \"{}\", which is not followed",
                                                       Excerpt(answer_.Header("location")))
                                         : fmt::format("redirected more than {} times", kMostRedirects)),
                "check HF_ENDPOINT");
  }
  url_ = next;
}

void Exchange::ForgetRedirects() {
  url_ = first_url_;
  redirects_ = 0;
}

void Exchange::Retry(const std::string& why, std::chrono::seconds least, const std::function<void()>& fail) {
  if (++tries_ > kMostTries || least > kLongestWait) fail();
  const Settings& settings = line_.model.settings;
  const int factor = std::min(1 << (tries_ - 1), kLongestPauseFactor);
  const auto pause = std::max<std::chrono::milliseconds>(settings.first_pause * factor, least);
  not_before_ = Clock::now() + pause;
  ForgetRedirects();
  line_.progress.Note(fmt::format("{}: {}: {}; trying again in {:.0f} s ({} of {})", line_.model.model, what_,
                                  why, std::chrono::duration<double>(pause).count(), tries_, kMostTries));
}

namespace {

// What is in flight must not outlive the exchanges when one of them throws.
class DropAtEnd {
 public:
  explicit DropAtEnd(HttpClient& client) : client_(client) {}
  ~DropAtEnd() { client_.DropAll(); }
  DropAtEnd(const DropAtEnd&) = delete;
  DropAtEnd& operator=(const DropAtEnd&) = delete;

 private:
  HttpClient& client_;
};

}  // namespace

void RunAll(const std::vector<std::unique_ptr<Exchange>>& exchanges, const Line& line, int parallel) {
  const DropAtEnd drop(line.client);
  const auto is_done = [](const auto& one) { return one->done(); };
  while (!std::all_of(exchanges.begin(), exchanges.end(), is_done)) {
    if (line.progress.Cancelled())
      throw Error(ErrorKind::kInterrupted,
                  fmt::format("interrupted: what arrived of {} is kept", line.model.model),
                  "run it again to go on");
    auto running =
        std::count_if(exchanges.begin(), exchanges.end(), [](const auto& one) { return one->in_flight(); });
    for (const auto& one : exchanges) {
      if (running >= parallel) break;
      if (one->in_flight()) continue;
      one->Step(Exchange::Clock::now());
      running += one->in_flight() ? 1 : 0;
    }
    line.client.Poll(kTick);
  }
}

Listing FetchListing(const Line& line) {
  Listing listing;
  std::vector<std::unique_ptr<Exchange>> all;
  all.push_back(std::make_unique<TextExchange>(
      line, "list of files", line.model.ListingUrl(),
      [&](const std::string& body) { listing = ParseListing(line.model, body); }));
  RunAll(all, line, 1);
  return listing;
}

std::vector<RemoteFile> FetchMetadata(const Line& line, const std::string& commit,
                                      const std::vector<std::string>& names) {
  std::vector<std::unique_ptr<Exchange>> all;
  for (const std::string& name : names) all.push_back(std::make_unique<MetadataExchange>(line, commit, name));
  RunAll(all, line, line.model.settings.parallel);
  std::vector<RemoteFile> files;
  for (const auto& one : all) files.push_back(static_cast<MetadataExchange&>(*one).file);
  return files;
}

}  // namespace headspec::hub
