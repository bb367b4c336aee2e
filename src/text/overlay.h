// What transformers 4.57.6 does to a tokenizer after reading tokenizer.json: AutoTokenizer picks a class,
// tokenization_utils_fast.py adds tokens and fixes add_prefix_space, and the class may replace the
// post-processor. This file decides, hf/ carries it out, and nothing is written back to the folder.
#pragma once

#include "text/json_file.h"
#include "text/special_tokens.h"
#include "text/tokenizer_class.h"

namespace headspec::text {

// AutoTokenizer: tokenizer_config.json's tokenizer_class, else config.json's, else by its model_type.
const TokenizerClass& ChooseTokenizerClass(const ConfigFiles& files);

// Both return a document for HfTokenizer::Amend; `loaded` is its description at that moment. First the
// vocabulary, because the parts need the ids of tokens that may be new.
Json VocabularyChanges(const ConfigFiles& files, const TokenizerClass& tokenizer_class,
                       const SpecialTokens& special_tokens, const Json& loaded);
Json PartChanges(const ConfigFiles& files, const TokenizerClass& tokenizer_class,
                 const SpecialTokens& special_tokens, const Json& loaded);

// truncation_side, else what tokenizer.json says, else right.
bool TruncatesFromLeft(const JsonFile& tokenizer_config, const Json& loaded);
// padding_side, else what tokenizer.json says, else the class's.
bool PadsOnLeft(const JsonFile& tokenizer_config, const TokenizerClass& tokenizer_class, const Json& loaded);

}  // namespace headspec::text
