// What an option takes, said once: its type name is shown in help and manual, checked, and completed. Words
// divided by "|" are values, capitals stand for kinds of values: FILE, DIR, MODEL, N.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace headspec::cli {

// The parts of a type name: {"standard-10-v3", "FILE"} of "standard-10-v3|FILE".
std::vector<std::string> PartsOfType(const std::string& type_name);
// Whether a part stands for a kind of value: all capitals.
bool IsKind(const std::string& part);

// Only these values; the refusal names the nearest. `choices` joined by "|" becomes the type name.
CLI::Option* TakesOneOf(CLI::Option* option, const std::vector<std::string>& choices);

// Whole numbers in a range.
CLI::Option* TakesNumber(CLI::Option* option, std::int64_t least, std::int64_t most,
                         const std::string& type_name);

}  // namespace headspec::cli
