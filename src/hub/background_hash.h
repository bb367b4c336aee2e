// A digest computed beside the download: each block is hashed by another thread while the next one arrives.
#pragma once

#include <future>
#include <string>
#include <utility>

#include "core/hash.h"

namespace headspec::hub {

class BackgroundHash {
 public:
  explicit BackgroundHash(Hasher hasher) : hasher_(std::move(hasher)) {}

  // Waits for the block before, so that at most one is kept.
  void Add(std::string block) {
    Wait();
    work_ = std::async(std::launch::async, [hasher = std::move(hasher_), block = std::move(block)]() mutable {
      hasher.Add(block);
      return std::move(hasher);
    });
  }

  // Of everything added. Ends the digest.
  std::string Hex() {
    Wait();
    return hasher_.Hex();
  }

 private:
  void Wait() {
    if (work_.valid()) hasher_ = work_.get();
  }

  Hasher hasher_;
  std::future<Hasher> work_;  // has the hasher meanwhile
};

}  // namespace headspec::hub
