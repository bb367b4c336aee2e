#include "text/chat_template.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "core/error.h"
#include "text/hf_tokenizer.h"

namespace headspec::text {
namespace {

using Templates = std::map<std::string, std::string>;

constexpr const char* kDefault = "default";

// chat_template.jinja is the default, additional_chat_templates/NAME.jinja are the others.
Templates FromJinjaFiles(const std::filesystem::path& folder) {
  Templates templates;
  const auto add = [&](const std::string& name, const std::filesystem::path& path) {
    if (std::optional<std::string> source = ReadFile(path)) {
      RequireUtf8(*source, path.filename().string() + " in " + folder.string());
      templates[name] = std::move(*source);
    }
  };
  add(kDefault, folder / "chat_template.jinja");
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "additional_chat_templates", none)) {
    if (entry.path().extension() == ".jinja") add(entry.path().stem().string(), entry.path());
  }
  return templates;
}

void AddNamed(const JsonFile& file, const std::string& name, const Json& source, Templates& templates) {
  if (!source.is_string()) throw file.Unexpected("chat_template." + name, "a template string", source);
  templates[name] = source.get<std::string>();
}

// A string, a list of {name, template}, or an object of name: template.
Templates FromJson(const JsonFile& file) {
  Templates templates;
  const Json* value = file.Find("chat_template");
  if (value == nullptr || value->is_null()) return templates;
  if (value->is_string()) {
    templates[kDefault] = value->get<std::string>();
  } else if (value->is_object()) {
    for (const auto& [name, source] : value->items()) AddNamed(file, name, source, templates);
  } else if (value->is_array()) {
    for (const Json& entry : *value) {
      const bool named = entry.is_object() && entry.contains("name") && entry["name"].is_string();
      if (!named || !entry.contains("template")) {
        throw file.Unexpected("chat_template", "objects with name and template", entry);
      }
      AddNamed(file, entry["name"].get<std::string>(), entry["template"], templates);
    }
  } else {
    throw file.Unexpected("chat_template", "a template string or a list of them", *value);
  }
  return templates;
}

}  // namespace

ChatTemplates ChatTemplates::Read(const std::filesystem::path& folder, const JsonFile& tokenizer_config) {
  ChatTemplates templates;
  templates.folder_ = folder;
  templates.by_name_ = FromJinjaFiles(folder);
  if (templates.empty()) templates.by_name_ = FromJson(tokenizer_config);
  if (templates.empty()) templates.by_name_ = FromJson(JsonFile::Read(folder / "chat_template.json"));
  return templates;
}

std::string ChatTemplates::Render(std::string_view user_prompt, const Json& special_tokens) const {
  const auto source = by_name_.find(kDefault);
  if (source == by_name_.end()) {
    std::string names;
    for (const auto& [name, text] : by_name_) names += (names.empty() ? "" : ", ") + name;
    const std::string found = empty() ? "there is none" : "none is named default, found " + names;
    throw Error(ErrorKind::kInput, fmt::format("chat template: {} in {}", found, folder_.string()),
                "run with --no-chat-template");
  }
  RequireUtf8(user_prompt, "prompt");
  // Special tokens come last, as keyword arguments do in Python. tools and documents are None, not undefined.
  Json context = {{"messages", {{{"role", "user"}, {"content", std::string(user_prompt)}}}},
                  {"tools", nullptr},
                  {"documents", nullptr},
                  {"add_generation_prompt", true}};
  for (const auto& [name, token] : special_tokens.items()) context[name] = token;
  return RenderTemplate(source->second, context, folder_.string());
}

}  // namespace headspec::text
