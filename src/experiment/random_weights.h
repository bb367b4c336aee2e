// A model's own architecture with weights that nobody trained: a checkpoint in memory that is opened like any
// other. No weight is ever written to disk; the folder holds two links and disappears with the object.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/file_descriptor.h"
#include "core/progress.h"
#include "experiment/subject.h"

namespace headspec::experiment {

// As transformers initialises: matrices from a normal distribution of deviation initializer_range (of
// config.json; 0.02 where it has none), biases 0, norms neutral. Not what single families do beyond that,
// such as GPT-2's smaller output projections. Each value is a function of seed, tensor name and position
// alone.
class RandomCheckpoint {
 public:
  // Every tensor that a pass over `original` reads, with its type and shape. Throws Error: kInput for
  // quantised weights, kSystem if they do not fit into the memory that is free.
  RandomCheckpoint(const Subject& original, std::uint64_t seed, int threads, Progress* progress = nullptr);
  ~RandomCheckpoint();
  RandomCheckpoint(const RandomCheckpoint&) = delete;
  RandomCheckpoint& operator=(const RandomCheckpoint&) = delete;

  const std::filesystem::path& folder() const { return folder_; }  // for model::Model::Open
  double initializer_range() const { return range_; }

 private:
  std::filesystem::path folder_;
  double range_ = 0;
  FileDescriptor file_;
};

}  // namespace headspec::experiment
