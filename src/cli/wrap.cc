#include "cli/wrap.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "report/text.h"

namespace headspec::cli {
namespace {

// Where the continuation of a line begins.
std::size_t HangOf(std::string_view line, std::size_t columns) {
  const std::size_t start = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t gap = line.find("  ", start);
  if (gap != std::string_view::npos) {
    const std::size_t text = line.find_first_not_of(' ', gap);
    const std::size_t column =
        text == std::string_view::npos ? 0 : report::DisplayWidth(line.substr(0, text));
    if (column > 0 && column * 3 <= columns) return column;
  }
  return start + 2;
}

// `column`: where the line begins.
std::string WrappedLine(std::string_view line, std::size_t hang, std::size_t columns,
                        std::size_t column = 0) {
  std::string text;
  while (!line.empty()) {
    const std::size_t spaces = std::min(line.find_first_not_of(' '), line.size());
    const std::size_t end = std::min(line.find(' ', spaces), line.size());
    const std::string_view word = line.substr(spaces, end - spaces);
    const std::size_t width = report::DisplayWidth(word);
    if (column > hang && column + spaces + width > columns) {
      text += '\n' + std::string(hang, ' ');
      column = hang;
    } else {
      text += line.substr(0, spaces);
      column += spaces;
    }
    text += word;
    column += width;
    line.remove_prefix(end);
  }
  return text;
}

}  // namespace

std::size_t ColumnsOf(std::FILE* stream) {
  constexpr std::size_t kUsual = 80;
  if (isatty(fileno(stream)) == 0) return 0;
  winsize size = {};
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kUsual;
}

std::string Wrapped(std::string_view lines, std::size_t columns) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    if (report::DisplayWidth(line) <= columns)
      text += line;
    else
      text += WrappedLine(line, HangOf(line, columns), columns);
    if (end == lines.size()) break;
    text += '\n';
    lines.remove_prefix(end + 1);
  }
  return text;
}

std::string WrappedAt(std::string_view text, std::size_t indent, std::size_t columns) {
  return WrappedLine(text, indent, columns, indent);
}

}  // namespace headspec::cli
