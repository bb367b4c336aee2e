// Reading a small file of a checkpoint whole: configuration, tokenizer, template.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace headspec {

// Empty if there is no such file. Throws Error on what cannot be read, on a link to a missing file, on what
// is no regular file (a pipe would wait forever), and on a Git-LFS pointer in place of the file.
std::optional<std::string> ReadFile(const std::filesystem::path& path);

}  // namespace headspec
