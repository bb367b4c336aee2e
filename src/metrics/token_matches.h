// Which tokens of a prompt occur before: what duplicate-token and induction heads look for. Built once for
// each prompt and read by all its heads.
#pragma once

#include <span>
#include <vector>

namespace headspec::metrics {

class TokenMatches {
 public:
  explicit TokenMatches(std::span<const int> token_ids);

  int tokens() const { return static_cast<int>(previous_.size()); }
  // The nearest earlier position that holds the same token as `position`; -1 if there is none.
  int Previous(int position) const { return previous_[static_cast<std::size_t>(position)]; }
  bool any() const { return any_; }  // whether a token occurs twice

 private:
  std::vector<int> previous_;
  bool any_ = false;
};

}  // namespace headspec::metrics
