// Ways to a Plan: from a manifest, from the built-in ladder, or for a list of models. All throw
// headspec::Error, mostly of kind kInput.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "headspec/export.h"
#include "headspec/plan.h"

namespace headspec {

// The notebook's protocol with all its defaults: Standard-10 v3, 128 tokens, three seeds, raw prompts, the
// first precision of bf16, fp16 and fp32 that passes the sanity check.
HEADSPEC_API Protocol DefaultProtocol();

// "bfloat16", "float16" or "float32": anything else throws Error(kInput) that begins with `where`.
HEADSPEC_API Precision ParsePrecision(std::string_view name, std::string_view where = "dtype");
// "hf-4.57", "hf-4.47" or "exact": the same.
HEADSPEC_API Profile ParseProfile(std::string_view name, std::string_view where = "numerics");

// Protocol::variants holds what the sanity check tries in turn; with a single one a model is measured in it
// without a check. The label is the notebook's: "raw+bf16", "chat+fp32".
HEADSPEC_API SanityVariant MakeVariant(Precision precision, bool use_chat_template = false);

// Applies a profile: kExact leaves only the float32 variants. Throws Error(kInput) if that leaves none.
HEADSPEC_API void UseProfile(Profile profile, std::string_view where, Protocol& protocol);

// `name` is "standard-10-v3" or a file: .json (a list of strings, or an object with "prompts") or text with
// one prompt a line.
HEADSPEC_API PromptSet LoadPrompts(const std::string& name);
// Prompts in memory, at least one; `version` names them in results.
HEADSPEC_API PromptSet PromptsOf(std::vector<std::string> prompts, const std::string& version = "given");

// `model` is a folder or org/name[@revision] on the Hugging Face hub.
HEADSPEC_API ModelEntry EntryOf(const std::string& model, const std::string& revision = "main");

// Measure's plan for these models with DefaultProtocol().
HEADSPEC_API Plan PlanOf(const std::vector<std::string>& models);

// Compare's plan for a pair; without `tuned`, `base` is a file that holds both.
HEADSPEC_API Plan PlanOfPair(const std::string& base, const std::string& tuned = {});

// Relative model and prompt paths in a manifest are relative to its folder. Unknown keys are errors.
HEADSPEC_API Plan ReadManifest(const std::filesystem::path& file);
// The ladder of tiny models that comes with headspec: Run's plan that needs no network.
HEADSPEC_API Plan BuiltInPlan();

}  // namespace headspec
