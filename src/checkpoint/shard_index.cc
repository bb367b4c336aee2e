#include "checkpoint/shard_index.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <set>
#include <string_view>
#include <utility>

#include "checkpoint/foreign_content.h"
#include "checkpoint/json_events.h"
#include "checkpoint/wording.h"

namespace headspec::checkpoint {
namespace {

constexpr const char* kAgain = "download the index again";
constexpr std::size_t kLongestToken = 140;  // Quoted() stays below; a number may have a million digits

bool IsPlainName(std::string_view name) {
  if (name.empty() || name == "." || name.find("..") != std::string_view::npos) return false;
  for (const char c : name) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20) return false;
  }
  return true;
}

// Some writers sum sizes as floats: 9976570880.0.
std::optional<std::uint64_t> WholeNumber(std::string_view token) {
  double value = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  const bool number = error == std::errc() && end == token.data() + token.size();
  if (!number || value < 0 || value > 0x1p53 || value != std::floor(value)) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

// Listens for {"metadata": {"total_size": n}, "weight_map": {tensor: shard}}; the rest passes.
class IndexReader final : public JsonEvents {
 public:
  explicit IndexReader(const std::string& file_name) : file_name_(file_name) {}

  ShardIndex Take() {
    if (!has_weight_map_) Refuse("no weight_map in it");
    if (index_.weight_map.empty()) Refuse("weight_map is empty");
    return std::move(index_);
  }

  void StartObject() override {
    if (depth_ == 2) Other("an object");
    if (depth_ == 1) section_ = root_key_;
    if (depth_ == 1 && section_ == "weight_map") has_weight_map_ = true;
    ++depth_;
  }
  void EndObject() override { Leave(); }
  void StartArray() override {
    Other("an array");
    ++depth_;
  }
  void EndArray() override { Leave(); }

  void Key(const std::string& key) override {
    if (depth_ == 1) {
      root_key_ = key;
      if (!root_keys_.insert(key).second) Refuse(fmt::format("duplicate key {}", Quoted(key)));
    } else if (depth_ == 2 && InSection()) {
      key_ = key;
      if (!keys_.insert({section_, key}).second) {
        Refuse(fmt::format("{}: duplicate key {}", section_, Quoted(key)));
      }
    }
  }

  void String(const std::string& value) override {
    if (!InWeightMap()) return Other(Quoted(value));
    if (!IsPlainName(value)) {
      throw Refusal(file_name_, "IndexShardName",
                    fmt::format("weight_map: {}: {} is not the plain name of a file in this folder",
                                Quoted(key_), Quoted(value)),
                    "do not trust this checkpoint: download it from its publisher");
    }
    index_.weight_map.emplace(key_, value);
  }

  void Unsigned(std::uint64_t value) override {
    if (IsTotalSize()) {
      index_.total_size = value;
    } else {
      Other(fmt::format("{}", value));
    }
  }

  void Other(std::string_view token) override {
    const std::string_view found = token.substr(0, kLongestToken);
    if (depth_ == 0) Refuse(fmt::format("expected an object, found {}", found));
    if (depth_ == 1 && root_key_ == "weight_map") {
      Refuse(fmt::format("weight_map: expected an object, found {}", found));
    }
    if (InWeightMap()) NotAShard(found);
    if (!IsTotalSize()) return;
    index_.total_size = WholeNumber(token);
    if (!index_.total_size) {
      Refuse(fmt::format("metadata: total_size: expected a number of bytes, found {}", found));
    }
  }

  void Broken(const std::string& complaint) override { Refuse(complaint); }

 private:
  bool InSection() const { return section_ == "weight_map" || section_ == "metadata"; }
  bool InWeightMap() const { return depth_ == 2 && section_ == "weight_map"; }
  bool IsTotalSize() const { return depth_ == 2 && section_ == "metadata" && key_ == "total_size"; }

  void Leave() {
    --depth_;
    if (depth_ == 1) section_.clear();
  }

  [[noreturn]] void NotAShard(std::string_view found) const {
    Refuse(fmt::format("weight_map: {}: expected a file name, found {}", Quoted(key_), found));
  }
  [[noreturn]] void Refuse(std::string_view what) const {
    throw Refusal(file_name_, "IndexInvalid", what, kAgain);
  }

  const std::string& file_name_;
  ShardIndex index_;
  bool has_weight_map_ = false;
  int depth_ = 0;
  std::string root_key_;
  std::string section_;  // the key of the object at depth 2, while inside it
  std::string key_;      // the latest key of that object
  std::set<std::string> root_keys_;
  std::set<std::pair<std::string, std::string>> keys_;
};

}  // namespace

ShardIndex ParseShardIndex(std::span<const std::byte> file, const std::string& file_name) {
  RefuseForeignContent(file, file_name);
  IndexReader reader(file_name);
  ReadJson({reinterpret_cast<const char*>(file.data()), file.size()}, reader);
  return reader.Take();
}

}  // namespace headspec::checkpoint
