#include "cli/completion.h"

#include "cli/choices.h"
#include "cli/program.h"

namespace headspec::cli {

Completed CompletedBy(const CLI::Option& option) {
  Completed completed;
  for (const std::string& part : PartsOfType(option.get_type_name())) {
    if (!IsKind(part)) completed.words.push_back(part);
    completed.files = completed.files || part == "FILE";
    completed.models = completed.models || part == "MODEL";
    completed.folders = completed.folders || part == "DIR" || part == "MODEL";
  }
  return completed;
}

std::vector<const CLI::Option*> AllOptions(const CLI::App& command) {
  std::vector<const CLI::Option*> options;
  for (const OptionGroup& group : OptionGroupsOf(command))
    options.insert(options.end(), group.options.begin(), group.options.end());
  return options;
}

std::string ShellQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string FishQuoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  return quoted + "'";
}

}  // namespace headspec::cli
