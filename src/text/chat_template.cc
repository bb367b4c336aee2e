#include "text/chat_template.h"

#include <fmt/format.h>

#include <system_error>
#include <utility>

#include "core/error.h"
#include "text/hf_tokenizer.h"

namespace headspec::text {
namespace {

constexpr const char* kDefault = "default";

}  // namespace

// chat_template.jinja is the default, additional_chat_templates/NAME.jinja are the others.
ChatTemplates::ByName ChatTemplates::FromJinjaFiles(const std::filesystem::path& folder) {
  ByName templates;
  const auto add = [&](const std::string& name, const std::filesystem::path& path) {
    if (std::optional<std::string> source = ReadFile(path)) {
      RequireUtf8(*source, path.filename().string() + " in " + folder.string());
      templates[name] = {std::move(*source), path};
    }
  };
  add(kDefault, folder / "chat_template.jinja");
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "additional_chat_templates", none)) {
    if (entry.path().extension() == ".jinja") add(entry.path().stem().string(), entry.path());
  }
  return templates;
}

// A string, a list of {name, template}, or an object of name: template.
ChatTemplates::ByName ChatTemplates::FromJson(const JsonFile& file) {
  ByName templates;
  const auto add = [&](const std::string& name, const Json& source) {
    if (!source.is_string()) throw file.Unexpected("chat_template." + name, "a template string", source);
    templates[name] = {source.get<std::string>(), file.path()};
  };
  const Json* value = file.Find("chat_template");
  if (value == nullptr || value->is_null()) return templates;
  if (value->is_string()) {
    add(kDefault, *value);
  } else if (value->is_object()) {
    for (const auto& [name, source] : value->items()) add(name, source);
  } else if (value->is_array()) {
    for (const Json& entry : *value) {
      const bool named = entry.is_object() && entry.contains("name") && entry["name"].is_string();
      if (!named || !entry.contains("template")) {
        throw file.Unexpected("chat_template", "objects with name and template", entry);
      }
      add(entry["name"].get<std::string>(), entry["template"]);
    }
  } else {
    throw file.Unexpected("chat_template", "a template string or a list of them", *value);
  }
  return templates;
}

ChatTemplates ChatTemplates::Read(const std::filesystem::path& folder, const JsonFile& tokenizer_config) {
  ChatTemplates templates;
  templates.folder_ = folder;
  templates.by_name_ = FromJinjaFiles(folder);
  if (templates.empty()) templates.by_name_ = FromJson(tokenizer_config);
  if (templates.empty()) templates.by_name_ = FromJson(JsonFile::Read(folder / "chat_template.json"));
  return templates;
}

const std::string* ChatTemplates::source() const {
  const auto found = by_name_.find(kDefault);
  return found == by_name_.end() ? nullptr : &found->second.source;
}

std::string ChatTemplates::Render(std::string_view user_prompt, const Json& special_tokens) const {
  const auto source = by_name_.find(kDefault);
  if (source == by_name_.end()) {
    std::string names;
    for (const auto& [name, chat_template] : by_name_) names += (names.empty() ? "" : ", ") + name;
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
  return RenderTemplate(source->second.source, context, source->second.file.string());
}

}  // namespace headspec::text
