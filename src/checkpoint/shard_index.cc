#include "checkpoint/shard_index.h"

#include <fmt/format.h>

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

// Listens for {"weight_map": {tensor: shard}}; the rest passes. metadata.total_size is left alone: writers
// disagree on what it counts, and tensors are checked one by one.
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
    } else if (InWeightMap()) {
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

  void Unsigned(std::uint64_t value) override { Other(fmt::format("{}", value)); }

  void Other(std::string_view token) override {
    const std::string_view found = token.substr(0, kLongestToken);
    if (depth_ == 0) Refuse(fmt::format("expected an object, found {}", found));
    if (depth_ == 1 && root_key_ == "weight_map") {
      Refuse(fmt::format("weight_map: expected an object, found {}", found));
    }
    if (InWeightMap()) NotAShard(found);
  }

  void Broken(const std::string& complaint) override { Refuse(complaint); }

 private:
  bool InWeightMap() const { return depth_ == 2 && section_ == "weight_map"; }

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
