#include "hub/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <exception>
#include <utility>

#include "core/error.h"
#include "core/text.h"

namespace headspec::hub {
namespace {

using Clock = std::chrono::steady_clock;

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

void StartLibrary() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK)
    throw Error(ErrorKind::kSystem, "libcurl cannot be started", "check its installation");
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string PartOf(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  std::string out = text;
  curl_free(text);
  return out;
}

Url Parse(const std::string& text) {
  Url url(curl_url());
  if (url && curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) url.reset();
  return url;
}

std::string Host(const std::string& url) {
  const Url parsed = Parse(url);
  return parsed ? PartOf(parsed.get(), CURLUPART_HOST) : "";
}

}  // namespace

std::string Answer::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

struct HttpClient::Transfer {
  std::unique_ptr<CURL, FreeEasy> easy{curl_easy_init()};
  std::unique_ptr<curl_slist, FreeList> headers;
  std::array<char, CURL_ERROR_SIZE> complaint{};
  std::string url;
  Receiver* receiver = nullptr;
  Answer answer;
  bool answered = false;  // OnAnswer was called
  bool stopped = false;
  std::exception_ptr thrown;
  std::chrono::milliseconds timeout{};
  Clock::time_point heard = Clock::now();  // when the other side last gave a sign of life

  void AddHeader(const std::string& line) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  }

  bool Announce() {
    if (answered) return true;
    answered = true;
    stopped = !receiver->OnAnswer(answer);
    return !stopped;
  }

  static std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.heard = Clock::now();
    const std::string_view line = Trim({data, size});
    if (line.starts_with("HTTP/")) transfer.answer = {};  // 100 Continue, or a proxy's answer, came before
    if (const auto colon = line.find(':'); colon != std::string_view::npos) {
      transfer.answer.headers[Lower(std::string(line.substr(0, colon)))] = Trim(line.substr(colon + 1));
    }
    return size;
  }

  static std::size_t OnBody(char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    try {
      transfer.ReadStatus();
      if (!transfer.Announce()) return 0;
      transfer.receiver->OnBytes({data, size});
      transfer.heard = Clock::now();
    } catch (...) {
      transfer.thrown = std::current_exception();
      return 0;
    }
    return size;
  }

  // Connecting has a limit of its own.
  bool IsSilent(Clock::time_point now) {
    curl_off_t connected = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
    if (connected == 0) heard = now;
    return now - heard >= timeout;
  }

  void ReadStatus() {
    long status = 0;
    curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
    answer.status = static_cast<int>(status);
  }

  Fault FaultOf(CURLcode code) const {
    if (stopped) return Fault::kStopped;
    long connect_status = 0;  // what a proxy said to CONNECT
    curl_easy_getinfo(easy.get(), CURLINFO_HTTP_CONNECTCODE, &connect_status);
    switch (code) {
      case CURLE_OK:
        return Fault::kNone;
      case CURLE_COULDNT_RESOLVE_PROXY:
      case CURLE_PROXY:
        return Fault::kProxy;
      case CURLE_SSL_CONNECT_ERROR:
        // A connection that breaks in the handshake; libcurl has no code of its own for it.
        return std::string_view(complaint.data()).find(" in connection to ") == std::string_view::npos
                   ? Fault::kTls
                   : Fault::kConnection;
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
      case CURLE_SSL_CERTPROBLEM:
      case CURLE_SSL_CIPHER:
        return Fault::kTls;
      case CURLE_COULDNT_CONNECT: {
        // libcurl names the host it could not reach: another one, or one after "via", is the proxy.
        const std::string_view said = complaint.data();
        const bool direct =
            said.find(Host(url)) != std::string_view::npos && said.find(" via ") == std::string_view::npos;
        return direct ? Fault::kConnection : Fault::kProxy;
      }
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_OPERATION_TIMEDOUT:
      case CURLE_PARTIAL_FILE:
      case CURLE_GOT_NOTHING:
      case CURLE_SEND_ERROR:
      case CURLE_RECV_ERROR:
      case CURLE_HTTP2:
      case CURLE_HTTP2_STREAM:
        return connect_status >= 300 ? Fault::kProxy : Fault::kConnection;
      default:
        return Fault::kOther;
    }
  }
};

struct HttpClient::State {
  std::string user_agent;
  std::string ca_bundle;
  CURLM* multi = nullptr;
  std::map<CURL*, std::unique_ptr<Transfer>> transfers;

  void Configure(const Request& request, Transfer& transfer) const;
  void Finish(CURL* easy, CURLcode code);
  bool EndSilent(Clock::time_point now);
};

HttpClient::HttpClient(const std::string& user_agent, const std::string& ca_bundle)
    : state_(std::make_unique<State>()) {
  StartLibrary();
  state_->user_agent = user_agent;
  state_->ca_bundle = ca_bundle;
  state_->multi = curl_multi_init();
  if (state_->multi == nullptr)
    throw Error(ErrorKind::kSystem, "libcurl cannot be started", "free some memory");
  curl_multi_setopt(state_->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
}

HttpClient::~HttpClient() {
  DropAll();
  curl_multi_cleanup(state_->multi);
}

void HttpClient::DropAll() {
  for (const auto& [easy, transfer] : state_->transfers) curl_multi_remove_handle(state_->multi, easy);
  state_->transfers.clear();
}

void HttpClient::State::Configure(const Request& request, Transfer& transfer) const {
  CURL* easy = transfer.easy.get();
  const auto milliseconds = static_cast<long>(request.timeout.count());
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // who follows decides where the token goes
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_NOBODY, request.head ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 512L * 1024);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
  if (!ca_bundle.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, ca_bundle.c_str());
  transfer.AddHeader("Accept-Encoding: identity");
  if (!request.token.empty()) transfer.AddHeader("authorization: Bearer " + request.token);
  if (request.from > 0) transfer.AddHeader(fmt::format("Range: bytes={}-", request.from));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.complaint.data());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::OnBody);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
}

void HttpClient::Start(const Request& request, Receiver& receiver) {
  auto transfer = std::make_unique<Transfer>();
  if (!transfer->easy) throw Error(ErrorKind::kSystem, "libcurl cannot start a request", "free some memory");
  transfer->url = request.url;
  transfer->receiver = &receiver;
  transfer->timeout = request.timeout;
  state_->Configure(request, *transfer);
  CURL* easy = transfer->easy.get();
  state_->transfers.emplace(easy, std::move(transfer));
  curl_multi_add_handle(state_->multi, easy);
}

void HttpClient::State::Finish(CURL* easy, CURLcode code) {
  curl_multi_remove_handle(multi, easy);
  const auto node = transfers.extract(easy);
  Transfer& transfer = *node.mapped();
  if (transfer.thrown) std::rethrow_exception(transfer.thrown);
  transfer.ReadStatus();
  if (code == CURLE_OK) transfer.Announce();  // an answer without bytes
  const Fault fault = transfer.FaultOf(code);
  std::string complaint;
  if (fault != Fault::kNone && fault != Fault::kStopped)
    complaint = transfer.complaint[0] != '\0' ? transfer.complaint.data() : curl_easy_strerror(code);
  transfer.receiver->OnEnd(fault, complaint);
}

// libcurl's own limit of speed looks at the mean of several seconds, so that silence would end late.
bool HttpClient::State::EndSilent(Clock::time_point now) {
  std::vector<CURL*> silent;
  for (const auto& [easy, transfer] : transfers) {
    if (transfer->IsSilent(now)) silent.push_back(easy);
  }
  for (CURL* easy : silent) {
    fmt::format_to_n(transfers[easy]->complaint.data(), CURL_ERROR_SIZE - 1, "silent for {} s",
                     transfers[easy]->timeout.count() / 1000);
    Finish(easy, CURLE_OPERATION_TIMEDOUT);
  }
  return !silent.empty();
}

void HttpClient::Poll(std::chrono::milliseconds longest) {
  // Before reading: what waits to be read while a receiver takes its time is no silence.
  const Clock::time_point now = Clock::now();
  int running = 0;
  curl_multi_perform(state_->multi, &running);
  int left = 0;
  bool ended = false;
  while (CURLMsg* message = curl_multi_info_read(state_->multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    ended = true;
    state_->Finish(message->easy_handle, message->data.result);
  }
  ended = state_->EndSilent(now) || ended;
  if (!ended) curl_multi_poll(state_->multi, nullptr, 0, static_cast<int>(longest.count()), nullptr);
}

std::string ResolveLocation(const std::string& url, const std::string& location) {
  const Url parsed = Parse(url);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) return "";
  const std::string scheme = PartOf(parsed.get(), CURLUPART_SCHEME);
  const bool safe = scheme == "https" || (scheme == "http" && url.starts_with("http://"));
  return safe ? PartOf(parsed.get(), CURLUPART_URL) : "";
}

bool IsSameHost(const std::string& a, const std::string& b) {
  const Url first = Parse(a);
  const Url second = Parse(b);
  if (!first || !second) return false;
  const auto same = [&](CURLUPart part) {
    return Lower(PartOf(first.get(), part, CURLU_DEFAULT_PORT)) ==
           Lower(PartOf(second.get(), part, CURLU_DEFAULT_PORT));
  };
  return same(CURLUPART_SCHEME) && same(CURLUPART_HOST) && same(CURLUPART_PORT);
}

std::string UrlEncode(std::string_view text, std::string_view keep) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) ||
                       std::string_view("-_.~").find(c) != std::string_view::npos ||
                       keep.find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace headspec::hub
