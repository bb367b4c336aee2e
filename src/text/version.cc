#include "text/version.h"

namespace headspec::text {

std::string TokenizersVersion() { return HEADSPEC_TOKENIZERS_VERSION; }

std::string MinijinjaVersion() { return HEADSPEC_MINIJINJA_VERSION; }

}  // namespace headspec::text
