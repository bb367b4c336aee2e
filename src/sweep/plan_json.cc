#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <system_error>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/text.h"
#include "experiment/sweep_manifest.h"
#include "headspec/version.h"
#include "report/files.h"
#include "report/json_text.h"
#include "sweep/expand.h"
#include "sweep/layout.h"
#include "sweep/plan.h"
#include "sweep/plan_totals.h"

namespace headspec::sweep {
namespace fs = std::filesystem;
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchemaVersion = 1;  // of docs/plan.schema.json
constexpr std::size_t kIdDigits = 16;
constexpr const char* kPlanAgain = "plan the sweep again, into another folder";

std::string Sha256Of(const std::string& text) { return HexHash(HashKind::kSha256, text); }

Json CostJson(const CellCost& cost) {
  return {{"weight_bytes", cost.weight_bytes},
          {"download_bytes", cost.download_bytes},
          {"memory_bytes", cost.memory_bytes},
          {"seconds", cost.seconds},
          {"operations", cost.operations}};
}

Json CellJson(const SweepCell& cell) {
  const bool is_folder = !cell.entry.path.empty();
  return {{"id", cell.id},
          {"content", cell.content.empty() ? Json() : Json(cell.content)},
          {"folder", cell.folder},
          {"curve", cell.curve},
          {"model", cell.entry.name},
          {"path", is_folder ? Json(cell.entry.path) : Json()},
          {"revision", cell.revision.empty() ? Json() : Json(cell.revision)},
          {"commit", is_folder ? Json() : Json(cell.entry.revision)},
          {"step", cell.step ? Json(*cell.step) : Json()},
          {"display", cell.entry.display},
          {"size", cell.entry.size},
          {"dtype", cell.dtype},
          {"variant", cell.variant},
          {"protocol", cell.protocol},
          {"cost", CostJson(cell.cost)}};
}

Json ProtocolJson(const Protocol& protocol) {
  Json dtypes = Json::array();
  for (const SanityVariant& variant : protocol.variants) dtypes.push_back(ShortName(variant.precision));
  return {{"prompts", protocol.prompts.version},
          {"prompt_count", protocol.prompts.prompts.size()},
          {"prompt_md5", protocol.prompts.md5},
          {"max_length", protocol.max_length},
          {"padding", PaddingName(protocol.padding)},
          {"chat_template", protocol.variants.front().use_chat_template},
          {"numerics", ProfileName(protocol.profile)},
          {"dtypes", std::move(dtypes)},
          {"sha256", Sha256Of(experiment::ProtocolText(protocol))}};
}

Json TotalsJson(const PlanTotals& totals) {
  return {{"cells", totals.cells},
          {"measurements", totals.measurements},
          {"weight_bytes", totals.weight_bytes},
          {"download_bytes", totals.download_bytes},
          {"memory_bytes", totals.memory_bytes},
          {"seconds", totals.seconds}};
}

// Values of a plan.json that anybody may have written.
class PlanReader {
 public:
  PlanReader(const Json& json, std::string file) : json_(json), file_(std::move(file)) {}

  std::string String(const Json& at, const char* key, const std::string& where) const {
    const Json* value = Find(at, key);
    if (value == nullptr || !value->is_string()) Fail(where + key, "a string");
    return value->get<std::string>();
  }
  std::string StringOrNull(const Json& at, const char* key, const std::string& where) const {
    const Json* value = Find(at, key);
    return value == nullptr || value->is_null() ? "" : String(at, key, where);
  }
  std::uint64_t Count(const Json& at, const char* key, const std::string& where) const {
    const Json* value = Find(at, key);
    if (value == nullptr || !value->is_number_unsigned()) Fail(where + key, "a count");
    return value->get<std::uint64_t>();
  }
  double Number(const Json& at, const char* key, const std::string& where) const {
    const Json* value = Find(at, key);
    if (value == nullptr || !value->is_number() || value->get<double>() < 0)
      Fail(where + key, "a number of at least 0");
    return value->get<double>();
  }
  const Json& Of(const Json& at, const char* key, const std::string& where, Json::value_t type) const {
    const Json* value = Find(at, key);
    if (value == nullptr || value->type() != type)
      Fail(where + key, type == Json::value_t::array ? "a list" : "an object");
    return *value;
  }
  const Json& List(const char* key) const { return Of(json_, key, "", Json::value_t::array); }

  SweepCell Cell(const Json& at, std::size_t index, std::size_t protocols) const {
    const std::string where = fmt::format("cells[{}].", index);
    SweepCell cell;
    cell.id = String(at, "id", where);
    if (!IsHex(cell.id, kIdDigits)) Fail(where + "id", fmt::format("{} hexadecimal digits", kIdDigits));
    cell.content = StringOrNull(at, "content", where);
    if (!cell.content.empty() && !IsHex(cell.content, 64)) Fail(where + "content", "64 hexadecimal digits");
    cell.folder = String(at, "folder", where);
    if (!IsFolderOf(cell)) Fail(where + "folder", "the name of a folder that ends with the id");
    cell.curve = String(at, "curve", where);
    cell.entry.name = String(at, "model", where);
    cell.entry.path = StringOrNull(at, "path", where);
    cell.revision = StringOrNull(at, "revision", where);
    const std::string commit = StringOrNull(at, "commit", where);
    if (cell.entry.path.empty() && !IsHex(commit, 40)) Fail(where + "commit", "40 hexadecimal digits");
    if (cell.entry.path.empty()) cell.entry.revision = commit;
    if (const Json* step = Find(at, "step"); step != nullptr && !step->is_null())
      cell.step = Number(at, "step", where);
    cell.entry.display = String(at, "display", where);
    cell.entry.size = String(at, "size", where);
    cell.dtype = String(at, "dtype", where);
    cell.variant = String(at, "variant", where);
    cell.protocol = static_cast<std::size_t>(Count(at, "protocol", where));
    if (cell.protocol >= protocols) Fail(where + "protocol", fmt::format("below {}", protocols));
    const Json& cost = Of(at, "cost", where, Json::value_t::object);
    cell.cost = {.weight_bytes = Count(cost, "weight_bytes", where + "cost."),
                 .download_bytes = Count(cost, "download_bytes", where + "cost."),
                 .memory_bytes = Count(cost, "memory_bytes", where + "cost."),
                 .seconds = Number(cost, "seconds", where + "cost."),
                 .operations = Number(cost, "operations", where + "cost.")};
    return cell;
  }

  [[noreturn]] void Fail(const std::string& key, const std::string& expected) const {
    throw Error(ErrorKind::kInput, fmt::format("{}: {}: expected {}", file_, key, expected), kPlanAgain);
  }

 private:
  static const Json* Find(const Json& at, const char* key) {
    if (!at.is_object()) return nullptr;
    const auto found = at.find(key);
    return found == at.end() ? nullptr : &*found;
  }

  static bool IsFolderOf(const SweepCell& cell) {
    const std::string_view name = cell.folder;
    return name.ends_with("-" + cell.id) && !name.starts_with('.') && name.size() < 256 &&
           name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.@") ==
               std::string_view::npos;
  }

  const Json& json_;
  std::string file_;
};

std::string ReadRequired(const fs::path& file) {
  const auto text = ReadFile(file);
  if (!text) {
    throw Error(ErrorKind::kInput, fmt::format("{}: no such file", file.string()),
                "give the folder of a sweep, or plan it again");
  }
  return *text;
}

Json ParsePlan(const fs::path& file) {
  try {
    return ParseJson<Json>(ReadRequired(file));
  } catch (const JsonError& e) {
    throw Error(ErrorKind::kInput, fmt::format("{}: not JSON ({})", file.string(), e.what()), kPlanAgain);
  }
}

// What the manifest gives here and now must be what it gave then.
void CheckProtocols(const PlanReader& reader, const std::vector<Protocol>& protocols) {
  const Json& stated = reader.List("protocols");
  if (stated.size() != protocols.size())
    reader.Fail("protocols", fmt::format("{}, as the manifest gives", protocols.size()));
  for (std::size_t i = 0; i < protocols.size(); ++i) {
    const std::string where = fmt::format("protocols[{}].", i);
    const std::string md5 = reader.String(stated[i], "prompt_md5", where);
    const PromptSet& prompts = protocols[i].prompts;
    if (md5 != prompts.md5) {
      throw Error(ErrorKind::kInput,
                  fmt::format("prompts: expected MD5 {}, as when the sweep was planned, found {} in {}", md5,
                              prompts.md5, prompts.source == "built-in" ? prompts.version : prompts.source),
                  "restore the prompts, or plan the sweep again, into another folder");
    }
    if (reader.String(stated[i], "sha256", where) != Sha256Of(experiment::ProtocolText(protocols[i])))
      reader.Fail(where + "sha256", "that of the protocol which the manifest gives");
  }
}

SweepPlan PlanFrom(const Json& json, const fs::path& folder) {
  const fs::path file = folder / kPlanFile;
  const PlanReader reader(json, file.string());
  if (!json.is_object()) reader.Fail("plan", "an object");
  const std::uint64_t version = reader.Count(json, "schema_version", "");
  if (version != kSchemaVersion) {
    throw Error(
        ErrorKind::kInput,
        fmt::format("{}: schema_version: expected {}, found {}", file.string(), kSchemaVersion, version),
        version > kSchemaVersion ? "read it with the headspec that wrote it, or a newer one" : kPlanAgain);
  }
  SweepPlan plan;
  plan.manifest_text = ReadRequired(folder / kManifestFile);
  if (Sha256Of(plan.manifest_text) != reader.String(json, "manifest_sha256", "")) {
    throw Error(
        ErrorKind::kInput,
        fmt::format("{}: not the manifest that {} was made of", (folder / kManifestFile).string(), kPlanFile),
        "restore it, or plan the sweep again, into another folder");
  }
  plan.base_folder = reader.String(json, "base_folder", "");
  const auto manifest =
      experiment::ParseSweepManifest(plan.manifest_text, (folder / kManifestFile).string(), plan.base_folder);
  plan.experiment = manifest.experiment;
  plan.slug = manifest.slug;
  plan.purpose = manifest.purpose;
  plan.protocols = manifest.protocols;
  plan.split_prompts = manifest.split_prompts;
  CheckProtocols(reader, plan.protocols);
  const Json& cells = reader.List("cells");
  if (cells.empty() || cells.size() > kMostCells)
    reader.Fail("cells", fmt::format("1 to {} of them", kMostCells));
  for (std::size_t i = 0; i < cells.size(); ++i)
    plan.cells.push_back(reader.Cell(cells[i], i, plan.protocols.size()));
  for (const Json& note : reader.List("notes")) {
    if (!note.is_string()) reader.Fail("notes", "a list of strings");
    plan.notes.push_back(note.get<std::string>());
  }
  return plan;
}

// The same measurements in the same places; what they cost may have been estimated elsewhere.
[[noreturn]] void FailWrite(const fs::path& file, const std::string& reason) {
  throw Error(ErrorKind::kSystem, fmt::format("{}: cannot be written ({})", file.string(), reason),
              "check its permissions and the free space, or choose another folder");
}

// Whoever reads meanwhile sees the whole file or none.
void WriteWhole(const fs::path& file, const std::string& text) {
  if (const std::string reason = report::ReplaceFile(file, text); !reason.empty()) FailWrite(file, reason);
}

// Something else than the beginning of this plan's folder is there.
bool HoldsOtherThings(const fs::path& folder) {
  std::error_code failed;
  for (fs::directory_iterator i(folder, failed), end; !failed && i != end; i.increment(failed)) {
    const std::string name = i->path().filename().string();
    if (name != kManifestFile && name != kPlanFile && !name.ends_with(report::kPartialEnding)) return true;
  }
  return false;
}

}  // namespace

std::string PlanJson(const SweepPlan& plan) {
  Json json = {{"schema_version", kSchemaVersion},
               {"headspec_version", Version()},
               {"experiment", plan.experiment},
               {"slug", plan.slug},
               {"purpose", plan.purpose},
               {"manifest_sha256", Sha256Of(plan.manifest_text)},
               {"base_folder", plan.base_folder},
               {"split_prompts", plan.split_prompts},
               {"totals", TotalsJson(TotalsOf(plan))},
               {"protocols", Json::array()},
               {"cells", Json::array()},
               {"notes", plan.notes}};
  for (const Protocol& protocol : plan.protocols) json["protocols"].push_back(ProtocolJson(protocol));
  for (const SweepCell& cell : plan.cells) json["cells"].push_back(CellJson(cell));
  return report::JsonText(json);
}

bool IsSamePlan(const SweepPlan& a, const SweepPlan& b) {
  if (a.manifest_text != b.manifest_text || a.cells.size() != b.cells.size()) return false;
  for (std::size_t i = 0; i < a.cells.size(); ++i) {
    const SweepCell &one = a.cells[i], &other = b.cells[i];
    if (one.id != other.id || one.folder != other.folder || one.curve != other.curve ||
        one.revision != other.revision)
      return false;
  }
  return true;
}

SweepPlan ReadPlan(const fs::path& folder) { return PlanFrom(ParsePlan(folder / kPlanFile), folder); }

void KeepPlan(const SweepPlan& plan, const fs::path& folder) {
  std::error_code failed;
  if (fs::exists(folder / kPlanFile, failed)) {
    if (IsSamePlan(plan, ReadPlan(folder))) return;
    throw Error(ErrorKind::kInput, fmt::format("{}: holds the results of another plan", folder.string()),
                "choose another folder: the manifest, a branch or a prompt set has changed since");
  }
  if (HoldsOtherThings(folder)) {
    // Somebody who began at the same time was faster.
    if (fs::exists(folder / kPlanFile, failed)) return KeepPlan(plan, folder);
    throw Error(ErrorKind::kInput, fmt::format("{}: not empty, and no sweep is in it", folder.string()),
                "choose another folder");
  }
  fs::create_directories(folder, failed);
  if (failed) FailWrite(folder, failed.message());
  // The plan last: a folder that has it has both.
  WriteWhole(folder / kManifestFile, plan.manifest_text);
  WriteWhole(folder / kPlanFile, PlanJson(plan));
}

}  // namespace headspec::sweep
