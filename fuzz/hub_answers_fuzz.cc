// Any bytes as what a hub answers about branches and files, and as a shard index: read or refused with Error,
// nothing else.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"
#include "hub/cache.h"
#include "hub/remote.h"
#include "hub/settings.h"

namespace {

template <typename Call>
void Try(const Call& call) {
  try {
    call();
  } catch (const headspec::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace headspec::hub;  // NOLINT(google-build-using-namespace)
  static const Settings settings{.endpoint = "https://hub.example"};
  static const RemoteModel model{settings, "org/name", "main"};
  const std::string body(reinterpret_cast<const char*>(data), size);
  Try([&] { ParseReferences(model, body); });
  Try([&] { ParseFiles(model, body); });
  Try([&] { ParseListing(model, body); });
  Try([&] { ShardsIn(body, "index"); });
  return 0;
}
