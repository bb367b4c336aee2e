#include "core/hash.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file_descriptor.h"

namespace headspec {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;

const EVP_MD* Algorithm(HashKind kind) {
  switch (kind) {
    case HashKind::kMd5:
      return EVP_md5();
    case HashKind::kSha1:
      return EVP_sha1();
    case HashKind::kSha256:
      return EVP_sha256();
  }
  return nullptr;
}

[[noreturn]] void FailRead(const std::filesystem::path& file, int error) {
  throw Error(ErrorKind::kSystem, fmt::format("{}: cannot be read ({})", file.string(), std::strerror(error)),
              "check the path and its permissions");
}

}  // namespace

struct Hasher::State {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Hasher::Hasher(HashKind kind) : state_(std::make_unique<State>()) {
  if (!state_->context || EVP_DigestInit_ex(state_->context.get(), Algorithm(kind), nullptr) != 1) {
    throw Error(ErrorKind::kSystem, "libcrypto cannot compute a digest that is needed",
                "check the OpenSSL configuration (FIPS mode?)");
  }
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::Add(std::string_view bytes) {
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

std::string Hasher::Hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(state_->context.get(), digest.data(), &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

Hasher GitBlobHasher(std::uint64_t size) {
  Hasher hasher(HashKind::kSha1);
  const std::string header = fmt::format("blob {}", size);
  hasher.Add({header.c_str(), header.size() + 1});  // with the zero byte
  return hasher;
}

std::string HexHash(HashKind kind, std::string_view bytes) {
  Hasher hasher(kind);
  hasher.Add(bytes);
  return hasher.Hex();
}

void AddFile(const std::filesystem::path& file, Hasher& hasher,
             const std::function<void(std::size_t)>& on_bytes) {
  const FileDescriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.value() < 0) FailRead(file, errno);
  std::vector<char> block(kBlock);
  for (;;) {
    const ssize_t read = ::read(in.value(), block.data(), block.size());
    if (read < 0 && errno == EINTR) continue;
    if (read < 0) FailRead(file, errno);
    if (read == 0) return;
    hasher.Add({block.data(), static_cast<std::size_t>(read)});
    if (on_bytes) on_bytes(static_cast<std::size_t>(read));
  }
}

}  // namespace headspec
