// What each token of a prompt is there for: ModelResult::token_roles.
#pragma once

#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace headspec::experiment {

// "bos": of the tokens in front, those that are the tokenizer's BOS, put there by it or by the template.
// "special": any other token that the tokenizer adds. "template": a token of a chat template's text alone.
// "text": the rest, tokens that hold any character of the prompt. `prompt` says where in the encoded text the
// prompt lies; null: everywhere.
std::vector<std::string> TokenRoles(const text::Encoded& encoded, int bos_id,
                                    const std::vector<text::TextRange>* prompt);

}  // namespace headspec::experiment
