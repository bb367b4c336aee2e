/* C ABI of the hf/ crate: Hugging Face's own `tokenizers` and a Jinja renderer set up as transformers sets
 * up Jinja. Called by src/text only; it decides nothing (src/text/overlay.h does). Texts are pointer and
 * length, UTF-8, NUL allowed inside. A function returns HEADSPEC_HF_OK, or another status and an error text
 * that the caller frees; Rust panics come back as HEADSPEC_HF_FAILED and nothing is printed. */
#ifndef HEADSPEC_HF_H_
#define HEADSPEC_HF_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum HeadspecHfStatus {
  HEADSPEC_HF_OK = 0,
  HEADSPEC_HF_NOT_JSON = 1, /* the document is not JSON */
  HEADSPEC_HF_INVALID = 2,  /* it is JSON, with a wrong, missing or unknown part */
  HEADSPEC_HF_RAISED = 3,   /* the template called raise_exception; the error text is its message */
  HEADSPEC_HF_FAILED = 4    /* anything else */
} HeadspecHfStatus;

/* Immutable after the last amend: encode may then be called from several threads at once. */
typedef struct HeadspecHfTokenizer HeadspecHfTokenizer;

/* Owned by the caller; give it back with headspec_hf_text_free. */
typedef struct HeadspecHfText {
  char* data;
  size_t size;
} HeadspecHfText;

/* Owned by the caller; give it back with headspec_hf_encoding_free. Token i, as the vocabulary writes it, is
 * tokens[token_ends[i - 1]] up to tokens[token_ends[i]], with 0 for token_ends[-1]. It stands for the bytes
 * offsets[2 * i] up to offsets[2 * i + 1] of the text, before the post-processor trims them, unless added[i]
 * is 1: then the post-processor put it there. */
typedef struct HeadspecHfEncoding {
  const uint32_t* ids;
  const size_t* token_ends;
  const char* tokens;
  const size_t* offsets;
  const uint8_t* added;
  size_t count;
  int truncated;
  void* owner;
} HeadspecHfEncoding;

/* Parses a tokenizer.json. Its own truncation and padding are set aside, never applied. */
int headspec_hf_open(const char* json, size_t size, HeadspecHfTokenizer** tokenizer, HeadspecHfText* error);
void headspec_hf_close(HeadspecHfTokenizer* tokenizer);

/* What was loaded, as JSON: added_tokens (by id), normalizer, pre_tokenizer, and the file's truncation and
 * padding (null where absent); vocab_size, without added tokens; special_prefix, how many tokens the
 * post-processor puts in front of a text. */
int headspec_hf_describe(const HeadspecHfTokenizer* tokenizer, HeadspecHfText* json, HeadspecHfText* error);

/* Applies a JSON object of changes: normalizer, pre_tokenizer, post_processor (null removes, absent keeps),
 * encode_special_tokens, then add_tokens through the library's own add_tokens. */
int headspec_hf_amend(HeadspecHfTokenizer* tokenizer, const char* json, size_t size, HeadspecHfText* error);

/* The largest id in the vocabulary with the added tokens, -1 when it is empty. */
int headspec_hf_max_id(const HeadspecHfTokenizer* tokenizer, int64_t* id, HeadspecHfText* error);

typedef struct HeadspecHfLimit {
  size_t max_length; /* special tokens counted; 0 for no limit */
  int from_left;     /* cut the front of the text rather than its end */
} HeadspecHfLimit;

int headspec_hf_encode(const HeadspecHfTokenizer* tokenizer, const char* text, size_t size,
                       HeadspecHfLimit limit, HeadspecHfEncoding* encoding, HeadspecHfText* error);
void headspec_hf_encoding_free(HeadspecHfEncoding* encoding);

typedef struct HeadspecHfTemplate {
  const char* source;
  size_t source_size;
  const char* context; /* JSON object: messages, add_generation_prompt, bos_token, ... */
  size_t context_size;
} HeadspecHfTemplate;

int headspec_hf_render(HeadspecHfTemplate chat_template, HeadspecHfText* text, HeadspecHfText* error);
void headspec_hf_text_free(HeadspecHfText* text);

#ifdef __cplusplus
}
#endif

#endif
