// What all commands have in common, in words: exit codes and environment variables, for help and manual.
#pragma once

#include <array>

namespace headspec::cli {

struct Convention {
  const char* name;
  const char* meaning;
};

inline constexpr std::array kExitCodes = {
    Convention{"0", "done"},
    Convention{
        "1", "the experiment ran and something in it failed or was not finite, or verify found a difference"},
    Convention{"2", "usage or bad input"},
    Convention{"3", "network or file system"},
    Convention{"130", "interrupted"},
};

inline constexpr std::array kVariables = {
    Convention{"HEADSPEC_CACHE",
               "folder for what models gave, kept between runs (default: $XDG_CACHE_HOME/headspec or "
               "~/.cache/headspec)"},
    Convention{"HEADSPEC_SILENCE",
               "seconds after which a rank of a job that says nothing is thought lost (default: 30)"},
    Convention{"HF_HOME, HF_HUB_CACHE", "where models of the hub are, as for huggingface_hub"},
    Convention{"HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE",
               "the hub, the token for it, and whether it is asked at all"},
    Convention{"HF_HUB_DISABLE_PROGRESS_BARS", "no progress bars, as --no-progress"},
    Convention{"NO_COLOR, CLICOLOR_FORCE, TERM",
               "colours: never; also without a terminal; none where it is dumb"},
};

}  // namespace headspec::cli
