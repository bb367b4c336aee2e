// One model made ready to be measured: its folder found, its weights bound, its tokenizer loaded, and the
// prompts of an experiment turned into its tokens.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/progress.h"
#include "experiment/subject_files.h"
#include "headspec/plan.h"
#include "headspec/run.h"
#include "hub/settings.h"
#include "model/model.h"
#include "text/tokenizer.h"

namespace headspec::experiment {

struct Location {
  std::filesystem::path folder;
  std::string repository;  // "org/name" of a cached snapshot; empty for a plain folder
  std::string commit;      // of the cached snapshot; empty for a plain folder
};

// Where the model that `entry` names lies. One that is neither a folder nor whole in the cache is downloaded
// first, unless `hub` forbids it. Throws Error.
Location Locate(const ModelEntry& entry, const HubOptions& hub, Observer& observer);

struct Subject {
  std::filesystem::path folder;
  std::string repository;  // as in Location
  std::string commit;
  model::Model model;
  text::Tokenizer tokenizer;
  double load_seconds = 0;
  FolderStamps stamps;
  std::optional<SubjectFiles> files = {};  // set by Identify; without it no result is kept or reused
};

// A model that is neither a folder nor whole in the cache is downloaded first, unless `hub` forbids it.
// Throws Error on anything missing or unfit, a tokenizer of another vocabulary included.
Subject LoadSubject(const ModelEntry& entry, const HubOptions& hub, Observer& observer);

// The environment's settings with the options over them.
hub::Settings SettingsOf(const HubOptions& options);

// Hashes the subject's files, as far as nobody did before.
void Identify(Subject& subject, int threads, Progress& progress);

struct TokenisedPrompts {
  std::vector<std::vector<int>> ids;             // (P)(T)
  std::vector<std::vector<std::string>> tokens;  // (P)(T), as in the vocabulary
  std::vector<std::vector<std::string>> roles;   // (P)(T), as ModelResult::token_roles
  std::vector<std::string> warnings;
  bool chat_template_applied = false;
};

// With `use_chat_template` each prompt becomes one user message with the generation prompt; a model
// without a template gets the raw prompt and a warning, as in the notebook.
TokenisedPrompts Tokenise(const Subject& subject, const std::vector<std::string>& prompts, int max_length,
                          bool use_chat_template);

}  // namespace headspec::experiment
