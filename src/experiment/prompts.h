// Prompt sets: the built-in ones and users' files.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "headspec/plan.h"

namespace headspec::experiment {

// A name is a built-in set's, "standard-10-v3"; with a slash or an extension it is the path of a file.
bool IsBuiltInPromptSet(std::string_view name);

// `name` is a built-in set or a file: .json (a list of strings, or an object with "prompts") or text with
// one prompt a line, blank lines ignored. Throws Error on anything else, on an empty prompt and, for a set
// that states its MD5, on another content.
PromptSet LoadPrompts(const std::string& name);

// MD5 of the prompts joined by "|||", as the notebook checks it.
std::string PromptMd5(const std::vector<std::string>& prompts);

}  // namespace headspec::experiment
