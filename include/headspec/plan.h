// What to measure and how: the experiment as a user or a manifest states it.
// Plain data; built by experiment/manifest or by hand, consumed by Run() in run.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace headspec {

// Storage and rounding type of the forward pass.
enum class Precision {
  kBFloat16,  // 8 bits of exponent, 7 of mantissa
  kFloat16,   // 5 and 10: overflows beyond 65504
  kFloat32,   // 8 and 23
};

// "bfloat16", "float16", "float32", as on the command line.
inline std::string ShortName(Precision precision) {
  return precision == Precision::kBFloat16  ? "bfloat16"
         : precision == Precision::kFloat16 ? "float16"
                                            : "float32";
}
// "torch.bfloat16" and so on, as the notebook writes dtypes.
inline std::string TorchName(Precision precision) { return "torch." + ShortName(precision); }

// Whose rounding points the forward pass reproduces.
enum class Profile {
  kHf457,  // transformers 4.57.6, eager attention
  kHf447,  // up to 4.47: Phi multiplies queries and keys in float32
  kExact,  // float32 everywhere
};
// "hf-4.57", "hf-4.47" or "exact".
inline std::string ProfileName(Profile profile) {
  return profile == Profile::kHf457 ? "hf-4.57" : profile == Profile::kHf447 ? "hf-4.47" : "exact";
}

// Texts to measure on, with their name and hash.
struct PromptSet {
  std::string version;               // "Standard-10 v3", or the file's name
  std::string source;                // "built-in", or the path it was read from
  std::string md5;                   // of the prompts joined by "|||"
  std::vector<std::string> prompts;  // at least one
};

// One rung of the ladder.
struct ModelEntry {
  std::string name;                // "microsoft/phi-2" or a folder
  std::string path;                // folder to read; empty: `name` is a folder or is looked up in the cache
  std::string revision = "main";   // branch, tag or commit on the hub
  std::string display;             // "Phi-2 (2.7B)"
  std::string size;                // "2.7B"
  bool use_chat_template = false;  // prompts as the user's turn of a chat
};

// A published value that the measured models are compared with.
struct Reference {
  std::string name;   // as shown
  double si = 0;      // its published index
  double size_b = 0;  // billions of parameters
  std::string arch;   // "MHA", "GQA"
};

// What the verdict is about: do all indices lie within target_si +- tolerance?
struct Hypothesis {
  std::string claim;     // "B11"
  std::string h0;        // null hypothesis, in words
  std::string h1;        // alternative, in words
  double target_si = 0;  // centre of the tolerance
  double tolerance = 0;  // half its width
  // The notebook has two verdict rules: the printed one and the stored one.
  int min_models_printed = 3;
  int min_models_stored = 4;  // valid values that the stored rule needs
};

// One attempt of the sanity check. Attempts run in order until one passes.
struct SanityVariant {
  bool use_chat_template = false;              // prompts as the user's turn of a chat
  Precision precision = Precision::kBFloat16;  // of weights and activations
  std::string label;                           // "raw+bf16"
};

// Whose sanity check decides the precision of a model.
enum class Fallback {
  kFirstModel,  // the first one's, for all: the notebook's way
  kPerModel,    // each model's own
};

// What is measured of every head beside the entropy of the attention that its keys receive.
enum class HeadMetricSet {
  kNone,     // nothing
  kPrompts,  // on the experiment's own prompts, in the same pass
  kAll,      // also induction, on one more prompt of random tokens, which the pass takes longer for
};

// Where padding goes.
enum class PaddingSide {
  kTokenizer,  // where the model's tokenizer puts it
  kLeft,       // before the text
  kRight,      // after it
};

// With `to_max_length` every prompt is filled up to max_length and the padding left in the metric: the mean
// over queries is one over all rows, as the study's E11 files of Mistral and LLaMA-3.1 were measured.
struct Padding {
  bool to_max_length = false;                  // fill up every prompt
  PaddingSide side = PaddingSide::kTokenizer;  // where to
};

// "none", "max-length", "max-length-left" or "max-length-right".
inline std::string PaddingName(const Padding& padding) {
  if (!padding.to_max_length) return "none";
  return padding.side == PaddingSide::kLeft    ? "max-length-left"
         : padding.side == PaddingSide::kRight ? "max-length-right"
                                               : "max-length";
}

// How to measure: everything but the models.
struct Protocol {
  std::string standard;             // "E11-v3"
  PromptSet prompts;                // whose entropies are averaged
  int max_length = 128;             // tokens kept of each prompt, special tokens included
  Padding padding = {};             // none by default
  std::vector<std::int64_t> seeds;  // of the notebook; the first one seeds shuffles and resamples
  bool rerun_seeds = false;         // repeat the forward pass for every seed although nothing in it is random
  std::vector<SanityVariant> variants;              // what the sanity check tries in turn
  double sanity_min_si = 0.05;                      // the check fails below this index
  Fallback fallback = Fallback::kFirstModel;        // whose check decides
  Profile profile = Profile::kHf457;                // whose rounding
  HeadMetricSet metrics = HeadMetricSet::kPrompts;  // beside the entropy of the index
  bool sensitivity = false;                         // the index again with one thing changed at a time
  bool baselines = false;  // what heads give that have learnt nothing, on the same prompts
  // Keep what the heads attend to in ModelResult::attention, unless that is more than so many bytes.
  bool keep_attention = false;
  std::uint64_t attention_limit = 64'000'000;  // bytes, for all models together
};

// A whole experiment.
struct Plan {
  std::string experiment;                // "E08-Phi-Size-Ladder"
  std::string slug;                      // "E08_phi_size_ladder": prefix of folder and bundle names
  std::string purpose;                   // in words
  Protocol protocol;                     // how to measure
  std::vector<ModelEntry> ladder;        // the models, in the order of the results
  std::vector<Reference> references;     // published values beside them
  std::optional<Hypothesis> hypothesis;  // without one there is no verdict
  std::string manifest_text;             // the manifest as read, kept beside the results
};

}  // namespace headspec
