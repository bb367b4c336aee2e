#include "checkpoint/header_reader.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "checkpoint/json_events.h"
#include "checkpoint/wording.h"

namespace headspec::checkpoint {
namespace {

constexpr std::string_view kMetadataKey = "__metadata__";
constexpr std::size_t kLongestToken = 40;  // a number may have a million digits
constexpr std::array<std::string_view, 3> kFields = {"dtype", "shape", "data_offsets"};

class HeaderReader final : public JsonEvents {
 public:
  explicit HeaderReader(const std::string& file_name) : file_name_(file_name) {}

  HeaderText Take() { return std::move(result_); }

  void StartObject() override {
    if (place_ == Place::kFile) {
      place_ = Place::kEntries;
    } else if (place_ == Place::kEntries && name_ == kMetadataKey) {
      place_ = Place::kMetadata;
    } else if (place_ == Place::kEntries) {
      place_ = Place::kEntry;
      entry_ = {};
      entry_.name = name_;
      fields_.clear();
    } else {
      Unexpected("an object");
    }
  }

  void Key(const std::string& key) override {
    if (place_ == Place::kEntries) {
      if (!names_.insert(key).second) Refuse(fmt::format("duplicate key {}", Quoted(key)));
      name_ = key;
    } else if (place_ == Place::kMetadata) {
      if (result_.metadata.contains(key)) Refuse(fmt::format("__metadata__: duplicate key {}", Quoted(key)));
      metadata_key_ = key;
    } else {
      StartField(key);
    }
  }

  void EndObject() override {
    if (place_ == Place::kEntry) FinishEntry();
    place_ = place_ == Place::kEntries ? Place::kFile : Place::kEntries;
  }

  void StartArray() override {
    if (place_ != Place::kEntry || field_ == "dtype") Unexpected("an array");
    place_ = field_ == "shape" ? Place::kShape : Place::kOffsets;
    offsets_.clear();
  }

  void EndArray() override {
    if (place_ == Place::kOffsets) {
      if (offsets_.size() != 2) WrongOffsetCount(fmt::format("{}", offsets_.size()));
      entry_.begin = offsets_[0];
      entry_.end = offsets_[1];
    }
    place_ = Place::kEntry;
  }

  void String(const std::string& value) override {
    if (place_ == Place::kMetadata) {
      result_.metadata.emplace(metadata_key_, value);
    } else if (place_ == Place::kEntry && field_ == "dtype") {
      const std::optional<DType> dtype = ParseDType(value);
      if (!dtype) Refuse(fmt::format("{}: unknown dtype {}", Where(), Quoted(value)));
      entry_.dtype = *dtype;
    } else {
      Unexpected(Quoted(value));
    }
  }

  void Unsigned(std::uint64_t value) override {
    if (place_ == Place::kShape) {
      entry_.shape.push_back(value);
    } else if (place_ == Place::kOffsets) {
      if (offsets_.size() == 2) WrongOffsetCount("more");
      offsets_.push_back(value);
    } else {
      Unexpected(fmt::format("{}", value));
    }
  }

  void Other(std::string_view token) override {
    // The crate takes `"__metadata__": null` for no metadata, and published files have it.
    if (place_ == Place::kEntries && name_ == kMetadataKey && token == "null") return;
    Unexpected(token.substr(0, kLongestToken));
  }

  void Broken(const std::string& complaint) override { Refuse("the header is " + complaint); }

 private:
  // Every place has one depth, so no file makes this reader go deeper than entry, field, list.
  enum class Place { kFile, kEntries, kMetadata, kEntry, kShape, kOffsets };

  void StartField(const std::string& key) {
    bool known = false;
    for (const std::string_view field : kFields) known = known || field == key;
    if (!known) {
      Refuse(fmt::format("tensor {}: unknown field {}, expected dtype, shape and data_offsets", Quoted(name_),
                         Quoted(key)));
    }
    field_ = key;
    if (!fields_.insert(key).second) Refuse(fmt::format("{}: given twice", Where()));
  }

  void FinishEntry() {
    for (const std::string_view field : kFields) {
      if (!fields_.contains(std::string(field))) {
        Refuse(fmt::format("tensor {}: field {} is missing", Quoted(name_), field));
      }
    }
    result_.tensors.push_back(std::move(entry_));
  }

  std::string Where() const { return fmt::format("tensor {}: {}", Quoted(name_), field_); }

  [[noreturn]] void WrongOffsetCount(std::string_view found) const {
    Refuse(fmt::format("{}: expected 2 numbers, found {}", Where(), found));
  }

  [[noreturn]] void Unexpected(std::string_view found) const {
    std::string where = Where();
    std::string_view expected = field_ == "dtype" ? "a string" : "an array";
    if (place_ == Place::kShape || place_ == Place::kOffsets) {
      expected = "unsigned integers";
    } else if (place_ == Place::kMetadata) {
      where = fmt::format("__metadata__: {}", Quoted(metadata_key_));
      expected = "a string";
    } else if (place_ != Place::kEntry) {
      where = name_ == kMetadataKey ? std::string(kMetadataKey) : fmt::format("tensor {}", Quoted(name_));
      expected = "an object";
    }
    Refuse(fmt::format("{}: expected {}, found {}", where, expected, found));
  }

  [[noreturn]] void Refuse(std::string_view what) const {
    throw Refusal(file_name_, "InvalidHeaderDeserialization", what,
                  "the file is damaged or its writer is at fault: download or export it again");
  }

  const std::string& file_name_;
  HeaderText result_;
  Place place_ = Place::kFile;
  std::set<std::string> names_;
  std::string name_;
  std::string metadata_key_;
  TensorEntry entry_;
  std::set<std::string> fields_;
  std::string field_;
  std::vector<std::uint64_t> offsets_;
};

}  // namespace

HeaderText ReadHeader(std::string_view text, const std::string& file_name) {
  HeaderReader reader(file_name);
  ReadJson(text, reader);
  return reader.Take();
}

}  // namespace headspec::checkpoint
