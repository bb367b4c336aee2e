// Recognises what is found in place of weights in real life: a Git-LFS pointer, a web page or an error answer
// saved under the file's name, an unfinished download. Called before a file is read as what it should be;
// it says nothing about a file it does not recognise.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace headspec::checkpoint {

// Throws Error(kInput) GitLfsPointer, HtmlPage, ErrorAnswer or ZeroFilled; returns when it sees none.
// No well-formed safetensors file and no JSON index looks like one of these.
void RefuseForeignContent(std::span<const std::byte> file, const std::string& file_name);

}  // namespace headspec::checkpoint
