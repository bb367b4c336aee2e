#include "report/page_text.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "report/page_template.h"

namespace headspec::report {
namespace {

using Json = nlohmann::ordered_json;

void ReplaceAll(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

// In a script element: nothing in it ends the element, and scripts of any age may read it.
std::string ScriptText(const Json& json) {
  std::string text;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<')
      text += "\\u003c";
    else
      text += c;
  }
  ReplaceAll(text, "\u2028", "\\u2028");
  ReplaceAll(text, "\u2029", "\\u2029");
  return text;
}

}  // namespace

std::string PageWith(const Json& document) {
  return std::string(PageBeforeData()) + ScriptText(document) + std::string(PageAfterData());
}

}  // namespace headspec::report
