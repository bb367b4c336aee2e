#include "model/rope.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace headspec::model {
namespace {

using Kind = RopeScaling::Kind;

constexpr int kMostTokens = 1 << 30;
constexpr const char* kCorrect = "correct the value";
constexpr const char* kCorrectFactor = "correct the scaling factor";

constexpr std::array<std::pair<std::string_view, Kind>, 6> kKinds = {{{"default", Kind::kNone},
                                                                      {"linear", Kind::kLinear},
                                                                      {"dynamic", Kind::kDynamic},
                                                                      {"yarn", Kind::kYarn},
                                                                      {"longrope", Kind::kLongrope},
                                                                      {"llama3", Kind::kLlama3}}};

bool Accepts(const RopeRules& rules, Kind kind) {
  return kind == Kind::kNone ||
         std::find(rules.scalings.begin(), rules.scalings.end(), kind) != rules.scalings.end();
}

std::string AcceptedNames(const RopeRules& rules) {
  std::string names;
  for (const auto& [name, kind] : kKinds) {
    if (Accepts(rules, kind)) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

// A number that must be there, at least `least`.
double Required(const ConfigReader& scaling, std::string_view key, double least) {
  const std::string expected = fmt::format("expected a number of at least {}", least);
  if (!scaling.Has(key)) {
    scaling.Fail(key, expected + ", found nothing",
                 key == "factor" ? "add the scaling factor" : "add the value");
  }
  const double value = scaling.Number(key, 0);
  if (value < least) scaling.Fail(key, fmt::format("{}, found {}", expected, value), kCorrectFactor);
  return value;
}

// As Python's `value or otherwise`: zero counts as absent.
double NonZero(const ConfigReader& scaling, std::string_view key, double otherwise) {
  const double value = scaling.Number(key, 0);
  return value == 0 ? otherwise : value;
}

// The values that several kinds of scaling need, and where they stand.
class ScalingReader {
 public:
  // `is_new`: `scaling` is rope_parameters, where all keys are inside.
  ScalingReader(const ConfigReader& config, const ConfigReader& scaling, bool is_new, const RopeRules& rules)
      : config_(config), scaling_(scaling), is_new_(is_new), rules_(rules) {}

  RopeScaling Read(const Rotary& rotary) const {
    RopeScaling result;
    result.kind = ReadKind();
    switch (result.kind) {
      case Kind::kNone:
        break;
      case Kind::kLinear:
        result.factor = Required(scaling_, "factor", 1);
        break;
      case Kind::kDynamic:
        ReadDynamic(rotary, result);
        break;
      case Kind::kYarn:
        ReadYarn(rotary, result);
        break;
      case Kind::kLongrope:
        ReadLongrope(rotary, result);
        break;
      case Kind::kLlama3:
        ReadLlama3(result);
        break;
    }
    return result;
  }

 private:
  Kind ReadKind() const {
    const std::string_view key = scaling_.Has("rope_type") || !scaling_.Has("type") ? "rope_type" : "type";
    const std::string name = scaling_.String(key, "");
    // Which of the two wins depends on the family in the reference.
    if (const std::string old = scaling_.String("type", name); old != name) {
      scaling_.Fail("type", fmt::format("expected \"{}\" as in rope_type, found \"{}\"", name, old),
                    "remove the wrong one");
    }
    for (const auto& [known, kind] : kKinds) {
      const bool alias =
          rules_.longrope_aliases && kind == Kind::kLongrope && (name == "su" || name == "yarn");
      if ((name == known || alias) && Accepts(rules_, kind)) return kind;
    }
    scaling_.Fail(key,
                  fmt::format("expected one of: {}; found {}", AcceptedNames(rules_),
                              name.empty() ? "nothing" : '"' + name + '"'),
                  name.empty() ? "name the kind of scaling, or remove the key if there is none"
                               : "this rotary scaling changes attention and is not supported");
  }

  int MaxLength(int least) const {
    return config_.Int("max_position_embeddings", least, kMostTokens, rules_.max_length);
  }

  void ReadDynamic(const Rotary& rotary, RopeScaling& result) const {
    result.factor = Required(scaling_, "factor", 1);
    result.max_length = MaxLength(1);
    // The exponent is dims / (dims - 2).
    if (rotary.dims == 2) {
      scaling_.Fail("rope_type", "expected at least 4 rotated values for \"dynamic\", found 2", kCorrect);
    }
  }

  void ReadYarn(const Rotary& rotary, RopeScaling& result) const {
    result.factor = Required(scaling_, "factor", 1);
    result.original_length = scaling_.Int("original_max_position_embeddings", 0, kMostTokens, 0);
    if (result.original_length == 0) result.original_length = MaxLength(1);
    result.beta_fast = Rotations("beta_fast", 32);
    result.beta_slow = Rotations("beta_slow", 1);
    result.truncate = scaling_.Bool("truncate", true);
    // The bounds divide by its logarithm.
    if (rotary.theta <= 1) {
      scaling_.Fail("rope_type", fmt::format("expected a theta above 1 for \"yarn\", found {}", rotary.theta),
                    kCorrect);
    }
    const double scale = NonZero(scaling_, "mscale", 0), scale_all = NonZero(scaling_, "mscale_all_dim", 0);
    const auto recommended = [&](double weight) {
      return result.factor <= 1 ? 1.0 : 0.1 * weight * std::log(result.factor) + 1.0;
    };
    // mscale counts only with its counterpart.
    const double computed =
        scale != 0 && scale_all != 0 ? recommended(scale) / recommended(scale_all) : recommended(1);
    result.attention_factor = scaling_.Number("attention_factor", computed);
  }

  double Rotations(std::string_view key, double otherwise) const {
    const double value = NonZero(scaling_, key, otherwise);
    if (value < 0) {
      scaling_.Fail(key, fmt::format("expected a positive number, found {}", value), kCorrect);
    }
    return value;
  }

  void ReadLongrope(const Rotary& rotary, RopeScaling& result) const {
    const auto count = static_cast<std::size_t>(rotary.dims / 2);
    result.short_factors = Factors("short_factor", count);
    result.long_factors = Factors("long_factor", count);
    // The reference reads the original length at the top level only.
    constexpr std::string_view kOriginal = "original_max_position_embeddings";
    const ConfigReader& place = is_new_ && scaling_.Has(kOriginal) ? scaling_ : config_;
    const bool given = place.Has(kOriginal) || rules_.original_length != 0;
    // From two: the attention factor divides by the logarithm.
    const int max_length = MaxLength(2);
    result.original_length =
        given ? place.Int(kOriginal, 2, kMostTokens, rules_.original_length) : max_length;
    if (scaling_.Has("attention_factor")) {
      result.attention_factor = scaling_.Number("attention_factor", 1);
      return;
    }
    const double factor =
        given ? static_cast<double>(max_length) / result.original_length : Required(scaling_, "factor", 1);
    if (factor > 1)
      result.attention_factor = std::sqrt(1 + std::log(factor) / std::log(result.original_length));
  }

  std::vector<double> Factors(std::string_view key, std::size_t count) const {
    std::vector<double> factors = scaling_.Numbers(key, count);
    const auto wrong = std::find_if(factors.begin(), factors.end(), [](double f) { return !(f > 0); });
    if (wrong != factors.end()) {
      scaling_.Fail(key, fmt::format("expected positive numbers, found {}", *wrong), kCorrectFactor);
    }
    return factors;
  }

  void ReadLlama3(RopeScaling& result) const {
    result.factor = Required(scaling_, "factor", 1);
    result.original_length = scaling_.Int("original_max_position_embeddings", 1, kMostTokens);
    result.low_freq_factor = Required(scaling_, "low_freq_factor", 0);
    if (result.low_freq_factor == 0) {
      scaling_.Fail("low_freq_factor", "expected a positive number, found 0", kCorrectFactor);
    }
    result.high_freq_factor = Required(scaling_, "high_freq_factor", 0);
    if (result.high_freq_factor <= result.low_freq_factor) {
      scaling_.Fail("high_freq_factor",
                    fmt::format("expected a number above low_freq_factor {}, found {}",
                                result.low_freq_factor, result.high_freq_factor),
                    kCorrectFactor);
    }
  }

  const ConfigReader& config_;
  const ConfigReader& scaling_;
  const bool is_new_;
  const RopeRules& rules_;
};

// rope_parameters, or of those the settings of the family's type of layer.
std::optional<ConfigReader> ReadParameters(const ConfigReader& config, const RopeRules& rules) {
  const auto all = config.Object("rope_parameters");
  if (!all) return std::nullopt;
  if (!rules.layer_type.empty()) {
    const auto of_type = all->Object(rules.layer_type);
    if (!of_type) {
      all->Fail(rules.layer_type, "expected an object, found nothing",
                "give the rotary settings of each type of layer");
    }
    return of_type;
  }
  for (const std::string_view type : {"full_attention", "sliding_attention"}) {
    if (all->Has(type)) {
      all->Fail(type, "expected one set of rotary settings for all layers, found one for a type of layer",
                "this family rotates all layers alike");
    }
  }
  return all;
}

class RotaryReader {
 public:
  RotaryReader(const ConfigReader& config, int head_dim, const RopeRules& rules)
      : config_(config), head_dim_(head_dim), rules_(rules), parameters_(ReadParameters(config, rules)) {}

  Rotary Read() const {
    Rotary rotary;
    rotary.pairs = rules_.pairs;
    rotary.rounding = rules_.rounding;
    rotary.frequencies_in_type = rules_.frequencies_in_type;
    rotary.theta = ReadTheta();
    rotary.dims = rules_.dims_key.empty() ? ReadPart() : ReadDims();
    rotary.scaling = ReadScaling(rotary);
    return rotary;
  }

 private:
  struct Place {
    const ConfigReader& reader;
    std::string_view key;
  };

  // The new key where the file has it, else the family's old one.
  Place Find(std::string_view key, std::string_view old_key) const {
    if (parameters_ && parameters_->Has(key)) return {*parameters_, key};
    return {config_, old_key};
  }

  double ReadTheta() const {
    if (rules_.theta_key.empty()) return rules_.theta;
    const Place place = Find("rope_theta", rules_.theta_key);
    const double theta = place.reader.Number(place.key, rules_.theta);
    if (!(theta > 0)) {
      place.reader.Fail(place.key, fmt::format("expected a positive number, found {}", theta), kCorrect);
    }
    return theta;
  }

  int ReadPart() const {
    if (rules_.partial_key.empty()) return Even({config_, "head_dim"}, head_dim_);
    const Place place = Find("partial_rotary_factor", rules_.partial_key);
    const double factor = place.reader.Number(place.key, rules_.partial_factor);
    if (!rules_.partial && factor != 1) {
      place.reader.Fail(place.key, fmt::format("expected 1, found {}", factor),
                        "this family rotates whole heads; remove the key");
    }
    if (!(factor > 0 && factor <= 1)) {
      place.reader.Fail(place.key, fmt::format("expected a number in (0, 1], found {}", factor), kCorrect);
    }
    return Even(rules_.partial ? place : Place{config_, "head_dim"}, static_cast<int>(head_dim_ * factor));
  }

  int ReadDims() const {
    return Even({config_, rules_.dims_key}, config_.Int(rules_.dims_key, 2, head_dim_, rules_.dims));
  }

  int Even(const Place& place, int dims) const {
    if (dims < 2 || dims > head_dim_ || dims % 2 != 0) {
      place.reader.Fail(
          place.key,
          fmt::format("expected an even number of rotated values, found {} of a head of {}", dims, head_dim_),
          kCorrect);
    }
    return dims;
  }

  RopeScaling ReadScaling(const Rotary& rotary) const {
    std::optional<RopeScaling> scaling;
    if (parameters_ && (parameters_->Has("rope_type") || parameters_->Has("type")))
      scaling = ScalingReader(config_, *parameters_, true, rules_).Read(rotary);
    if (rules_.scaling_key.empty()) return scaling.value_or(RopeScaling());
    if (const auto old = config_.Object(rules_.scaling_key)) {
      const RopeScaling other = ScalingReader(config_, *old, false, rules_).Read(rotary);
      if (scaling && !(*scaling == other)) {
        config_.Fail(rules_.scaling_key, "expected the scaling of rope_parameters, found another",
                     "remove the wrong one");
      }
      scaling = other;
    }
    return scaling.value_or(RopeScaling());
  }

  const ConfigReader& config_;
  const int head_dim_;
  const RopeRules& rules_;
  const std::optional<ConfigReader> parameters_;
};

}  // namespace

Rotary ReadRotary(const ConfigReader& config, int head_dim, const RopeRules& rules) {
  return RotaryReader(config, head_dim, rules).Read();
}

}  // namespace headspec::model
