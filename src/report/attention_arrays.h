// attention.npz: the attention that was kept, for numpy, the report page, and back.
//
// It holds, with models and prompts numbered from 0 as in results.json, for each model whose attention was
// kept
//   i/prompt_p   (L, H, T, T) of uint8: layer, head, query, key; the weight is the value / 255, at most 1/510
//                from the true one
// T is the prompt's valid length.
#pragma once

#include <filesystem>

#include "headspec/result.h"

namespace headspec::report {

bool HasAttention(const RunResult& run);

// Throws Error(kSystem) if `target` exists or cannot be written.
void WriteAttention(const RunResult& run, const std::filesystem::path& target);

// Fills `attention` of the models that `npz` has, and empties it of the others; all or nothing. Throws Error:
// kSystem if there is no such file, kInput if it is damaged or, by its shapes, of another run.
void ReadAttention(const std::filesystem::path& npz, RunResult& run);

}  // namespace headspec::report
