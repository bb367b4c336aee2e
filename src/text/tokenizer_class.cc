#include "text/tokenizer_class.h"

#include <algorithm>
#include <array>

namespace headspec::text {
namespace {

using std::string_view;

// From TOKENIZER_MAPPING_NAMES of models/auto/tokenization_auto.py, text models only.
constexpr std::array kPlainTypes{string_view(""),         string_view("bitnet"), string_view("falcon"),
                                 string_view("glm"),      string_view("glm4"),   string_view("glm4_moe"),
                                 string_view("gpt_oss"),  string_view("helium"), string_view("modernbert"),
                                 string_view("nemotron"), string_view("smollm3")};
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
constexpr std::array kBertTypes{string_view("bert")};
constexpr std::array kRobertaTypes{string_view("roberta"), string_view("roberta-prelayernorm")};
constexpr std::array kXlmRobertaTypes{string_view("xlm-roberta"), string_view("xlm-roberta-xl"),
                                      string_view("xmod")};

constexpr string_view kEndOfText = "<|endoftext|>";

constexpr std::array kClasses{
    TokenizerClass{.name = "PreTrainedTokenizer", .model_types = kPlainTypes},
    TokenizerClass{.name = "LlamaTokenizer",
                   .rebuilds_post_processor = true,
                   .add_bos_token = true,
                   .unk_token = "<unk>",
                   .bos_token = "<s>",
                   .eos_token = "</s>",
                   .prefix_space_rebuilds_normalizer = true,
                   .pads_on_left = true,
                   .model_types = kLlamaTypes},
    TokenizerClass{.name = "CodeLlamaTokenizer",
                   .rebuilds_post_processor = true,
                   .add_bos_token = true,
                   .unk_token = "<unk>",
                   .bos_token = "<s>",
                   .eos_token = "</s>",
                   .adds_infilling_tokens = true,
                   .pads_on_left = true,
                   .model_types = kCodeLlamaTypes},
    TokenizerClass{.name = "GemmaTokenizer",
                   .rebuilds_post_processor = true,
                   .add_bos_token = true,
                   .unk_token = "<unk>",
                   .bos_token = "<bos>",
                   .eos_token = "<eos>",
                   .pad_token = "<pad>",
                   .pads_on_left = true,
                   .model_types = kGemmaTypes},
    TokenizerClass{.name = "CohereTokenizer",
                   .rebuilds_post_processor = true,
                   .add_bos_token = true,
                   .unk_token = "<UNK>",
                   .bos_token = "<BOS_TOKEN>",
                   .eos_token = "<|END_OF_TURN_TOKEN|>",
                   .prefix_space_reaches_inside = true,
                   .pads_on_left = true,
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
                   .conversion = Conversion::kGpt2,
                   .model_types = kGpt2Types},
    TokenizerClass{.name = "CodeGenTokenizer",
                   .unk_token = kEndOfText,
                   .bos_token = kEndOfText,
                   .eos_token = kEndOfText,
                   .refuses_add_bos_token = true,
                   .conversion = Conversion::kGpt2,
                   .model_types = kCodeGenTypes},
    TokenizerClass{.name = "Qwen2Tokenizer",
                   .unk_token = kEndOfText,
                   .eos_token = kEndOfText,
                   .pad_token = kEndOfText,
                   .special_strings_are_literal = true,
                   .conversion = Conversion::kQwen2,
                   .model_types = kQwen2Types},
    TokenizerClass{.name = "BloomTokenizer",
                   .unk_token = "<unk>",
                   .bos_token = "<s>",
                   .eos_token = "</s>",
                   .pad_token = "<pad>",
                   .prefix_space_reaches_inside = true,
                   .model_types = kBloomTypes},
    TokenizerClass{.name = "BertTokenizer",
                   .unk_token = "[UNK]",
                   .pad_token = "[PAD]",
                   .sep_token = "[SEP]",
                   .cls_token = "[CLS]",
                   .mask_token = "[MASK]",
                   .sets_bert_normalizer = true,
                   .conversion = Conversion::kBert,
                   .model_types = kBertTypes},
    TokenizerClass{.name = "RobertaTokenizer",
                   .unk_token = "<unk>",
                   .bos_token = "<s>",
                   .eos_token = "</s>",
                   .pad_token = "<pad>",
                   .sep_token = "</s>",
                   .cls_token = "<s>",
                   .mask_token = "<mask>",
                   .mask_strips_left = true,
                   .conversion = Conversion::kRoberta,
                   .model_types = kRobertaTypes},
    TokenizerClass{.name = "XLMRobertaTokenizer",
                   .unk_token = "<unk>",
                   .bos_token = "<s>",
                   .eos_token = "</s>",
                   .pad_token = "<pad>",
                   .sep_token = "</s>",
                   .cls_token = "<s>",
                   .mask_token = "<mask>",
                   .mask_strips_left = true,
                   .model_types = kXlmRobertaTypes},
};

string_view WithoutFast(string_view name) {
  if (name.ends_with("Fast")) name.remove_suffix(4);
  return name;
}

}  // namespace

const TokenizerClass* FindTokenizerClass(string_view name) {
  // What transformers 5 writes for PreTrainedTokenizerFast.
  if (name == "TokenizersBackend") return &kClasses.front();
  const auto* row = std::ranges::find(kClasses, WithoutFast(name), &TokenizerClass::name);
  return row == kClasses.end() ? nullptr : row;
}

const TokenizerClass* TokenizerClassOfModelType(string_view model_type) {
  const auto* row = std::ranges::find_if(kClasses, [&](const TokenizerClass& candidate) {
    return std::ranges::find(candidate.model_types, model_type) != candidate.model_types.end();
  });
  return row == kClasses.end() ? nullptr : row;
}

}  // namespace headspec::text
