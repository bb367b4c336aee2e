#include "experiment/precision.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

#include "core/error.h"
#include "headspec/plans.h"

namespace headspec {
namespace {

struct Row {
  Precision precision;
  const char* label;
  DType type;
};

constexpr std::array<Row, 3> kRows = {{
    {Precision::kBFloat16, "bf16", DType::kBF16},
    {Precision::kFloat16, "fp16", DType::kF16},
    {Precision::kFloat32, "fp32", DType::kF32},
}};

const Row& RowOf(Precision precision) { return kRows[static_cast<std::size_t>(precision)]; }

}  // namespace

Precision ParsePrecision(std::string_view name, std::string_view where) {
  for (const Row& row : kRows) {
    if (name == ShortName(row.precision)) return row.precision;
  }
  throw Error(ErrorKind::kInput,
              fmt::format("{}: expected bfloat16, float16 or float32, found \"{}\"", where, name),
              "use one of these");
}

Profile ParseProfile(std::string_view name, std::string_view where) {
  for (const Profile profile : {Profile::kHf457, Profile::kHf447, Profile::kExact}) {
    if (name == ProfileName(profile)) return profile;
  }
  throw Error(ErrorKind::kInput,
              fmt::format("{}: expected hf-4.57, hf-4.47 or exact, found \"{}\"", where, name),
              "use one of these");
}

void UseProfile(Profile profile, std::string_view where, Protocol& protocol) {
  protocol.profile = profile;
  if (profile != Profile::kExact) return;
  std::erase_if(protocol.variants, [](const SanityVariant& v) { return v.precision != Precision::kFloat32; });
  if (protocol.variants.empty()) {
    throw Error(ErrorKind::kInput,
                fmt::format("{}: profile exact computes in float32, which dtype excludes", where),
                "leave the dtype at auto or float32, or choose another profile");
  }
}

SanityVariant MakeVariant(Precision precision, bool use_chat_template) {
  return {use_chat_template, precision,
          std::string(use_chat_template ? "chat+" : "raw+") + RowOf(precision).label};
}

namespace experiment {

DType TypeOf(Precision precision) { return RowOf(precision).type; }

DType ScoreTypeOf(Profile profile, Precision precision) {
  return profile == Profile::kHf447 ? DType::kF32 : TypeOf(precision);
}

}  // namespace experiment
}  // namespace headspec
