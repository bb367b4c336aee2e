// Versions of Hugging Face's crates in hf/, as Cargo.lock pins them.
#pragma once

#include <string>

namespace headspec::text {

std::string TokenizersVersion();
std::string MinijinjaVersion();

}  // namespace headspec::text
