// What each token of a prompt is there for: ModelResult::token_roles.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace headspec::experiment {

// The text that was encoded, and where in it the prompt lies; null: everywhere.
struct EncodedText {
  std::string_view text;
  const std::vector<text::TextRange>* prompt = nullptr;
};

// "bos": of the tokens in front, those that are the tokenizer's BOS, put there by it or by the template.
// "special": any other token that the tokenizer adds. "template": a token of a chat template's text alone.
// "text": the rest, tokens that hold any character of the prompt. The blanks around other characters do not
// count, as special tokens of a template may swallow the prompt's.
std::vector<std::string> TokenRoles(const text::Encoded& encoded, int bos_id, const EncodedText& from);

}  // namespace headspec::experiment
