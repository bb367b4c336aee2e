// JSON from files that nobody vouches for. The library copies, compares and prints values recursively, so a
// value nested without end would exhaust the stack; real files nest a few deep.
#pragma once

#include <exception>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace headspec {

inline constexpr int kDeepestJson = 64;

// Why a text was refused. The reader of a file turns it into its own Error, which names the file.
class JsonError : public std::runtime_error {
 public:
  enum class Kind { kNotJson, kTooDeep };

  JsonError(Kind kind, const std::string& complaint) : std::runtime_error(complaint), kind_(kind) {}

  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

// The whole of `text` as one value of type nlohmann::json or nlohmann::ordered_json. Throws JsonError.
template <typename Json>
Json ParseJson(std::string_view text);

extern template nlohmann::json ParseJson<nlohmann::json>(std::string_view text);
extern template nlohmann::ordered_json ParseJson<nlohmann::ordered_json>(std::string_view text);

// What the JSON library complains about, without the number it puts in front.
std::string JsonComplaint(const std::exception& error);

}  // namespace headspec
