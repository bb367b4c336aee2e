#include "sweep/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/hash.h"
#include "experiment/pass_estimate.h"
#include "experiment/progress.h"
#include "experiment/subject.h"
#include "experiment/sweep_manifest.h"
#include "sweep/contents.h"
#include "sweep/expand.h"
#include "sweep/hub_answers.h"
#include "sweep/targets.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

using experiment::SweepManifest;
using experiment::SweepSetting;

constexpr std::size_t kIdDigits = 16;
constexpr std::size_t kLongestPart = 80;
constexpr std::size_t kShownRepeats = 3;
constexpr const char* kIdentityKind = "headspec sweep cell, format 1";

// What a folder may be called anywhere.
std::string Plain(const std::string& text) {
  std::string plain;
  for (const char c : text) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
    plain += c == '/' ? "--" : is_plain ? std::string(1, c) : "_";
  }
  while (plain.starts_with('.') || plain.starts_with('-')) plain.erase(0, 1);
  return plain.substr(0, kLongestPart);
}

std::string LastPart(const std::string& model) {
  const fs::path path = fs::path(model).lexically_normal();
  return path.has_filename() ? path.filename().string() : path.parent_path().filename().string();
}

// Which axes have more than one value: the others need not be named.
struct Varied {
  bool dtype = false;
  bool prompts = false;
  bool variant = false;
};

Varied VariedIn(const SweepManifest& manifest) {
  std::set<std::string> dtypes, prompts, variants;
  for (const auto& table : manifest.tables) {
    for (const SweepSetting& setting : table.settings) {
      dtypes.insert(setting.dtype);
      prompts.insert(setting.prompts);
      variants.insert(setting.variant);
    }
  }
  return {dtypes.size() > 1, prompts.size() > 1, variants.size() > 1};
}

std::string CurveOf(const std::string& model, const SweepSetting& setting, const Varied& varied) {
  std::string curve = model;
  if (varied.dtype) curve += ", " + setting.dtype;
  if (varied.prompts) curve += ", " + setting.prompts;
  if (varied.variant && !setting.variant.empty()) curve += ", " + setting.variant;
  return curve;
}

class Planner {
 public:
  Planner(const SweepManifest& manifest, const RunOptions& options, Observer& observer)
      : manifest_(manifest),
        options_(options),
        progress_(observer),
        hub_(experiment::SettingsOf(options.hub), progress_) {}

  SweepPlan Make() {
    plan_.experiment = manifest_.experiment;
    plan_.slug = manifest_.slug;
    plan_.purpose = manifest_.purpose;
    plan_.manifest_text = manifest_.text;
    plan_.base_folder = manifest_.folder.string();
    plan_.protocols = manifest_.protocols;
    plan_.split_prompts = manifest_.split_prompts;
    const auto targets = ResolveTargets(manifest_, hub_, plan_.notes);
    contents_ = ReadContents(targets, hub_, options_.threads, progress_);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      for (const ModelTargets& model : targets[i]) AddModel(model, manifest_.tables[i].settings);
    }
    if (plan_.cells.empty()) {
      throw Error(ErrorKind::kInput, fmt::format("{}: nothing is left to measure", manifest_.experiment),
                  "see which revisions there are, or take missing = \"skip\" out");
    }
    NoteStatedTwice();
    JoinRepeats();
    Estimate();
    return std::move(plan_);
  }

 private:
  void AddModel(const ModelTargets& model, const std::vector<SweepSetting>& settings) {
    for (const SweepSetting& setting : settings) {
      for (const Target& target : model) AddCell(target, setting);
    }
  }

  void AddCell(const Target& target, const SweepSetting& setting) {
    const Content& content = contents_.at(KeyOf(target));
    SweepCell cell;
    cell.curve = CurveOf(target.model, setting, varied_);
    if (!seen_.insert({cell.curve, target.revision}).second) {
      ++stated_twice_;
      return;
    }
    RequireOneProtocol(cell.curve, setting.protocol);
    cell.entry.name = target.model;
    cell.entry.path = target.folder.string();
    if (!target.folder.empty()) cell.content = HashOf(content);
    if (target.folder.empty()) cell.entry.revision = content.commit;
    cell.entry.display = LastPart(target.model);
    if (!target.revision.empty() && target.revision != "main") cell.entry.display += " " + target.revision;
    cell.entry.size = target.size;
    const Protocol& protocol = plan_.protocols[setting.protocol];
    cell.entry.use_chat_template = protocol.variants.front().use_chat_template;
    cell.revision = target.revision;
    cell.step = target.step;
    cell.dtype = setting.dtype;
    cell.variant = setting.variant;
    cell.protocol = setting.protocol;
    cell.cost.weight_bytes = content.weight_bytes;
    const std::string identity =
        fmt::format("{}\n{}\n{}", kIdentityKind, content.identity, experiment::ProtocolText(protocol));
    cell.id = HexHash(HashKind::kSha256, identity).substr(0, kIdDigits);
    const std::string at = target.revision.empty() ? "" : "@" + Plain(target.revision);
    cell.folder = fmt::format("{}{}-{}-{}", Plain(target.model), at, setting.dtype, cell.id);
    plan_.cells.push_back(std::move(cell));
    cell_contents_.push_back(&content);
  }

  // Two tables may call different things by one name.
  void RequireOneProtocol(const std::string& curve, std::size_t protocol) {
    const auto [known, is_new] = protocol_of_.try_emplace(curve, protocol);
    if (is_new || known->second == protocol) return;
    throw Error(ErrorKind::kInput,
                fmt::format("{}: \"{}\" is measured in two ways", manifest_.experiment, curve),
                "give the [[sweep.protocol]] of each its own name");
  }

  void NoteStatedTwice() {
    if (stated_twice_ == 0) return;
    plan_.notes.push_back(
        stated_twice_ == 1 ? "1 measurement is stated twice and planned once"
                           : fmt::format("{} measurements are stated twice and planned once", stated_twice_));
  }

  // The first cell of each id is measured, the others share its folder.
  void JoinRepeats() {
    std::map<std::string, const SweepCell*> first;
    std::vector<std::string> pairs;
    for (SweepCell& cell : plan_.cells) {
      const auto [known, is_new] = first.try_emplace(cell.id, &cell);
      if (is_new) continue;
      const SweepCell& same = *known->second;
      cell.folder = same.folder;
      pairs.push_back(NameOf(cell) + " is " +
                      (cell.curve == same.curve && !same.revision.empty() ? same.revision : NameOf(same)));
    }
    for (std::size_t i = 0; i < std::min(pairs.size(), kShownRepeats); ++i)
      plan_.notes.push_back(pairs[i] + " (the same content): measured once");
    if (pairs.size() > kShownRepeats)
      plan_.notes.push_back(fmt::format("and {} more repeats", pairs.size() - kShownRepeats));
  }

  static std::string NameOf(const SweepCell& cell) {
    return cell.revision.empty() ? cell.curve : cell.curve + " " + cell.revision;
  }

  void Estimate() {
    const double speed = experiment::MeasuredSpeed(options_.threads);
    std::map<std::pair<std::string, std::size_t>, experiment::PassEstimate> known;
    std::set<std::string> measured, brought;
    for (std::size_t i = 0; i < plan_.cells.size(); ++i) {
      SweepCell& cell = plan_.cells[i];
      const Content& content = *cell_contents_[i];
      const auto [found, is_new] = known.try_emplace({content.config, cell.protocol});
      if (is_new) {
        const std::string place = fmt::format("{}@{}", cell.entry.name, cell.revision);
        found->second =
            experiment::EstimatePass(content.config, cell.revision.empty() ? cell.entry.name : place,
                                     plan_.protocols[cell.protocol], options_);
      }
      cell.cost.operations = found->second.operations;
      cell.cost.memory_bytes = found->second.memory_bytes;
      cell.cost.seconds = experiment::SecondsOf(found->second, speed);
      if (measured.insert(cell.id).second && cell.entry.path.empty())
        cell.cost.download_bytes = Missing(cell.entry.name, content, brought);
    }
  }

  // Bytes of the files that neither the cache nor an earlier cell brings.
  std::uint64_t Missing(const std::string& model, const Content& content, std::set<std::string>& brought) {
    std::uint64_t bytes = 0;
    for (const hub::RemoteFile& file : content.files) {
      if (brought.insert(model + " " + file.etag).second && !hub_.IsCached(model, content.commit, file))
        bytes += file.bytes;
    }
    return bytes;
  }

  const SweepManifest& manifest_;
  const RunOptions& options_;
  experiment::ObserverProgress progress_;
  HubAnswers hub_;
  const Varied varied_ = VariedIn(manifest_);
  SweepPlan plan_;
  std::map<std::string, Content> contents_;
  std::vector<const Content*> cell_contents_;  // of each cell
  std::set<std::pair<std::string, std::string>> seen_;
  std::map<std::string, std::size_t> protocol_of_;
  int stated_twice_ = 0;
};

}  // namespace

bool IsSweep(const fs::path& manifest) { return experiment::IsSweepManifest(manifest); }

SweepPlan MakePlan(const fs::path& manifest, const RunOptions& options, Observer& observer) {
  const SweepManifest read = experiment::ReadSweepManifest(manifest);
  return Planner(read, options, observer).Make();
}

}  // namespace headspec::sweep
