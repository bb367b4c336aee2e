#include "text/tokenizer_class.h"

#include <algorithm>
#include <array>

namespace headspec::text {
namespace {

using std::string_view;

// From TOKENIZER_MAPPING_NAMES of models/auto/tokenization_auto.py, text models only.
constexpr std::array kLlamaTypes{
    string_view("arcee"),     string_view("deepseek_v2"), string_view("deepseek_v3"),
    string_view("diffllama"), string_view("ernie4_5"),    string_view("ernie4_5_moe"),
    string_view("jamba"),     string_view("jetmoe"),      string_view("llama"),
    string_view("llama4"),    string_view("llama4_text"), string_view("ministral"),
    string_view("mistral"),   string_view("mistral3"),    string_view("mixtral"),
    string_view("persimmon"), string_view("phi3"),        string_view("phimoe"),
    string_view("zamba"),     string_view("zamba2")};
constexpr std::array kGemmaTypes{string_view("gemma"),          string_view("gemma2"),
                                 string_view("gemma3"),         string_view("gemma3_text"),
                                 string_view("gemma3n"),        string_view("gemma3n_text"),
                                 string_view("recurrent_gemma")};
constexpr std::array kNeoxTypes{string_view("falcon_mamba"), string_view("gpt_neox"), string_view("mamba"),
                                string_view("mamba2"),       string_view("mpt"),      string_view("olmo"),
                                string_view("olmo2"),        string_view("olmoe"),    string_view("rwkv"),
                                string_view("stablelm"),     string_view("xlstm")};
constexpr std::array kGpt2Types{string_view("dbrx"), string_view("exaone4"),     string_view("flex_olmo"),
                                string_view("gpt2"), string_view("gpt_bigcode"), string_view("gpt_neo"),
                                string_view("gptj"), string_view("minimax"),     string_view("olmo3"),
                                string_view("opt"),  string_view("starcoder2")};
constexpr std::array kQwen2Types{string_view("qwen2"), string_view("qwen2_moe"), string_view("qwen3"),
                                 string_view("qwen3_moe"), string_view("qwen3_next")};
constexpr std::array kCodeGenTypes{string_view("codegen"), string_view("phi")};
constexpr std::array kCohereTypes{string_view("cohere"), string_view("cohere2")};
constexpr std::array kCodeLlamaTypes{string_view("code_llama")};
constexpr std::array kBloomTypes{string_view("bloom")};

constexpr string_view kEndOfText = "<|endoftext|>";

constexpr std::array kClasses{
    TokenizerClass{.name = "PreTrainedTokenizer"},
    TokenizerClass{.name = "LlamaTokenizer",
                   .rebuilds_post_processor = true,
                   .add_bos_token = true,
                   .unk_token = "<unk>",
                   .bos_token = "<s>",
                   .eos_token = "</s>",
                   .prefix_space_rebuilds_normalizer = true,
                   .model_types = kLlamaTypes},
    TokenizerClass{.name = "CodeLlamaTokenizer",
                   .rebuilds_post_processor = true,
                   .add_bos_token = true,
                   .unk_token = "<unk>",
                   .bos_token = "<s>",
                   .eos_token = "</s>",
                   .adds_infilling_tokens = true,
                   .model_types = kCodeLlamaTypes},
    TokenizerClass{.name = "GemmaTokenizer",
                   .rebuilds_post_processor = true,
                   .add_bos_token = true,
                   .unk_token = "<unk>",
                   .bos_token = "<bos>",
                   .eos_token = "<eos>",
                   .pad_token = "<pad>",
                   .model_types = kGemmaTypes},
    TokenizerClass{.name = "CohereTokenizer",
                   .rebuilds_post_processor = true,
                   .add_bos_token = true,
                   .unk_token = "<UNK>",
                   .bos_token = "<BOS_TOKEN>",
                   .eos_token = "<|END_OF_TURN_TOKEN|>",
                   .prefix_space_reaches_inside = true,
                   .model_types = kCohereTypes},
    TokenizerClass{.name = "GPTNeoXTokenizer",
                   .rebuilds_post_processor = true,
                   .unk_token = kEndOfText,
                   .bos_token = kEndOfText,
                   .eos_token = kEndOfText,
                   .pads_with_none = true,
                   .model_types = kNeoxTypes},
    TokenizerClass{.name = "GPT2Tokenizer",
                   .unk_token = kEndOfText,
                   .bos_token = kEndOfText,
                   .eos_token = kEndOfText,
                   .model_types = kGpt2Types},
    TokenizerClass{.name = "CodeGenTokenizer",
                   .unk_token = kEndOfText,
                   .bos_token = kEndOfText,
                   .eos_token = kEndOfText,
                   .refuses_add_bos_token = true,
                   .model_types = kCodeGenTypes},
    TokenizerClass{.name = "Qwen2Tokenizer",
                   .unk_token = kEndOfText,
                   .eos_token = kEndOfText,
                   .pad_token = kEndOfText,
                   .special_strings_are_literal = true,
                   .model_types = kQwen2Types},
    TokenizerClass{.name = "BloomTokenizer",
                   .unk_token = "<unk>",
                   .bos_token = "<s>",
                   .eos_token = "</s>",
                   .pad_token = "<pad>",
                   .prefix_space_reaches_inside = true,
                   .model_types = kBloomTypes},
};

constexpr std::array kUnsupported{string_view("BertTokenizer"),        string_view("ConvBertTokenizer"),
                                  string_view("DistilBertTokenizer"),  string_view("ElectraTokenizer"),
                                  string_view("FunnelTokenizer"),      string_view("LayoutLMTokenizer"),
                                  string_view("LayoutLMv2Tokenizer"),  string_view("LxmertTokenizer"),
                                  string_view("MBart50Tokenizer"),     string_view("MBartTokenizer"),
                                  string_view("MPNetTokenizer"),       string_view("MobileBertTokenizer"),
                                  string_view("NllbTokenizer"),        string_view("RealmTokenizer"),
                                  string_view("RetriBertTokenizer"),   string_view("RoFormerTokenizer"),
                                  string_view("SeamlessM4TTokenizer"), string_view("SplinterTokenizer"),
                                  string_view("SqueezeBertTokenizer"), string_view("WhisperTokenizer")};

string_view WithoutFast(string_view name) {
  if (name.ends_with("Fast")) name.remove_suffix(4);
  return name;
}

}  // namespace

const TokenizerClass& FindTokenizerClass(string_view name) {
  const auto* row = std::ranges::find(kClasses, WithoutFast(name), &TokenizerClass::name);
  return row == kClasses.end() ? kClasses.front() : *row;
}

const TokenizerClass& TokenizerClassOfModelType(string_view model_type) {
  const auto* row = std::ranges::find_if(kClasses, [&](const TokenizerClass& candidate) {
    return std::ranges::find(candidate.model_types, model_type) != candidate.model_types.end();
  });
  return row == kClasses.end() ? kClasses.front() : *row;
}

bool IsUnsupportedTokenizerClass(string_view name) {
  return std::ranges::find(kUnsupported, WithoutFast(name)) != kUnsupported.end();
}

}  // namespace headspec::text
