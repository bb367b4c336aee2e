#include "checkpoint/foreign_content.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "checkpoint/wording.h"

namespace headspec::checkpoint {
namespace {

constexpr const char* kAgain = "download the file again";

// "size 4995584424" is a line of a pointer: how large the real file is.
std::string_view SizeInPointer(std::string_view pointer) {
  const std::size_t line = pointer.find("\nsize ");
  if (line == std::string_view::npos) return "unknown";
  const std::string_view rest = pointer.substr(line + 6, 20);
  const std::size_t end = rest.find_first_not_of("0123456789");
  return end == 0 || rest.empty() ? "unknown" : rest.substr(0, end);
}

// A header length of 60 or 123 also starts with '<' or '{'; its next bytes, though, are no text.
bool IsText(std::string_view start) {
  return !start.empty() && std::all_of(start.begin(), start.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\t' || c == '\r' || c == '\n';
  });
}

}  // namespace

void RefuseForeignContent(std::span<const std::byte> file, const std::string& file_name) {
  const std::string_view start(reinterpret_cast<const char*>(file.data()),
                               std::min<std::size_t>(file.size(), 512));
  if (start.starts_with("version https://git-lfs")) {
    throw Refusal(file_name, "GitLfsPointer",
                  fmt::format("a Git-LFS pointer of {} bytes, not the file it points to (size {})",
                              file.size(), SizeInPointer(start)),
                  "run 'git lfs pull' in its folder");
  }
  // Eight bytes of text read as a header length are far above the limit, so no valid file is lost here.
  const bool text = IsText(start.substr(0, 8));
  const std::size_t first = start.find_first_not_of(" \t\r\n");
  const std::string_view visible = text && first != std::string_view::npos ? start.substr(first) : "";
  if (visible.starts_with('<')) {
    throw Refusal(file_name, "HtmlPage",
                  fmt::format("a web page ({}), not a model file", Quoted(visible.substr(0, 15))),
                  fmt::format("the download link needs a login or is wrong: {}", kAgain));
  }
  if (visible.starts_with("{\"error\"")) {
    throw Refusal(file_name, "ErrorAnswer",
                  fmt::format("a server's error answer, not a model file: {}", Quoted(visible)),
                  fmt::format("remove its cause and {}", kAgain));
  }
  const std::string_view beginning = start.substr(0, 64);
  if (beginning.size() >= 8 && beginning.find_first_not_of('\0') == std::string_view::npos) {
    throw Refusal(file_name, "ZeroFilled",
                  fmt::format("the first {} of {} bytes are zero: an unfinished download", beginning.size(),
                              file.size()),
                  kAgain);
  }
}

}  // namespace headspec::checkpoint
