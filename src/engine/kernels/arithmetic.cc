#include "engine/kernels/arithmetic.h"

#include "engine/kernels/bf16_units.h"
#include "engine/kernels/dispatch.h"

namespace headspec::kernels {
namespace {

constexpr char kAmxName[] = "AMX-BF16";
constexpr char kAvx512Name[] = "AVX512-BF16";

struct Choice {
  std::int64_t targets = hwy::SupportedTargets();
  Bf16Unit unit = Bf16Unit::kNone;
};

struct Chosen {
  Chosen() { Choose({}); }
  void Choose(const Choice& wanted) {
    choice = wanted;
    target.Update(wanted.targets);
  }

  Choice choice;
  hwy::ChosenTarget target;
};

Chosen& Here() {
  thread_local Chosen chosen;
  return chosen;
}

Bf16Unit BestBf16Unit() {
  if (HasAmxBf16()) return Bf16Unit::kAmx;
  return HasAvx512Bf16() ? Bf16Unit::kAvx512 : Bf16Unit::kNone;
}

Choice ChoiceOf(const Arithmetic& arithmetic) {
  Choice choice;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if (arithmetic.target == hwy::TargetName(target)) choice.targets = target;
  }
  if (arithmetic.fast_bf16) choice.unit = BestBf16Unit();
  if (arithmetic.target == kAmxName && HasAmxBf16()) choice.unit = Bf16Unit::kAmx;
  if (arithmetic.target == kAvx512Name && HasAvx512Bf16()) choice.unit = Bf16Unit::kAvx512;
  return choice;
}

}  // namespace

const hwy::ChosenTarget& TargetHere() { return Here().target; }

Bf16Unit Bf16UnitHere() { return Here().choice.unit; }

std::vector<std::string> Targets() {
  std::vector<std::string> names;
  if (HasAmxBf16()) names.emplace_back(kAmxName);
  if (HasAvx512Bf16()) names.emplace_back(kAvx512Name);
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets())
    names.emplace_back(hwy::TargetName(target));
  return names;
}

UseArithmetic::UseArithmetic(const Arithmetic& arithmetic) : restore_(AsOnThisThread()) {
  Here().Choose(ChoiceOf(arithmetic));
}

UseArithmetic::~UseArithmetic() { restore_(); }

std::function<void()> AsOnThisThread() {
  return [choice = Here().choice] { Here().Choose(choice); };
}

std::string CurrentTarget() {
  const Choice& choice = Here().choice;
  if (choice.unit == Bf16Unit::kAmx) return kAmxName;
  if (choice.unit == Bf16Unit::kAvx512) return kAvx512Name;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    if ((target & choice.targets) != 0) return hwy::TargetName(target);
  }
  return hwy::TargetName(HWY_STATIC_TARGET);
}

}  // namespace headspec::kernels
