#include "cli/usage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "cli/program.h"
#include "core/nearest.h"

namespace headspec::cli {
namespace {

bool Holds(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::vector<std::string> OptionNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const OptionGroup& group : OptionGroupsOf(command)) {
    for (const CLI::Option* option : group.options) {
      const auto more = NamesOf(*option);
      names.insert(names.end(), more.begin(), more.end());
    }
  }
  return names;
}

// Dashes, which all have, make no option like another.
std::string NearestOption(const std::string& option, const CLI::App& command) {
  const auto bare = [](const std::string& name) { return name.substr(name.find_first_not_of('-')); };
  std::vector<std::string> names;
  for (const std::string& name : OptionNames(command)) {
    if (name.starts_with("--")) names.push_back(bare(name));
  }
  const std::string nearest = Nearest(bare(option), names);
  return nearest.empty() ? "" : "--" + nearest;
}

std::vector<std::string> CommandsWith(const CLI::App& program, const std::string& option) {
  std::vector<std::string> commands;
  for (const CLI::App* command : CommandsOf(program)) {
    if (Holds(OptionNames(*command), option)) commands.push_back(command->get_name());
  }
  return commands;
}

// "--dtpye" of "--dtpye=float32"; empty for what is no option.
std::string OptionIn(const std::string& word) {
  const bool is_option = word.size() > 1 && word[0] == '-' &&
                         (word[1] == '-' || std::isalpha(static_cast<unsigned char>(word[1])) != 0);
  if (!is_option || word == "--") return "";
  return word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

// Whether the word behind it belongs to it.
bool WantsNext(const CLI::App& command, const std::string& word) {
  if (word.find('=') != std::string::npos) return false;
  const CLI::Option* option = command.get_option_no_throw(OptionIn(word));
  return option != nullptr && TakesValue(*option);
}

std::string UnknownOption(const CLI::App& program, const CLI::App& command, const std::string& option) {
  const std::string nearest = NearestOption(option, command);
  const auto elsewhere = CommandsWith(program, option);
  std::string text = fmt::format("{}: unknown option of headspec {}", option, command.get_name());
  if (!elsewhere.empty())
    return text +
           fmt::format("; {} {} it", fmt::join(elsewhere, ", "), elsewhere.size() == 1 ? "has" : "have");
  if (!nearest.empty() && option.size() > 2) return text + fmt::format("; did you mean {}?", nearest);
  return text + fmt::format("; see headspec help {}", command.get_name());
}

std::string FirstUnknownOption(const CLI::App& program, const CLI::App& command,
                               const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--") break;
    const std::string option = OptionIn(words[i]);
    if (option.empty()) continue;
    if (command.get_option_no_throw(option) == nullptr) return UnknownOption(program, command, option);
    if (WantsNext(command, words[i])) ++i;
  }
  return "";
}

// "MODEL is required".
std::string MissingArgument(const CLI::App& command) {
  for (const CLI::Option* argument : ArgumentsOf(command)) {
    if (argument->get_required() && argument->count() == 0)
      return fmt::format("headspec {}: {} is missing; for example: {}", command.get_name(),
                         argument->get_name(), ExampleOf(command));
  }
  return "";
}

// The last option without its value.
std::string MissingValue(const CLI::App& command, const std::vector<std::string>& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string option = OptionIn(words[i]);
    if (option.empty() || !WantsNext(command, words[i])) continue;
    if (i + 1 < words.size() && OptionIn(words[i + 1]).empty()) {
      ++i;
      continue;
    }
    return fmt::format("{}: a value is missing, expected {}", option,
                       command.get_option(option)->get_type_name());
  }
  return "";
}

std::string SurplusArgument(const CLI::App& command) {
  const auto surplus = command.remaining();
  if (surplus.empty()) return "";
  return fmt::format("\"{}\": one argument too many; expected {}", surplus.front(), UsageOf(command));
}

}  // namespace

std::string UnknownCommand(const CLI::App& program, const std::vector<std::string>& words) {
  if (words.empty() || words.front().starts_with('-') || FindCommand(program, words.front()) != nullptr)
    return "";
  const std::vector<std::string> names = CommandNames(program);
  const std::string nearest = Nearest(words.front(), names);
  return fmt::format("unknown command \"{}\"; {}", words.front(),
                     nearest.empty() ? fmt::format("commands: {}", fmt::join(names, ", "))
                                     : fmt::format("did you mean {}?", nearest));
}

std::string UsageComplaint(const CLI::App& program, const std::vector<std::string>& words,
                           const CLI::ParseError& error) {
  const CLI::App* command = words.empty() ? nullptr : FindCommand(program, words.front());
  if (command == nullptr) {
    const std::string option = words.empty() ? "" : OptionIn(words.front());
    if (option.empty()) return "a command is missing; see headspec --help";
    return fmt::format("{}: expected a command first; see headspec --help", option);
  }
  std::string text = FirstUnknownOption(program, *command, words);
  if (!text.empty()) return text;
  if (dynamic_cast<const CLI::ValidationError*>(&error) == nullptr) {
    text = MissingValue(*command, words);
    if (text.empty()) text = MissingArgument(*command);
    if (text.empty()) text = SurplusArgument(*command);
  }
  if (!text.empty()) return text;
  text = error.what();
  const bool says_what = text.find("did you mean") != std::string::npos;
  return says_what ? text : fmt::format("{}; see headspec help {}", text, command->get_name());
}

}  // namespace headspec::cli
