// Names and checksums of prompt sets; headspec/plans.h loads them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headspec::experiment {

// A name is a built-in set's, "standard-10-v3"; with a slash or an extension it is the path of a file.
bool IsBuiltInPromptSet(std::string_view name);

// MD5 of the prompts joined by "|||", as the notebook checks it.
std::string PromptMd5(const std::vector<std::string>& prompts);

}  // namespace headspec::experiment
