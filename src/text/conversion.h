// tokenizer.json of a folder: its own, or for a class that transformers 4.57.6 converts from vocab.json and
// merges.txt or from vocab.txt, what convert_slow_tokenizer.py makes of those. Post-processors and special
// tokens are left to overlay.h.
#pragma once

#include <filesystem>
#include <string>

#include "text/special_tokens.h"
#include "text/tokenizer_class.h"

namespace headspec::text {

// Throws when the folder has none of the files, naming those that are there and how to convert them.
std::string TokenizerJson(const std::filesystem::path& folder, const ConfigFiles& files,
                          const TokenizerClass& tokenizer_class);

}  // namespace headspec::text
