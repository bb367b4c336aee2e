#include "experiment/prompts.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/utf8.h"
#include "experiment/files.h"
#include "headspec/plans.h"

namespace headspec {
namespace fs = std::filesystem;
namespace experiment {
namespace {

constexpr const char* kFormats = "give a JSON list of strings, or a text file with one prompt a line";

std::vector<std::string> ReadLines(const std::string& text) {
  std::vector<std::string> prompts;
  std::size_t begin = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // the byte order mark is no part of a prompt
  while (begin < text.size()) {
    std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) end = text.size();
    std::string line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") != std::string::npos) prompts.push_back(std::move(line));
    begin = end + 1;
  }
  return prompts;
}

std::vector<std::string> ReadList(const nlohmann::json& list, const fs::path& file) {
  if (!list.is_array()) {
    throw Error(ErrorKind::kInput,
                fmt::format("prompts: expected a list, found {} in {}", list.type_name(), file.string()),
                kFormats);
  }
  std::vector<std::string> prompts;
  for (const auto& item : list) {
    if (!item.is_string()) {
      throw Error(ErrorKind::kInput,
                  fmt::format("prompts[{}]: expected a string, found {} in {}", prompts.size(),
                              item.type_name(), file.string()),
                  kFormats);
    }
    prompts.push_back(item.get<std::string>());
  }
  return prompts;
}

// A word that describes the list; `otherwise` if it is not there.
std::string ReadWord(const nlohmann::json& set, const char* key, const std::string& otherwise,
                     const fs::path& file) {
  const auto found = set.find(key);
  if (found == set.end()) return otherwise;
  if (!found->is_string()) {
    throw Error(ErrorKind::kInput,
                fmt::format("prompts: \"{}\": expected a string, found {} in {}", key, found->type_name(),
                            file.string()),
                "put it in quotes");
  }
  return found->get<std::string>();
}

void Check(const PromptSet& set, const std::string& stated_md5) {
  if (set.prompts.empty()) {
    throw Error(ErrorKind::kInput,
                fmt::format("prompts: expected at least one, found none in {}", set.source), kFormats);
  }
  for (std::size_t i = 0; i < set.prompts.size(); ++i) {
    if (set.prompts[i].empty()) {
      throw Error(ErrorKind::kInput, fmt::format("prompts[{}]: empty in {}", i, set.source),
                  "remove it or write a prompt");
    }
    if (FindInvalidUtf8(set.prompts[i]) != std::string::npos) {
      throw Error(ErrorKind::kInput, fmt::format("prompts[{}]: not UTF-8 in {}", i, set.source),
                  "save the file as UTF-8");
    }
  }
  if (!stated_md5.empty() && stated_md5 != set.md5) {
    throw Error(ErrorKind::kInput,
                fmt::format("prompts: expected MD5 {}, found {} in {}", stated_md5, set.md5, set.source),
                "the prompts were changed: restore them, or give the set its own name and MD5");
  }
}

}  // namespace

std::string PromptMd5(const std::vector<std::string>& prompts) {
  std::string joined;
  for (std::size_t i = 0; i < prompts.size(); ++i) joined += (i == 0 ? "" : "|||") + prompts[i];
  return HexHash(HashKind::kMd5, joined);
}

bool IsBuiltInPromptSet(std::string_view name) { return name.find_first_of("/.") == std::string_view::npos; }

}  // namespace experiment

PromptSet LoadPrompts(const std::string& name) {
  using namespace experiment;  // NOLINT(google-build-using-namespace)
  const bool built_in = IsBuiltInPromptSet(name);
  const fs::path file = built_in ? DataFolder() / "data" / "prompts" / (name + ".json") : fs::path(name);
  std::error_code code;
  if (built_in && !fs::exists(file, code)) {
    throw Error(ErrorKind::kInput,
                fmt::format("prompts: no built-in set \"{}\" in {}", name, file.parent_path().string()),
                "use standard-10-v3, or a path with an extension or a slash");
  }
  const std::string text = ReadWholeFile(file, "prompts");
  PromptSet set{.version = file.filename().string(),
                .source = built_in ? "built-in" : file.string(),
                .md5 = "",
                .prompts = {}};
  std::string stated_md5;
  if (file.extension() == ".json") {
    try {
      const nlohmann::json json = nlohmann::json::parse(text);
      const bool described = json.is_object() && json.contains("prompts");
      set.prompts = ReadList(described ? json.at("prompts") : json, file);
      if (described) set.version = ReadWord(json, "version", set.version, file);
      if (described) stated_md5 = ReadWord(json, "md5", "", file);
    } catch (const nlohmann::json::exception& e) {
      throw Error(ErrorKind::kInput,
                  fmt::format("prompts: not JSON in {} ({})", file.string(), JsonComplaint(e)), kFormats);
    }
  } else {
    set.prompts = ReadLines(text);
  }
  set.md5 = PromptMd5(set.prompts);
  Check(set, stated_md5);
  return set;
}

PromptSet PromptsOf(std::vector<std::string> prompts, const std::string& version) {
  PromptSet set{.version = version, .source = version, .md5 = experiment::PromptMd5(prompts), .prompts = {}};
  set.prompts = std::move(prompts);
  experiment::Check(set, "");
  return set;
}

}  // namespace headspec
