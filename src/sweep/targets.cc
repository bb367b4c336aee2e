#include "sweep/targets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/nearest.h"
#include "hub/cache.h"
#include "sweep/expand.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

using experiment::SweepManifest;
using experiment::SweepTable;

constexpr std::size_t kShown = 3;  // names in a message

// A model of a table before its revisions are looked up.
struct Model {
  std::string name;
  fs::path folder;                     // empty: on the hub
  std::vector<std::string> revisions;  // expanded; patterns among them
  std::string size;
};

// `3 of 20 ("a", "b", "c")`-like: the first few, and how many more.
std::string FirstOf(const std::vector<std::string>& names) {
  const std::size_t shown = std::min(names.size(), kShown);
  const std::vector<std::string> first(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown));
  const std::string more = names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : "";
  return fmt::format("{}{}", fmt::join(first, ", "), more);
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// As people sort: digits that follow one another are a number, so "neox-84k" stands before "neox-191k".
bool ComesBefore(std::string_view a, std::string_view b) {
  const auto number_of = [](std::string_view text) {
    return text.substr(0, std::find_if_not(text.begin(), text.end(), IsDigit) - text.begin());
  };
  while (!a.empty() && !b.empty()) {
    if (IsDigit(a.front()) && IsDigit(b.front())) {
      const std::string_view left = number_of(a), right = number_of(b);
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
      a.remove_prefix(left.size());
      b.remove_prefix(right.size());
      continue;
    }
    if (a.front() != b.front()) return a.front() < b.front();
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() < b.size();
}

// Folders below `root` that a path with patterns names, sorted.
std::vector<std::string> MatchingFolders(const fs::path& root, const fs::path& pattern) {
  std::vector<std::string> found = {""};
  for (const fs::path& part : pattern) {
    std::vector<std::string> next;
    for (const std::string& base : found) {
      const fs::path here = base.empty() ? fs::path(part) : fs::path(base) / part;
      std::error_code failed;
      if (!IsPattern(part.string())) {
        if (fs::is_directory(root / here, failed)) next.push_back(here.string());
        continue;
      }
      const fs::path parent = base.empty() ? fs::path() : fs::path(base);
      for (fs::directory_iterator i(root / parent, failed), end; !failed && i != end; i.increment(failed)) {
        const std::string name = i->path().filename().string();
        const bool is_hidden = name.starts_with('.') && !part.string().starts_with('.');
        if (!is_hidden && i->is_directory(failed) && Matches(part.string(), name))
          next.push_back((parent / name).string());
      }
    }
    found = std::move(next);
  }
  std::sort(found.begin(), found.end(), ComesBefore);
  return found;
}

bool HoldsModel(const fs::path& folder) {
  std::error_code failed;
  return fs::exists(folder / "config.json", failed);
}

class Resolver {
 public:
  Resolver(const SweepManifest& manifest, HubAnswers& hub, std::vector<std::string>& notes)
      : manifest_(manifest), hub_(hub), notes_(notes) {}

  std::vector<std::vector<ModelTargets>> Resolve() {
    std::vector<std::vector<Model>> tables;
    for (const SweepTable& table : manifest_.tables) tables.push_back(ModelsOf(table));
    AskReferences(tables);
    std::vector<std::vector<ModelTargets>> targets;
    std::size_t cells = 0;
    for (std::size_t i = 0; i < tables.size(); ++i) {
      const SweepTable& table = manifest_.tables[i];
      auto& of_table = targets.emplace_back();
      for (const Model& model : tables[i]) {
        of_table.push_back(model.folder.empty() ? OnHub(table, model) : InFolder(table, model));
        cells += of_table.back().size() * table.settings.size();
        if (cells > kMostCells) {
          throw Error(ErrorKind::kInput,
                      fmt::format("{}: expected at most {} measurements in all, found more",
                                  table.models_place, kMostCells),
                      "make several sweeps of it");
        }
      }
    }
    return targets;
  }

 private:
  std::vector<Model> ModelsOf(const SweepTable& table) const {
    std::vector<Model> models;
    std::vector<std::string> revisions;
    for (const std::string& text : table.revisions) {
      for (std::string& one : ExpandBraces(text, table.revisions_place)) revisions.push_back(std::move(one));
    }
    for (std::size_t i = 0; i < table.models.size(); ++i) {
      for (const std::string& name : ExpandBraces(table.models[i], table.models_place)) {
        for (Model& model : ModelsNamed(table, name)) {
          if (model.revisions.empty()) model.revisions = revisions;
          if (model.revisions.empty() && model.folder.empty()) model.revisions = {"main"};
          model.size = table.sizes.empty() ? SizeIn(model.name) : table.sizes[i];
          models.push_back(std::move(model));
        }
      }
    }
    return models;
  }

  std::vector<Model> ModelsNamed(const SweepTable& table, const std::string& name) const {
    std::error_code failed;
    if (IsPattern(name)) return FoldersNamed(table, name);
    if (fs::is_directory(manifest_.folder / name, failed))
      return {{.name = name,
               .folder = (manifest_.folder / name).lexically_normal(),
               .revisions = {},
               .size = {}}};
    if (!hub::IsModelName(name)) {
      throw Error(ErrorKind::kInput,
                  fmt::format("{}: \"{}\": no such folder in {}, and no name of a model on the hub",
                              table.models_place, name, manifest_.folder.string()),
                  "give a folder, or org/name or org/name@revision");
    }
    const hub::ModelName parsed = hub::ParseModelName(name);
    return {{.name = parsed.model,
             .folder = {},
             .revisions = name == parsed.model ? std::vector<std::string>{} : std::vector{parsed.revision},
             .size = {}}};
  }

  std::vector<Model> FoldersNamed(const SweepTable& table, const std::string& pattern) const {
    std::vector<Model> models;
    for (const std::string& name : MatchingFolders(manifest_.folder, pattern)) {
      const fs::path folder = (manifest_.folder / name).lexically_normal();
      if (!table.revisions.empty() || HoldsModel(folder))
        models.push_back({.name = name, .folder = folder, .revisions = {}, .size = {}});
    }
    if (models.empty()) {
      throw Error(ErrorKind::kInput,
                  fmt::format("{}: \"{}\": no folder with a config.json matches it in {}", table.models_place,
                              pattern, manifest_.folder.string()),
                  "correct the pattern; models of the hub are named one by one, or as org/name-{a,b}");
    }
    return models;
  }

  void AskReferences(const std::vector<std::vector<Model>>& tables) {
    std::set<std::string> names;
    for (const auto& table : tables) {
      for (const Model& model : table) {
        const bool is_known = std::all_of(model.revisions.begin(), model.revisions.end(), NeedsNoReference);
        if (model.folder.empty() && (!is_known || hub_.is_offline())) names.insert(model.name);
      }
    }
    for (auto& [model, references] : hub_.References({names.begin(), names.end()})) {
      for (const hub::Reference& reference : references)
        references_[model].emplace_back(reference.name, reference.commit);
    }
  }

  static bool NeedsNoReference(const std::string& revision) {
    return hub::IsCommit(revision) || revision.starts_with("refs/");
  }

  ModelTargets OnHub(const SweepTable& table, const Model& model) {
    const auto& known = references_[model.name];
    std::vector<std::pair<std::string, std::string>> found;
    std::vector<std::string> missing;
    for (const std::string& revision : model.revisions) {
      if (IsPattern(revision)) {
        const std::size_t before = found.size();
        for (const auto& [name, commit] : known) {
          if (Matches(revision, name)) found.emplace_back(name, commit);
        }
        if (found.size() == before) missing.push_back(revision);
        continue;
      }
      const auto at = std::find_if(known.begin(), known.end(),
                                   [&](const auto& reference) { return reference.first == revision; });
      if (at != known.end())
        found.push_back(*at);
      else if (NeedsNoReference(revision) && IsToBeHad(model.name, revision))
        found.emplace_back(revision, revision);
      else
        missing.push_back(revision);
    }
    if (!missing.empty()) TellMissing(table, model, missing, MissingOnHub(model, missing));
    return Sorted(model, found);
  }

  bool IsToBeHad(const std::string& model, const std::string& revision) const {
    return !hub_.is_offline() || (hub::IsCommit(revision) && hub_.IsWhole(model, revision));
  }

  std::pair<std::string, std::string> MissingOnHub(const Model& model,
                                                   const std::vector<std::string>& missing) {
    const hub::Settings& settings = hub_.settings();
    if (hub_.is_offline()) {
      return {fmt::format("the cache {} has no whole snapshot of {} at {}, and {} forbids to ask the hub",
                          settings.cache.string(), model.name, FirstOf(missing), settings.offline_reason),
              "fetch them first, or set missing = \"skip\""};
    }
    std::vector<std::string> names;
    for (const auto& reference : references_[model.name]) names.push_back(reference.first);
    const std::string nearest = missing.size() == 1 ? Nearest(missing.front(), names) : "";
    return {fmt::format("{} has no branch or tag {}", model.name, FirstOf(missing)),
            nearest.empty() ? fmt::format("its {} are listed at {}/{}/tree/main; correct the list, or set "
                                          "missing = \"skip\"",
                                          names.size(), settings.endpoint, model.name)
                            : fmt::format("did you mean {}?", nearest)};
  }

  ModelTargets InFolder(const SweepTable& table, const Model& model) {
    if (model.revisions.empty()) {
      Target target;
      target.model = model.name;
      target.folder = model.folder;
      target.size = model.size;
      return {std::move(target)};
    }
    std::vector<std::pair<std::string, std::string>> found;
    std::vector<std::string> missing;
    for (const std::string& revision : model.revisions) {
      const std::size_t before = found.size();
      for (const std::string& name : MatchingFolders(model.folder, revision)) {
        if (HoldsModel(model.folder / name)) found.emplace_back(name, "");
      }
      if (found.size() == before) missing.push_back(revision);
    }
    if (!missing.empty()) {
      TellMissing(table, model, missing,
                  {fmt::format("{} has no folder with a config.json named {}", model.folder.string(),
                               FirstOf(missing)),
                   "correct the list, leave it out for a folder that is a model itself, or set missing = "
                   "\"skip\""});
    }
    return Sorted(model, found);
  }

  void TellMissing(const SweepTable& table, const Model& model, const std::vector<std::string>& missing,
                   const std::pair<std::string, std::string>& complaint) {
    if (!table.skips_missing) {
      throw Error(hub_.is_offline() && model.folder.empty() ? ErrorKind::kSystem : ErrorKind::kInput,
                  fmt::format("{}: {}", table.revisions_place, complaint.first), complaint.second);
    }
    notes_.push_back(fmt::format("{}: left out, not there: {}", model.name, FirstOf(missing)));
  }

  static ModelTargets Sorted(const Model& model,
                             const std::vector<std::pair<std::string, std::string>>& found) {
    ModelTargets targets;
    std::set<std::string> seen;
    for (const auto& [name, commit] : found) {
      if (!seen.insert(name).second) continue;
      Target target{.model = model.name,
                    .folder = model.folder.empty() ? fs::path() : model.folder / name,
                    .revision = name,
                    .commit = commit,
                    .step = StepOf(name),
                    .size = model.size};
      targets.push_back(std::move(target));
    }
    // "v1" beside "step1000" is not step 1.
    const auto names_it = [](const Target& target) { return NamesItsStep(target.revision); };
    if (std::any_of(targets.begin(), targets.end(), names_it)) {
      for (Target& target : targets) {
        if (!names_it(target)) target.step.reset();
      }
    }
    const auto step_of = [](const Target& target) {
      return target.step.value_or(std::numeric_limits<double>::infinity());
    };
    std::stable_sort(targets.begin(), targets.end(),
                     [&](const Target& a, const Target& b) { return step_of(a) < step_of(b); });
    return targets;
  }

  const SweepManifest& manifest_;
  HubAnswers& hub_;
  std::vector<std::string>& notes_;
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> references_;
};

}  // namespace

std::vector<std::vector<ModelTargets>> ResolveTargets(const SweepManifest& manifest, HubAnswers& hub,
                                                      std::vector<std::string>& notes) {
  return Resolver(manifest, hub, notes).Resolve();
}

}  // namespace headspec::sweep
