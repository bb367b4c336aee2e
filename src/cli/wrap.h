// Long lines broken between words, and continued under the text that they began with.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace headspec::cli {

// Of the terminal that `stream` is; 0 where it is none.
std::size_t ColumnsOf(std::FILE* stream);

// Every line within `columns`, as far as words allow. A line "  label   text" goes on under its text, others
// go on two columns further in than they began.
std::string Wrapped(std::string_view lines, std::size_t columns);

// One text as lines that each begin with `indent` spaces, the first without.
std::string WrappedAt(std::string_view text, std::size_t indent, std::size_t columns);

}  // namespace headspec::cli
