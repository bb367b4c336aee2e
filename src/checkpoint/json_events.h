// JSON as a series of events: what the header reader and the index reader listen to. Events arrive in file
// order, so a listener sees duplicate keys, which a tree of values would have swallowed. A listener stops the
// reading by throwing. Not a JSON library for other rooms: it hides nlohmann's in one source file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace headspec::checkpoint {

class JsonEvents {
 public:
  virtual ~JsonEvents() = default;
  virtual void StartObject() = 0;
  virtual void Key(const std::string& key) = 0;
  virtual void EndObject() = 0;
  virtual void StartArray() = 0;
  virtual void EndArray() = 0;
  virtual void String(const std::string& value) = 0;
  virtual void Unsigned(std::uint64_t value) = 0;
  // A value that is none of the above, as the file spells it: null, true, -3, 1.5.
  virtual void Other(std::string_view token) = 0;
  // Must throw: there is nothing more to read. `complaint` is half a sentence: "not valid JSON near byte 17".
  virtual void Broken(const std::string& complaint) = 0;
};

// Reads the whole of `text` as one JSON value, at most kDeepestJson levels deep. Neither recursion nor a
// tree: memory is a few bytes per level.
void ReadJson(std::string_view text, JsonEvents& events);

}  // namespace headspec::checkpoint
