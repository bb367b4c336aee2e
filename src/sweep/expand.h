// Names that stand for many, as manifests write them: braces, ranges and patterns; and what names say.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headspec::sweep {

// A sweep of more is refused, and so is a range of more.
inline constexpr std::size_t kMostCells = 100'000;

// "step{1..3}" is step1, step2, step3; {0..10..5} counts by five, {01..12} keeps zeros in front, {a,b} are
// words; several braces give all combinations, the last changing fastest. Throws Error(kInput) that begins
// with `place`.
std::vector<std::string> ExpandBraces(const std::string& text, const std::string& place);

// Has a * or a ?.
bool IsPattern(std::string_view text);
// * stands for any characters, ? for one.
bool Matches(std::string_view pattern, std::string_view name);

// How far in training a revision is: the digits after "step" or "checkpoint", else the only number in the
// name. Nothing of commits and pull requests.
std::optional<double> StepOf(std::string_view revision);
// True if it says so by one of those words.
bool NamesItsStep(std::string_view revision);

// "70m" of "EleutherAI/pythia-70m-deduped", as it is written there; empty if no part of the name is a size.
std::string SizeIn(std::string_view model);

}  // namespace headspec::sweep
