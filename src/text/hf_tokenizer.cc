#include "text/hf_tokenizer.h"

#include <fmt/format.h>
#include <headspec_hf.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "core/error.h"
#include "core/utf8.h"

namespace headspec::text {
namespace {

// A text that hf/ filled, taken over and given back.
class OwnedText {
 public:
  OwnedText() = default;
  OwnedText(const OwnedText&) = delete;
  OwnedText& operator=(const OwnedText&) = delete;
  ~OwnedText() { headspec_hf_text_free(&text_); }

  HeadspecHfText* out() { return &text_; }
  std::string str() const {
    return text_.data == nullptr ? std::string() : std::string(text_.data, text_.size);
  }

 private:
  HeadspecHfText text_{};
};

Error TokenizerError(int status, const std::string& message, const std::filesystem::path& path) {
  const char* verdict = "";
  if (status == HEADSPEC_HF_NOT_JSON) verdict = "not JSON";
  if (status == HEADSPEC_HF_INVALID) verdict = "not a tokenizer of the tokenizers library";
  if (status == HEADSPEC_HF_FAILED) verdict = "cannot be loaded";
  return {
      ErrorKind::kInput,
      fmt::format("{}: {} ({}) in {}", path.filename().string(), verdict, OneLine(message), path.string()),
      "download the file again"};
}

HfEncoding Copy(const HeadspecHfEncoding& encoding) {
  HfEncoding copy;
  copy.truncated = encoding.truncated != 0;
  copy.ids.reserve(encoding.count);
  copy.tokens.reserve(encoding.count);
  copy.places.reserve(encoding.count);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < encoding.count; ++i) {
    copy.ids.push_back(static_cast<int>(encoding.ids[i]));
    copy.tokens.emplace_back(encoding.tokens + begin, encoding.token_ends[i] - begin);
    begin = encoding.token_ends[i];
    copy.places.push_back({encoding.added[i] != 0, {encoding.offsets[2 * i], encoding.offsets[2 * i + 1]}});
  }
  return copy;
}

}  // namespace

void HfTokenizer::Close::operator()(HeadspecHfTokenizer* tokenizer) const { headspec_hf_close(tokenizer); }

HfTokenizer::HfTokenizer(std::string_view json, const std::filesystem::path& path) : path_(path) {
  OwnedText error;
  HeadspecHfTokenizer* tokenizer = nullptr;
  const int status = headspec_hf_open(json.data(), json.size(), &tokenizer, error.out());
  if (status != HEADSPEC_HF_OK) throw TokenizerError(status, error.str(), path_);
  handle_.reset(tokenizer);
}

Json HfTokenizer::Describe() const {
  OwnedText error;
  OwnedText json;
  const int status = headspec_hf_describe(handle_.get(), json.out(), error.out());
  if (status != HEADSPEC_HF_OK) throw TokenizerError(status, error.str(), path_);
  return Json::parse(json.str());
}

void HfTokenizer::Amend(const Json& changes) {
  OwnedText error;
  const std::string json = changes.dump();
  const int status = headspec_hf_amend(handle_.get(), json.data(), json.size(), error.out());
  if (status != HEADSPEC_HF_OK) throw TokenizerError(status, error.str(), path_);
}

int HfTokenizer::MaxId() const {
  OwnedText error;
  std::int64_t id = -1;
  const int status = headspec_hf_max_id(handle_.get(), &id, error.out());
  if (status != HEADSPEC_HF_OK) throw TokenizerError(status, error.str(), path_);
  if (id < 0) throw TokenizerError(HEADSPEC_HF_INVALID, "the vocabulary is empty", path_);
  if (id > std::numeric_limits<int>::max()) {
    throw TokenizerError(HEADSPEC_HF_INVALID, fmt::format("token id {} is larger than any vocabulary", id),
                         path_);
  }
  return static_cast<int>(id);
}

HfEncoding HfTokenizer::Encode(std::string_view text, TokenLimit limit) const {
  RequireUtf8(text, "prompt");
  const HeadspecHfLimit hf_limit{static_cast<std::size_t>(std::max(limit.max_length, 0)),
                                 limit.from_left ? 1 : 0};
  OwnedText error;
  HeadspecHfEncoding encoding{};
  const int status =
      headspec_hf_encode(handle_.get(), text.data(), text.size(), hf_limit, &encoding, error.out());
  if (status != HEADSPEC_HF_OK) {
    throw Error(ErrorKind::kInput,
                fmt::format("prompt: cannot be encoded ({}) with {}", OneLine(error.str()), path_.string()),
                "raise --max-length, or compare with a fresh download of the file");
  }
  const std::unique_ptr<HeadspecHfEncoding, void (*)(HeadspecHfEncoding*)> owner(&encoding,
                                                                                 headspec_hf_encoding_free);
  return Copy(encoding);
}

std::string RenderTemplate(std::string_view source, const Json& context, const std::string& file) {
  const std::string json = context.dump();
  OwnedText text;
  OwnedText error;
  const int status =
      headspec_hf_render({source.data(), source.size(), json.data(), json.size()}, text.out(), error.out());
  if (status == HEADSPEC_HF_OK) return text.str();
  const char* verdict = status == HEADSPEC_HF_RAISED ? "refuses the prompt" : "cannot be rendered";
  throw Error(ErrorKind::kInput,
              fmt::format("chat template: {} ({}) in {}", verdict, OneLine(error.str()), file),
              "run with --no-chat-template");
}

void RequireUtf8(std::string_view text, const std::string& what) {
  const std::size_t invalid = FindInvalidUtf8(text);
  if (invalid == std::string_view::npos) return;
  throw Error(ErrorKind::kInput, fmt::format("{}: not UTF-8 at byte offset {}", what, invalid),
              "save it as UTF-8");
}

}  // namespace headspec::text
