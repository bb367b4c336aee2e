// hf/'s C ABI as C++: owned, and with its failures as Error. No rule about any model lives here.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/json_file.h"
#include "text/token_place.h"

struct HeadspecHfTokenizer;

namespace headspec::text {

struct TokenLimit {
  int max_length = 0;  // special tokens counted; 0 or less for no limit
  bool from_left = false;
};

struct HfEncoding {
  std::vector<int> ids;
  std::vector<std::string> tokens;
  std::vector<TokenPlace> places;
  bool truncated = false;
};

class HfTokenizer {
 public:
  // `path` is named in errors only; `json` are its bytes.
  HfTokenizer(std::string_view json, const std::filesystem::path& path);

  Json Describe() const;
  void Amend(const Json& changes);
  int MaxId() const;
  HfEncoding Encode(std::string_view text, TokenLimit limit) const;

 private:
  struct Close {
    void operator()(HeadspecHfTokenizer* tokenizer) const;
  };

  std::filesystem::path path_;
  std::unique_ptr<HeadspecHfTokenizer, Close> handle_;
};

// `file` is where the template was read, for errors.
std::string RenderTemplate(std::string_view source, const Json& context, const std::string& file);

// Throws if `text` is not UTF-8, with the byte offset. `what` names it: "prompt", "chat_template.jinja".
void RequireUtf8(std::string_view text, const std::string& what);

}  // namespace headspec::text
