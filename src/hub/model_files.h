// Which files of a repository measuring reads.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "hub/remote.h"

namespace headspec::hub {

inline constexpr std::string_view kWeightsFile = "model.safetensors";
inline constexpr std::string_view kShardIndexFile = "model.safetensors.index.json";

// Optional ones of them: their absence is worth remembering.
inline constexpr std::array<std::string_view, 6> kTokenizerFiles = {
    "tokenizer.json",    "tokenizer_config.json", "special_tokens_map.json",
    "added_tokens.json", "chat_template.jinja",   "chat_template.json"};

// Of tokenizers without tokenizer.json.
inline constexpr std::array<std::string_view, 4> kVocabularies = {"vocab.json", "merges.txt", "vocab.txt",
                                                                  "tokenizer.model"};

// True for the files of a repository that are fetched: configuration, tokenizer and weights.
bool IsFetchedName(const std::string& file);

bool HoldsFile(const std::vector<std::string>& names, std::string_view name);

// What the repository must have to be measured. Throws Error(kInput) otherwise.
void RequireMeasurable(const RemoteModel& remote, const Listing& listing);

// config.json, the tokenizer and, of sharded weights, the index.
std::vector<std::string> SmallFiles(const std::vector<std::string>& files);

// The listed files that measuring reads, but for shards: SmallFiles, and model.safetensors where there is
// one. Throws as RequireMeasurable does.
std::vector<RemoteFile> NeededFiles(const RemoteModel& remote, const FileListing& listing);

}  // namespace headspec::hub
