#include "sweep/expand.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>

#include "core/error.h"
#include "core/text.h"

namespace headspec::sweep {
namespace {

constexpr std::size_t kMostDigits = 15;

bool IsDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= kMostDigits && std::all_of(text.begin(), text.end(), IsDigit);
}

std::int64_t NumberOf(std::string_view digits) {
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::vector<std::string_view> Split(std::string_view text, std::string_view between) {
  std::vector<std::string_view> parts;
  for (std::size_t at = text.find(between); at != std::string_view::npos; at = text.find(between)) {
    parts.push_back(text.substr(0, at));
    text.remove_prefix(at + between.size());
  }
  parts.push_back(text);
  return parts;
}

class Braces {
 public:
  Braces(const std::string& text, const std::string& place) : text_(text), place_(place) {}

  std::vector<std::string> Expand() const {
    std::vector<std::string> names = {""};
    std::string_view rest = text_;
    while (!rest.empty()) {
      const auto open = rest.find_first_of("{}");
      const std::string_view plain = rest.substr(0, open);
      for (std::string& name : names) name += plain;
      if (open == std::string_view::npos) break;
      const auto close = rest.find('}', open);
      const std::string_view inside = rest.substr(open + 1, close - open - 1);
      if (rest[open] == '}' || close == std::string_view::npos || inside.find('{') != std::string_view::npos)
        Fail("braces do not match", "write each as {1..9}, {0..100..10} or {a,b}, not one in another");
      names = Combine(names, Choices(inside));
      rest.remove_prefix(close + 1);
    }
    return names;
  }

 private:
  [[noreturn]] void Fail(const std::string& problem, const std::string& next) const {
    throw Error(ErrorKind::kInput, fmt::format("{}: \"{}\": {}", place_, text_, problem), next);
  }

  [[noreturn]] void FailMany() const {
    Fail(fmt::format("expected at most {} names, found more", kMostCells), "take fewer, or larger steps");
  }

  std::vector<std::string> Combine(const std::vector<std::string>& names,
                                   const std::vector<std::string>& choices) const {
    if (names.size() * choices.size() > kMostCells) FailMany();
    std::vector<std::string> all;
    for (const std::string& name : names) {
      for (const std::string& choice : choices) all.push_back(name + choice);
    }
    return all;
  }

  std::vector<std::string> Choices(std::string_view inside) const {
    const auto bounds = Split(inside, "..");
    if (bounds.size() == 2 || bounds.size() == 3) return Range(inside, bounds);
    const auto words = Split(inside, ",");
    if (bounds.size() > 1 || words.size() < 2) {
      Fail(fmt::format("expected a range or words in {{{}}}", inside),
           "write it as {1..9}, {0..100..10} or {a,b}");
    }
    return {words.begin(), words.end()};
  }

  std::vector<std::string> Range(std::string_view inside, const std::vector<std::string_view>& bounds) const {
    if (!std::all_of(bounds.begin(), bounds.end(), IsNumber)) {
      Fail(fmt::format("expected whole numbers of at most {} digits in {{{}}}", kMostDigits, inside),
           "write it as {1..9} or {0..100..10}");
    }
    const std::int64_t first = NumberOf(bounds[0]), last = NumberOf(bounds[1]);
    const std::int64_t by = bounds.size() == 3 ? NumberOf(bounds[2]) : 1;
    if (first > last || by == 0) {
      Fail(fmt::format("no numbers in {{{}}}", inside), "write it as {FROM..TO} or {FROM..TO..BY}, upwards");
    }
    if ((last - first) / by >= static_cast<std::int64_t>(kMostCells)) FailMany();
    const auto is_padded = [](std::string_view bound) { return bound.size() > 1 && bound.front() == '0'; };
    const std::size_t width =
        is_padded(bounds[0]) || is_padded(bounds[1]) ? std::max(bounds[0].size(), bounds[1].size()) : 0;
    std::vector<std::string> numbers;
    for (std::int64_t number = first; number <= last; number += by)
      numbers.push_back(fmt::format("{:0{}}", number, width));
    return numbers;
  }

  const std::string& text_;
  const std::string& place_;
};

// The numbers in the text, with a fraction where there is one.
std::vector<std::string_view> NumbersIn(std::string_view text) {
  std::vector<std::string_view> numbers;
  for (std::size_t i = 0; i < text.size();) {
    if (!IsDigit(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && IsDigit(text[end])) ++end;
    if (end + 1 < text.size() && text[end] == '.' && IsDigit(text[end + 1])) {
      ++end;
      while (end < text.size() && IsDigit(text[end])) ++end;
    }
    numbers.push_back(text.substr(i, end - i));
    i = end;
  }
  return numbers;
}

double ToDouble(std::string_view number) {
  double value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  return value;
}

// Of "step1000", "step-1000" and "step_1000", and of a name with more behind it.
std::optional<double> After(std::string_view revision, std::string_view word) {
  for (std::size_t at = revision.find(word); at != std::string_view::npos; at = revision.find(word, at + 1)) {
    std::string_view rest = revision.substr(at + word.size());
    if (!rest.empty() && (rest.front() == '-' || rest.front() == '_' || rest.front() == '='))
      rest.remove_prefix(1);
    const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits > 0) return ToDouble(rest.substr(0, digits));
  }
  return std::nullopt;
}

std::optional<double> StatedStep(std::string_view revision) {
  for (const std::string_view word : {"step", "checkpoint"}) {
    if (const auto step = After(revision, word)) return step;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> ExpandBraces(const std::string& text, const std::string& place) {
  return Braces(text, place).Expand();
}

bool IsPattern(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

bool Matches(std::string_view pattern, std::string_view name) {
  // Where the last star stands, and how much of the name it has taken: on a mismatch it takes one more.
  std::size_t p = 0, n = 0, star = std::string_view::npos, taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::optional<double> StepOf(std::string_view revision) {
  if (IsHex(revision, 40) || revision.starts_with("refs/")) return std::nullopt;
  if (const auto step = StatedStep(revision)) return step;
  const auto numbers = NumbersIn(revision);
  return numbers.size() == 1 ? std::optional(ToDouble(numbers.front())) : std::nullopt;
}

bool NamesItsStep(std::string_view revision) { return StatedStep(revision).has_value(); }

std::string SizeIn(std::string_view model) {
  if (const auto slash = model.find_last_not_of('/'); slash != std::string_view::npos)
    model = model.substr(0, slash + 1);
  model.remove_prefix(model.rfind('/') + 1);  // npos + 1 is 0
  for (std::size_t begin = 0; begin < model.size();) {
    const std::size_t end = std::min(model.find_first_of("-_", begin), model.size());
    const std::string_view part = model.substr(begin, end - begin);
    begin = end + 1;
    const auto numbers = NumbersIn(part);
    if (numbers.size() != 1 || numbers.front().data() != part.data()) continue;
    const std::string_view unit = part.substr(numbers.front().size());
    if (unit.size() == 1 && std::string_view("kmbKMB").find(unit) != std::string_view::npos &&
        ToDouble(numbers.front()) > 0)
      return std::string(part);
  }
  return "";
}

}  // namespace headspec::sweep
