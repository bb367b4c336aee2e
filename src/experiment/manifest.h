// What manifests of ladders and of sweeps share.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "experiment/toml_reader.h"
#include "headspec/plan.h"

namespace headspec::experiment {

// Calls `read` with the table that the text is. Throws Error(kInput) with file and line if it is none.
void ParseManifest(const std::string& text, const std::string& file,
                   const std::function<void(const toml::table&)>& read);

// The table [protocol]; relative paths are relative to `folder`.
Protocol ReadProtocol(const TomlReader& toml, const std::filesystem::path& folder);

// What LoadPrompts takes for a prompt set of a manifest in `folder`.
std::string PromptSource(const std::string& name, const std::filesystem::path& folder);

// The key slug, or what the experiment's name gives. It names folders and files.
std::string ReadSlug(const TomlReader& toml, const std::string& experiment);

}  // namespace headspec::experiment
