// Which chat template a checkpoint has, and its rendering. The folder's own .jinja files come before
// tokenizer_config.json, as in transformers 4.57.6; chat_template.json (of multimodal processors) comes last.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "text/json_file.h"

namespace headspec::text {

class ChatTemplates {
 public:
  static ChatTemplates Read(const std::filesystem::path& folder, const JsonFile& tokenizer_config);

  bool empty() const { return by_name_.empty(); }
  // The template that Render uses; null without one.
  const std::string* source() const;

  // One user message, then the generation prompt. `special_tokens` are variables of the template.
  std::string Render(std::string_view user_prompt, const Json& special_tokens) const;

 private:
  struct Template {
    std::string source;
    std::filesystem::path file;
  };
  using ByName = std::map<std::string, Template>;

  static ByName FromJinjaFiles(const std::filesystem::path& folder);
  static ByName FromJson(const JsonFile& file);

  std::filesystem::path folder_;
  ByName by_name_;  // "default" is the one that is used
};

}  // namespace headspec::text
