// Cosines and sines of the rotary position embedding, for every kind of scaling, as transformers 4.57.6
// computes them on a processor: inverse frequencies bit for bit, cosines and sines to the last bit of a
// float.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/dtype.h"
#include "model/config.h"

namespace headspec::engine {

// What the frequencies of a prompt of `tokens` tokens depend on, if it is run alone: prompts with the same
// value have the same frequencies. Dynamic: the tokens, at least max_length. Longrope: the original length,
// or one more for all that are longer. Else 0.
int FrequencyLength(const model::Rotary& rotary, int tokens);

// The same for each prompt of a run, in its order. It differs for dynamic scaling, where the reference keeps
// the frequencies of the longest prompt so far until one comes that is shorter than max_length: with a
// max_length of 64, prompts of 80, 100, 64, 70, 63, 70 tokens are computed for 80, 100, 100, 100, 64, 70.
std::vector<int> EffectiveLengths(const model::Rotary& rotary, std::span<const int> prompt_lengths);

// (dims / 2), in float; for a prompt of `tokens` tokens, or of its effective length. `type` is the model's
// precision, used where the family computes its frequencies in it.
std::vector<float> InverseFrequencies(const model::Rotary& rotary, int tokens, DType type);

class RotaryTable {
 public:
  // Rows for the first `positions` positions, with the frequencies for `tokens` tokens, times the attention
  // factor; rounded to `type` unless the family keeps float tables.
  RotaryTable(const model::Rotary& rotary, int positions, int tokens, DType type);

  // (dims / 2) each: one value for each pair.
  std::span<const float> Cos(int position) const { return Row(cos_, position); }
  std::span<const float> Sin(int position) const { return Row(sin_, position); }

 private:
  std::span<const float> Row(const std::vector<float>& table, int position) const {
    return std::span(table).subspan(static_cast<std::size_t>(position) * half_, half_);
  }

  std::size_t half_;
  std::vector<float> cos_;  // (positions, dims / 2)
  std::vector<float> sin_;
};

// All tables of a forward pass: one for each rotary embedding of the model and effective length of a prompt,
// as long as the longest prompt that shares it. That is at most dims floats for each embedding and token of
// the run.
class RotaryTables {
 public:
  RotaryTables(std::span<const model::Rotary> rotaries, std::span<const int> prompt_lengths, DType type);

  // `rotary` and `prompt` are indices into what the constructor was given.
  std::span<const float> Cos(int rotary, int prompt, int position) const {
    return Table(rotary, prompt).Cos(position);
  }
  std::span<const float> Sin(int rotary, int prompt, int position) const {
    return Table(rotary, prompt).Sin(position);
  }
  const RotaryTable& Table(int rotary, int prompt) const {
    return tables_[table_of_[static_cast<std::size_t>(rotary)][static_cast<std::size_t>(prompt)]];
  }
  std::size_t count() const { return tables_.size(); }

 private:
  std::vector<RotaryTable> tables_;
  std::vector<std::vector<std::size_t>> table_of_;  // (rotaries, prompts)
};

}  // namespace headspec::engine
