// Digests of bytes that come in pieces, as hexadecimal text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace headspec {

// How records name a digest: "sha256:<64 hex>", and "git-sha1:<40 hex>" of GitBlobHasher.
inline constexpr std::string_view kSha256Prefix = "sha256:";
inline constexpr std::string_view kGitSha1Prefix = "git-sha1:";

enum class HashKind { kMd5, kSha1, kSha256 };

class Hasher {
 public:
  // Throws Error(kSystem) if libcrypto is configured not to have it (FIPS mode and MD5).
  explicit Hasher(HashKind kind);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void Add(std::string_view bytes);
  // Of everything added. Ends the digest: nothing may be added afterwards.
  std::string Hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// git's object id of a file of `size` bytes is the digest that this one gives of them: SHA-1 of
// "blob <size>" and a zero byte, and then the content.
Hasher GitBlobHasher(std::uint64_t size);

std::string HexHash(HashKind kind, std::string_view bytes);

// Adds a file to `hasher`, from its beginning. `on_bytes` is told of each block read (for progress; what it
// throws passes through). Throws Error(kSystem) naming the file if it cannot be read.
void AddFile(const std::filesystem::path& file, Hasher& hasher,
             const std::function<void(std::size_t)>& on_bytes = nullptr);

}  // namespace headspec
