#include "cli/style.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdlib>

namespace headspec::cli {
namespace {

ColorMode color_mode = ColorMode::kAuto;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct Mark {
  std::string_view text;
  Tone tone;
};

constexpr std::array kMarks = {Mark{"✓", Tone::kGood}, Mark{"✗", Tone::kBad}, Mark{"⚠", Tone::kCaution}};
// At the start of a line, behind its indentation.
constexpr std::array kLabels = {
    Mark{"VERIFIED:", Tone::kGood}, Mark{"DIFFERS:", Tone::kBad},     Mark{"ERROR:", Tone::kBad},
    Mark{"Error ", Tone::kBad},     Mark{"Warning ", Tone::kCaution}, Mark{"warning:", Tone::kCaution},
    Mark{"note:", Tone::kFaint},
};

std::string_view CodeOf(Tone tone) {
  switch (tone) {
    case Tone::kHeading:
      return "1";
    case Tone::kFaint:
      return "2";
    case Tone::kGood:
      return "32";
    case Tone::kCaution:
      return "33";
    case Tone::kBad:
      return "1;31";
  }
  return "0";
}

bool IsRule(std::string_view line) {
  return line.size() > 3 && line.find_first_not_of('-') == std::string_view::npos;
}

// "SIZE LADDER", "FINAL VERDICT: ...", ">>> ... <<<": a line whose words up to a colon or bracket are
// capitals.
bool IsHeading(std::string_view line) {
  if (line.starts_with(">>> ")) return true;
  const std::string_view front = line.substr(0, line.find_first_of(":("));
  const auto is = [&](int (*kind)(int)) {
    return std::count_if(front.begin(), front.end(),
                         [kind](char c) { return kind(static_cast<unsigned char>(c)) != 0; });
  };
  return !line.starts_with(' ') && is(std::islower) == 0 && is(std::isupper) >= 5;
}

std::string WithMarks(std::string_view line) {
  std::string text;
  while (!line.empty()) {
    const auto mark =
        std::find_if(kMarks.begin(), kMarks.end(), [&](const Mark& m) { return line.starts_with(m.text); });
    if (mark != kMarks.end()) {
      text += Painted(mark->tone, mark->text);
      line.remove_prefix(mark->text.size());
    } else {
      text += line.front();
      line.remove_prefix(1);
    }
  }
  return text;
}

std::string PaintedLine(std::string_view line) {
  if (IsRule(line)) return Painted(Tone::kFaint, line);
  const std::size_t start = std::min(line.find_first_not_of(' '), line.size());
  for (const Mark& label : kLabels) {
    if (!line.substr(start).starts_with(label.text)) continue;
    const std::size_t end = start + label.text.size();
    return std::string(line.substr(0, start)) + Painted(label.tone, label.text) + WithMarks(line.substr(end));
  }
  return IsHeading(line) ? Painted(Tone::kHeading, line) : WithMarks(line);
}

}  // namespace

void UseColor(ColorMode mode) { color_mode = mode; }

bool IsColored(std::FILE* stream) {
  if (color_mode != ColorMode::kAuto) return color_mode == ColorMode::kAlways;
  if (!Environment("NO_COLOR").empty()) return false;
  if (const std::string force = Environment("CLICOLOR_FORCE"); !force.empty() && force != "0") return true;
  const std::string terminal = Environment("TERM");
  return !terminal.empty() && terminal != "dumb" && isatty(fileno(stream)) != 0;
}

std::string Painted(Tone tone, std::string_view text) {
  std::string painted = "\x1b[";
  painted += CodeOf(tone);
  painted += 'm';
  painted += text;
  return painted + "\x1b[0m";
}

std::string PaintedLines(std::string_view text) {
  std::string painted;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    painted += PaintedLine(text.substr(0, end));
    if (end == std::string_view::npos) break;
    painted += '\n';
    text.remove_prefix(end + 1);
  }
  return painted;
}

}  // namespace headspec::cli
