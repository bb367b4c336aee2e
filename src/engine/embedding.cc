#include "engine/embedding.h"

#include "engine/buffer.h"
#include "engine/kernels/kernels.h"
#include "engine/norm.h"

namespace headspec::engine {

using model::Slot;

namespace {

// Rows of the position embedding. Where positions skip a padding token, it has its own row.
std::vector<int> PositionsOf(const std::vector<int>& ids, const model::ModelConfig& config) {
  std::vector<int> positions;
  int next = config.position_offset;
  for (const int id : ids) positions.push_back(id == config.padding_token ? id : next++);
  return positions;
}

void LookUp(const model::Model& model, const std::vector<std::vector<int>>& prompts, DType type,
            const MatrixView& rows) {
  int row = 0;
  for (const auto& ids : prompts) {
    for (const int id : ids) kernels::LoadRow(model.shared()[Slot::kEmbedding], id, type, RowOf(rows, row++));
  }
}

void AddStored(const WeightView& table, int index, DType type, std::span<float> row) {
  std::vector<float> term(row.size());
  kernels::LoadRow(table, index, type, term);
  kernels::Add(type, term, row);
}

}  // namespace

void Embed(const model::Model& model, const std::vector<std::vector<int>>& prompts, DType type,
           ThreadPool& pool, const MatrixView& hidden) {
  const model::ModelConfig& config = model.config();
  const WeightView& projection = model.shared()[Slot::kEmbeddingProjection];
  if (projection.data == nullptr) {
    LookUp(model, prompts, type, hidden);
  } else {
    Buffer narrow(hidden.rows, projection.cols);
    LookUp(model, prompts, type, narrow.view());
    kernels::Linear(narrow.view(), {projection, {}}, hidden, type, pool);
  }
  float factor = static_cast<float>(config.embedding_multiplier);
  if (config.is_multiplier_rounded) kernels::Round(type, {&factor, 1});
  const RowNorm norm(config.norm, config.norm_epsilon, type, model.shared()[Slot::kEmbeddingNormWeight],
                     model.shared()[Slot::kEmbeddingNormBias]);
  const bool has_norm = model.shared()[Slot::kEmbeddingNormWeight].data != nullptr;
  int first = 0;
  for (const auto& ids : prompts) {
    const std::vector<int> positions = PositionsOf(ids, config);
    pool.For(static_cast<int>(ids.size()), [&](int i) {
      const auto row = RowOf(hidden, first + i);
      if (factor != 1) kernels::Scale(type, factor, row);
      if (config.types > 0) AddStored(model.shared()[Slot::kTypeEmbedding], 0, type, row);
      if (config.positions > 0)
        AddStored(model.shared()[Slot::kPositionEmbedding], positions[static_cast<std::size_t>(i)], type,
                  row);
      if (has_norm) norm.Apply(row, row);
    });
    first += static_cast<int>(ids.size());
  }
}

}  // namespace headspec::engine
