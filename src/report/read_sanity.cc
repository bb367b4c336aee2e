#include "report/read_sanity.h"

#include <fmt/format.h>

#include <array>
#include <string>

namespace headspec::report {
namespace {

constexpr int kLastSanityStep = 8;

std::array<double, 2> ReadRange(const JsonReader& json) {
  const std::vector<double> range = json.Numbers();
  if (range.size() != 2) json.Fail("a list of 2");
  return {range[0], range[1]};
}

// What both forms of a check hold when all eight steps were reached.
void ReadFigures(const JsonReader& json, SanityResult& sanity) {
  sanity.valid_len = json.At("valid_len").Int();
  sanity.num_layers = json.At("num_layers").Int();
  sanity.num_heads = json.At("num_heads").Int();
  sanity.attn_abs_mean = json.At("attn_abs_mean").Number();
  sanity.attn_std = json.At("attn_std").Number();
  sanity.entropy_range = ReadRange(json.At("entropy_range"));
  sanity.baseline_si = json.At("baseline_si").Number();
  sanity.mean_corr = json.At("mean_corr").Number();
  sanity.heads_identical = json.At("heads_identical").Bool();
}

}  // namespace

SanityOverride ReadOverride(const JsonReader& json) {
  SanityOverride chosen;
  const JsonReader uses = json.At("use_chat_template");
  const JsonReader dtype = json.At("dtype");
  const JsonReader label = json.At("label");
  if (!uses.IsNull()) chosen.use_chat_template = uses.Bool();
  if (!dtype.IsNull()) chosen.dtype = dtype.String();
  if (!label.IsNull()) chosen.label = label.String();
  json.RefuseOtherKeys();
  return chosen;
}

SanityResult ReadAttempt(const JsonReader& json) {
  SanityResult sanity;
  sanity.ok = json.At("ok").Bool();
  sanity.label = json.At("label").String();
  sanity.reason = json.At("reason").StringOrNull();
  const JsonReader step = json.At("reached_step");
  sanity.reached_step = step.Int();
  if (sanity.reached_step < 1 || sanity.reached_step > kLastSanityStep) step.Fail("a step from 1 to 8");
  sanity.use_chat_template = json.At("use_chat_template").Bool();
  sanity.dtype = json.At("dtype").String();
  sanity.prompt = json.At("prompt").StringOrNull();
  // Null: the attempt did not come so far.
  const auto read = [&](int from_step, const char* key, auto& value, const auto& as) {
    const JsonReader item = json.At(key);
    if (sanity.reached_step >= from_step) value = as(item);
    if (sanity.reached_step < from_step && !item.IsNull())
      item.Fail(fmt::format("null, as step {} was not reached", from_step));
  };
  const auto as_int = [](const JsonReader& item) { return item.Int(); };
  const auto as_number = [](const JsonReader& item) { return item.Number(); };
  read(3, "valid_len", sanity.valid_len, as_int);
  read(5, "num_layers", sanity.num_layers, as_int);
  read(5, "num_heads", sanity.num_heads, as_int);
  read(5, "attn_abs_mean", sanity.attn_abs_mean, as_number);
  read(5, "attn_std", sanity.attn_std, as_number);
  read(6, "heads_identical", sanity.heads_identical, [](const JsonReader& item) { return item.Bool(); });
  read(kLastSanityStep, "entropy_range", sanity.entropy_range, ReadRange);
  read(kLastSanityStep, "entropy_mean", sanity.entropy_mean, as_number);
  read(kLastSanityStep, "baseline_si", sanity.baseline_si, as_number);
  read(kLastSanityStep, "mean_corr", sanity.mean_corr, as_number);
  json.RefuseOtherKeys();
  return sanity;
}

SanityResult ReadSanity(const JsonReader& json, const std::vector<SanityResult>& attempts) {
  SanityResult sanity;
  const bool ok = json.At("ok").Bool();
  const std::string label = json.At("label").String();
  for (const SanityResult& attempt : attempts) {
    if (attempt.label == label && attempt.ok == ok) sanity = attempt;
  }
  sanity.ok = ok;
  sanity.label = label;
  if (json.Has("use_chat_template")) {
    sanity.reached_step = kLastSanityStep;
    sanity.use_chat_template = json.At("use_chat_template").Bool();
    sanity.dtype = json.At("dtype").String();
    ReadFigures(json, sanity);
  } else {
    sanity.reason = json.At("reason").String();
    if (json.Has("valid_len")) {
      sanity.reached_step = 3;
      sanity.valid_len = json.At("valid_len").Int();
    } else if (sanity.reached_step == 3 || sanity.reached_step == kLastSanityStep) {
      sanity.reached_step = 1;
    }
  }
  json.RefuseOtherKeys();
  return sanity;
}

}  // namespace headspec::report
