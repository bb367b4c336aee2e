#include "hub/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "core/environment.h"
#include "core/error.h"
#include "core/file.h"
#include "core/text.h"

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

fs::path Home() {
  if (const std::string home = Environment("HF_HOME"); !home.empty()) return Expand(home);
  if (const std::string xdg = Environment("XDG_CACHE_HOME"); !xdg.empty()) return Expand(xdg) / "huggingface";
  return Expand("~/.cache/huggingface");
}

std::string Endpoint() {
  const std::string stated = Environment("HF_ENDPOINT");
  std::string endpoint = stated;
  if (endpoint.empty()) return "https://huggingface.co";
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const bool plain = endpoint.find_first_of(" \t\r\n@?#") == std::string::npos;
  if (!plain || (!endpoint.starts_with("https://") && !endpoint.starts_with("http://"))) {
    const bool has_secret = stated.find('@') != std::string::npos;  // https://NAME:PASSWORD@HOST
    throw Error(ErrorKind::kInput,
                fmt::format("HF_ENDPOINT: expected https://HOST, found {}",
                            has_secret ? "one with a name or password in it" : "\"" + stated + "\""),
                "set it to the address of the hub or a mirror, or unset it");
  }
  return endpoint;
}

std::chrono::milliseconds Seconds(const char* name, std::chrono::milliseconds otherwise) {
  const std::string text = Environment(name);
  if (text.empty()) return otherwise;
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > 86'400) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: expected seconds from 1 to 86400, found \"{}\"", name, text),
                "correct or unset it");
  }
  return std::chrono::seconds(seconds);
}

void FindToken(Settings& settings) {
  if (IsSwitchedOn("HF_HUB_DISABLE_IMPLICIT_TOKEN")) return;
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    settings.token = Trim(Environment(name));
    settings.token_source = name;
    if (!settings.token.empty()) return;
  }
  const std::string stated = Environment("HF_TOKEN_PATH");
  const fs::path file = stated.empty() ? Home() / "token" : Expand(stated);
  settings.token = Trim(ReadFile(file).value_or(""));
  settings.token_source = settings.token.empty() ? "" : file.string();
}

// HEADSPEC_RETRY_PAUSE: seconds before the first retry, "0.5".
std::chrono::milliseconds RetryPause(std::chrono::milliseconds otherwise) {
  const std::string text = Environment("HEADSPEC_RETRY_PAUSE");
  if (text.empty()) return otherwise;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || !(seconds >= 0 && seconds <= 60)) {
    throw Error(ErrorKind::kInput,
                fmt::format("HEADSPEC_RETRY_PAUSE: expected seconds from 0 to 60, found \"{}\"", text),
                "correct or unset it");
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

// A line break would let a token end its header and begin another.
void CheckToken(const Settings& settings) {
  const bool plain = std::all_of(settings.token.begin(), settings.token.end(),
                                 [](unsigned char c) { return c > 0x20 && c < 0x7F; });
  if (!plain) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: a token has no spaces or control characters", settings.token_source),
                "copy it again from the settings page of the hub");
  }
}

}  // namespace

fs::path CacheFolder() {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (const std::string value = Environment(name); !value.empty()) return Expand(value);
  }
  return Home() / "hub";
}

Settings SettingsFromEnvironment() {
  Settings settings;
  settings.endpoint = Endpoint();
  settings.cache = CacheFolder();
  FindToken(settings);
  CheckToken(settings);
  for (const char* name : {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"}) {
    if (settings.offline_reason.empty() && IsSwitchedOn(name))
      settings.offline_reason = fmt::format("{}={}", name, Environment(name));
  }
  for (const char* name : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    if (settings.ca_bundle.empty()) settings.ca_bundle = Environment(name);
  }
  settings.metadata_timeout = Seconds("HF_HUB_ETAG_TIMEOUT", settings.metadata_timeout);
  settings.download_timeout = Seconds("HF_HUB_DOWNLOAD_TIMEOUT", settings.download_timeout);
  settings.first_pause = RetryPause(settings.first_pause);
  return settings;
}

}  // namespace headspec::hub
