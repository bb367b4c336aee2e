#include "engine/norm.h"

#include "engine/kernels/kernels.h"

namespace headspec::engine {
namespace {

std::vector<float> LoadIfStored(const WeightView& view, DType type) {
  return view.data == nullptr ? std::vector<float>() : kernels::LoadVector(view, type);
}

std::span<const float> PartOf(const std::vector<float>& values, std::size_t size, int part) {
  if (values.size() <= size) return values;
  return std::span(values).subspan(static_cast<std::size_t>(part) * size, size);
}

}  // namespace

RowNorm::RowNorm(model::Norm kind, double epsilon, DType type, const WeightView& weight,
                 const WeightView& bias)
    : kind_(kind),
      epsilon_(epsilon),
      type_(type),
      weight_(LoadIfStored(weight, type)),
      bias_(LoadIfStored(bias, type)) {}

void RowNorm::Apply(std::span<const float> x, std::span<float> y, int part) const {
  const kernels::NormWeights norm{PartOf(weight_, x.size(), part), PartOf(bias_, x.size(), part), epsilon_};
  switch (kind_) {
    case model::Norm::kLayerNorm:
      return kernels::LayerNorm(x, norm, type_, y);
    case model::Norm::kLayerNormByHand:
      return kernels::TwoPassLayerNorm(x, norm, type_, y);
    case model::Norm::kRmsTwoRoundings:
      return kernels::RmsNorm(x, norm, kernels::RmsForm::kTwoRoundings, type_, y);
    case model::Norm::kRmsOneRounding:
      return kernels::RmsNorm(x, norm, kernels::RmsForm::kOneRounding, type_, y);
    case model::Norm::kRmsOnePlusWeight:
      return kernels::RmsNorm(x, norm, kernels::RmsForm::kOnePlusWeight, type_, y);
  }
}

}  // namespace headspec::engine
