#include "experiment/uniformity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "experiment/subject.h"
#include "text/tokenizer.h"

namespace headspec::experiment {
namespace {

struct Groups {
  std::vector<std::string> with;
  std::vector<std::string> without;

  bool IsMix() const { return !with.empty() && !without.empty(); }
};

Groups GroupBy(const std::vector<TokenFacts>& models, bool TokenFacts::*fact) {
  Groups groups;
  for (const TokenFacts& model : models) (model.*fact ? groups.with : groups.without).push_back(model.model);
  return groups;
}

// A mix of what, and what it leads to.
struct Mix {
  std::string_view whole;
  std::string_view thing;
  std::string_view consequence;
};

std::string Sentence(const Groups& groups, const Mix& mix) {
  return fmt::format("this {} mixes models {} ({}) and without ({}): {}; compare them with care", mix.whole,
                     mix.thing, fmt::join(groups.with, ", "), fmt::join(groups.without, ", "),
                     mix.consequence);
}

}  // namespace

std::vector<std::string> MixWarnings(const std::vector<TokenFacts>& models, std::string_view whole) {
  std::vector<std::string> warnings;
  if (const Groups bos = GroupBy(models, &TokenFacts::adds_bos); bos.IsMix()) {
    warnings.push_back(
        Sentence(bos, {whole, "with a beginning-of-sequence token",
                       "the attention sink falls on BOS in the one and on the first word in the other"}));
  }
  const Groups applied = GroupBy(models, &TokenFacts::chat_template_applied);
  const Groups has = GroupBy(models, &TokenFacts::has_chat_template);
  if (applied.IsMix()) {
    warnings.push_back(
        Sentence(applied, {whole, "with their chat template applied",
                           "the template's tokens take attention in the one, and the other sees the "
                           "prompts alone"}));
  } else if (has.IsMix()) {
    warnings.push_back(
        Sentence(has, {whole, "with a chat template",
                       "models tuned for conversation and base models differ in more than size"}));
  }
  return warnings;
}

std::vector<std::string> MixWarnings(const std::vector<ModelResult>& models) {
  std::vector<TokenFacts> facts;
  for (const ModelResult& model : models) {
    const Provenance& p = model.provenance;
    if (!model.error)
      facts.push_back({model.display, p.adds_bos, p.has_chat_template, p.chat_template_applied});
  }
  return MixWarnings(facts);
}

void RequireUniform(const Plan& plan, const HubOptions& hub, Observer& observer) {
  // All variants of a protocol agree on the template.
  const bool wanted = plan.protocol.variants.front().use_chat_template;
  std::vector<TokenFacts> facts;
  for (const ModelEntry& entry : plan.ladder) {
    try {
      const text::Tokenizer tokenizer = text::Tokenizer::Load(Locate(entry, hub, observer).folder);
      const bool has_template = tokenizer.has_chat_template();
      facts.push_back({entry.display, tokenizer.adds_bos(), has_template, wanted && has_template});
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::kInterrupted) throw;
    }
  }
  const std::vector<std::string> mixes = MixWarnings(facts);
  if (mixes.empty()) return;
  throw Error(ErrorKind::kInput, fmt::format("--strict: {}", fmt::join(mixes, "; ")),
              "measure them apart, or leave out --strict");
}

}  // namespace headspec::experiment
