// A result, or one line that says why there is none: where statistics of degenerate input end, never in a
// NaN.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace headspec::metrics {

template <class T>
class Maybe {
 public:
  Maybe(T value) : value_(std::move(value)) {}
  static Maybe None(const std::string& reason) {
    Maybe none;
    none.reason_ = reason;
    return none;
  }

  explicit operator bool() const { return value_.has_value(); }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return &*value_; }
  const std::string& reason() const { return reason_; }  // empty with a value

 private:
  Maybe() = default;

  std::optional<T> value_;
  std::string reason_;
};

}  // namespace headspec::metrics
