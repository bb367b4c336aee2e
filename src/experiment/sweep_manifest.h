// A manifest with [[sweep]] as it is written: axes, and the protocol of each of their combinations. Which
// models, revisions and files that means is found out by the room sweep.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "headspec/plan.h"

namespace headspec::experiment {

// One way to measure every model of a table.
struct SweepSetting {
  std::string dtype;         // "auto" or as Precision's ShortName
  std::string prompts;       // as the manifest names them
  std::string variant;       // of [[sweep.protocol]]; empty: the only one
  std::size_t protocol = 0;  // index into SweepManifest::protocols
};

// One [[sweep]].
struct SweepTable {
  std::string models_place;            // "file.toml:9: sweep[0].models", for messages
  std::string revisions_place;         // the same of revisions
  std::vector<std::string> models;     // names, folders and patterns, braces not yet expanded
  std::vector<std::string> sizes;      // of each; empty: from their names
  std::vector<std::string> revisions;  // empty: not stated
  bool skips_missing = false;          // a revision that a model lacks is left out
  std::vector<SweepSetting> settings;  // dtypes, then prompts, then variants; the last changes fastest
};

struct SweepManifest {
  std::string experiment;
  std::string slug;
  std::string purpose;
  std::string text;
  std::filesystem::path folder;  // absolute; what relative paths are relative to
  int split_prompts = 0;
  std::vector<Protocol> protocols;  // each once
  std::vector<SweepTable> tables;
};

// True for a manifest that has a [[sweep]]. Throws Error(kInput) on what is no TOML, kSystem on no file.
bool IsSweepManifest(const std::filesystem::path& file);

SweepManifest ReadSweepManifest(const std::filesystem::path& file);
// The same of its text; `file` is for messages.
SweepManifest ParseSweepManifest(const std::string& text, const std::string& file,
                                 const std::filesystem::path& folder);

// Everything of a protocol that decides what is measured, in words. Equal texts: equal measurements.
std::string ProtocolText(const Protocol& protocol);

}  // namespace headspec::experiment
