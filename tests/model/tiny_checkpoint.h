// Checkpoints of a few hundred bytes in a folder of their own, and the message of the Error that a call
// throws.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "error_of.h"
#include "model/family.h"
#include "temporary_folder.h"

namespace headspec::model {

using Json = nlohmann::ordered_json;

struct TinyTensor {
  std::vector<std::uint64_t> shape;
  DType dtype = DType::kF32;
};

using TinyTensors = std::map<std::string, TinyTensor>;

// A phi of two layers, two heads of four values.
inline Json PhiConfig() {
  return {{"model_type", "phi"},     {"vocab_size", 11},       {"hidden_size", 8},
          {"intermediate_size", 12}, {"num_hidden_layers", 2}, {"num_attention_heads", 2}};
}

inline std::string NameIn(std::string_view pattern, int layer, int index = 0) {
  return ReplaceAll(ReplaceAll(std::string(pattern), "{layer}", std::to_string(layer)), "{index}",
                    std::to_string(index));
}

inline bool IsPerLayer(const TensorRule& rule) {
  return rule.pattern.find("{layer}") != std::string_view::npos;
}

// Every tensor that the family's table asks for, all zeros. `prefix` as the file would have it.
inline TinyTensors TensorsOf(const Family& family, const ModelConfig& config, std::string_view prefix) {
  TinyTensors tensors;
  for (const TensorRule& rule : family.tensors) {
    std::vector<std::uint64_t> shape = {static_cast<std::uint64_t>(SizeOf(rule.rows, config))};
    if (rule.cols != Dim::kOne) shape.push_back(static_cast<std::uint64_t>(SizeOf(rule.cols, config)));
    const bool is_transposed =
        rule.layout == Layout::kTransposed || rule.layout == Layout::kQkvStackedTransposed;
    if (is_transposed) std::reverse(shape.begin(), shape.end());
    for (int layer = 0; layer < (IsPerLayer(rule) ? config.layers : 1); ++layer) {
      if (rule.when != nullptr && !rule.when(config, layer)) continue;
      for (int index = 0; index < SizeOf(rule.count, config); ++index)
        tensors[std::string(prefix) + NameIn(rule.pattern, layer, index)] = {shape};
    }
  }
  return tensors;
}

// A fresh folder that goes away with its object.
class TinyCheckpoint {
 public:
  TinyCheckpoint() = default;
  explicit TinyCheckpoint(const Json& config) : TinyCheckpoint() { Write("config.json", config.dump()); }
  TinyCheckpoint(const Json& config, const TinyTensors& tensors) : TinyCheckpoint(config) {
    Json header = Json::object();
    std::uint64_t end = 0;
    for (const auto& [name, tensor] : tensors) {
      std::uint64_t bytes = static_cast<std::uint64_t>(BitsOf(tensor.dtype)) / 8;
      for (const std::uint64_t size : tensor.shape) bytes *= size;
      header[name] = {
          {"dtype", NameOf(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {end, end + bytes}}};
      end += bytes;
    }
    const std::string text = header.dump();
    std::string file;
    for (int i = 0; i < 8; ++i) file += static_cast<char>(text.size() >> (8 * i) & 0xff);
    Write("model.safetensors", file + text + std::string(end, '\0'));
  }
  const std::filesystem::path& folder() const { return folder_.path(); }
  void Write(const std::string& name, const std::string& content) const { folder_.Write(name, content); }

 private:
  TemporaryFolder folder_;
};

// "kInput: message" with the folder's name replaced by FOLDER, or "no error".
template <typename Call>
std::string ErrorOf(const std::filesystem::path& folder, const Call& call) {
  return ReplaceAll(headspec::ErrorOf(call), folder.string(), "FOLDER");
}

}  // namespace headspec::model
