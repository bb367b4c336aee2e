// Colour on a terminal, and only there. The text of results is plain: what is coloured is found by the marks
// that it has for everyone (✓ ✗ ⚠, headings, rules), so no colour says what the text does not.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace headspec::cli {

enum class ColorMode { kAuto, kAlways, kNever };

// What --color asked for, for both streams from here on.
void UseColor(ColorMode mode);

// Whether what goes to `stream` is coloured. kAuto: a terminal that knows how (TERM is set and not dumb), and
// NO_COLOR is not set; CLICOLOR_FORCE colours files and pipes too.
bool IsColored(std::FILE* stream);

enum class Tone { kHeading, kFaint, kGood, kCaution, kBad };

// In escape sequences. Call it for coloured streams only.
std::string Painted(Tone tone, std::string_view text);

// Whole lines of results or notes, their marks and headings coloured.
std::string PaintedLines(std::string_view text);

}  // namespace headspec::cli
