// A number of your own for every head: a reducer that sees each row of attention once, in the pass that
// measures everything else. examples/own_metric.cc is a whole one.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "headspec/export.h"

namespace headspec {

// Which head of which prompt a reducer is about to see.
struct HeadPlace {
  int prompt = 0;                  // from 0
  int layer = 0;                   // from 0
  int head = 0;                    // query head, from 0
  std::span<const int> token_ids;  // (T) of the prompt
  bool is_causal = true;           // queries see no later key
};

// One reducer serves one head of one prompt at a time, layer after layer; different ones run on different
// threads at once.
class HEADSPEC_API HeadReducer {
 public:
  virtual ~HeadReducer() = default;
  // The next head of the next prompt: forget the last one.
  virtual void Begin(const HeadPlace& place) = 0;
  // Probabilities of one query over the first keys, T times in query order; keys that are left out got 0.
  virtual void Add(std::span<const float> row) = 0;
  // After the last row; NaN: the prompt does not define it.
  virtual double Value() = 0;
};

// RunOptions::metrics takes these; the values arrive in ModelResult::head_metrics under `name`.
struct HeadMetricDefinition {
  std::string name;  // of small letters, digits and underscores, and not one of headspec's own
  std::function<std::unique_ptr<HeadReducer>()> make;  // a new reducer for one head of one prompt
};

}  // namespace headspec
