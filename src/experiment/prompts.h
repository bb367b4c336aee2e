// Prompt sets: the built-in ones and users' files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "headspec/plan.h"

namespace headspec::experiment {

// `name` is "standard-10-v3" or a file: .json (a list of strings, or an object with "prompts") or text with
// one prompt a line, blank lines ignored. Throws Error on anything else, on an empty prompt and, for a set
// that states its MD5, on another content.
PromptSet LoadPrompts(const std::string& name);

// MD5 of the prompts joined by "|||", as the notebook checks it.
std::string PromptMd5(const std::vector<std::string>& prompts);

}  // namespace headspec::experiment
