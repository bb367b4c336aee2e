// From token ids to the residual stream: token, type and position embeddings, scaled and normalised as the
// config says.
#pragma once

#include <vector>

#include "core/dtype.h"
#include "core/matrix_view.h"
#include "core/thread_pool.h"
#include "model/model.h"

namespace headspec::engine {

// `hidden` is (tokens of all prompts, E). Ids and lengths must fit the model.
void Embed(const model::Model& model, const std::vector<std::vector<int>>& prompts, DType type,
           ThreadPool& pool, const MatrixView& hidden);

}  // namespace headspec::engine
