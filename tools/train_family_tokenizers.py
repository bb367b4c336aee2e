"""Train the small tokenizers of the tokenizer tests, one folder for each way a family ships its tokenizer.

Purpose: tests/data/tokenizers/small: the components, special tokens and tokenizer_config.json of each family's
         real tokenizer around a vocabulary of a few hundred entries.
Needs:   the packages of requirements.txt, and sentencepiece and protobuf for the families that are converted
         from a SentencePiece model.
Usage:   train_family_tokenizers.py --out DIR
"""
import argparse
import json
import shutil
from pathlib import Path

import sentencepiece
from tokenizers import (AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors,
                        trainers)
from transformers import GemmaTokenizerFast, LlamaTokenizerFast, XLMRobertaTokenizerFast

from make_tokenizer_golden import SCRIPTS, all_strings
from train_tokenizer import python_sources

MERGES = 240
END_OF_TEXT = "<|endoftext|>"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?"
          r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+"
          r"|\s+(?!\S)|\s+")
BLOOM = r" ?[^(\s|[.,!?…。，、।۔،])]+"


def corpus():
    return all_strings() + SCRIPTS * 20 + python_sources(300_000)


def special(*contents, **flags):
    return [AddedToken(content, special=True, normalized=False, **flags) for content in contents]


def byte_level(specials, pre_tokenizer=None, normalizer=None, post_processor=None, ignore_merges=False):
    """Byte-level BPE with `specials` as the first ids."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizer or pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = post_processor or processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=len(specials) + len(alphabet) + MERGES, special_tokens=specials,
                                  initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def split(pattern, behavior="isolated", invert=False):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), behavior, invert=invert),
                                    pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def template(single, tokenizer, *contents):
    return processors.TemplateProcessing(single=single, pair=f"{single} $B:1",
                                         special_tokens=[(text, tokenizer.token_to_id(text)) for text in contents])


def decoder_of(tokenizer):
    """added_tokens_decoder, as save_pretrained writes it."""
    return {str(id): dict(content=token.content, lstrip=token.lstrip, normalized=token.normalized,
                          rstrip=token.rstrip, single_word=token.single_word, special=token.special)
            for id, token in sorted(tokenizer.get_added_tokens_decoder().items())}


def added(content, **flags):
    """An AddedToken as older files write it."""
    return dict(__type="AddedToken", content=content, lstrip=False, normalized=True, rstrip=False,
                single_word=False) | flags


class Writer:
    def __init__(self, out):
        self.out = out

    def folder(self, name):
        path = self.out / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def json(self, name, file, value):
        text = json.dumps(value, ensure_ascii=False, indent=1)
        (self.folder(name) / file).write_text(text + "\n", encoding="utf-8")

    def tokenizer(self, name, tokenizer, config=None, with_decoder=True, model_type=None):
        text = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":"))
        (self.folder(name) / "tokenizer.json").write_text(text + "\n", encoding="utf-8")
        if config is not None:
            extra = dict(added_tokens_decoder=decoder_of(tokenizer)) if with_decoder else {}
            self.json(name, "tokenizer_config.json", config | extra)
        if model_type is not None:
            self.json(name, "config.json", dict(model_type=model_type))


def gpt2_family(write):
    gpt2 = byte_level([])
    gpt2.add_special_tokens(special(END_OF_TEXT))
    write.tokenizer("gpt2", gpt2, dict(model_max_length=1024), with_decoder=False, model_type="gpt2")

    extra = [AddedToken(f"<|extratoken_{i}|>", normalized=True) for i in range(1, 7)]
    gpt2.add_tokens(extra)
    end = added(END_OF_TEXT)
    write.tokenizer("gptj", gpt2, dict(add_prefix_space=False, bos_token=end, eos_token=end, unk_token=end, errors="replace",
                                       model_max_length=2048, tokenizer_class="GPT2Tokenizer"), with_decoder=False)

    runs = byte_level([])
    runs.add_special_tokens(special(END_OF_TEXT))
    runs.add_tokens([AddedToken(" " * n, normalized=True) for n in range(31, 1, -1)] +
                    [AddedToken("\t" * n, normalized=True) for n in range(9, 1, -1)])
    write.tokenizer("codegen", runs, dict(add_prefix_space=False, bos_token=END_OF_TEXT, eos_token=END_OF_TEXT,
                                          unk_token=END_OF_TEXT, add_bos_token=False, return_token_type_ids=False,
                                          errors="replace", pad_token=None, tokenizer_class="CodeGenTokenizer"))

    code = ["<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>", "<repo_name>", "<file_sep>"]
    digits = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                      pre_tokenizers.ByteLevel(add_prefix_space=False)])
    starcoder = byte_level(special(*code), pre_tokenizer=digits)
    config = dict(add_prefix_space=False, additional_special_tokens=code, bos_token=END_OF_TEXT, eos_token=END_OF_TEXT,
                  unk_token=END_OF_TEXT, tokenizer_class="GPT2Tokenizer", vocab_size=49152)
    write.tokenizer("starcoder2", starcoder, config)
    starcoder.add_special_tokens(special("<|start_of_role|>", "<|end_of_role|>", "<|tool_call|>"))
    write.tokenizer("granite", starcoder, config | dict(
        add_bos_token=False, errors="replace", pad_token=END_OF_TEXT, padding_side="left",
        additional_special_tokens=["<|start_of_role|>", "<|end_of_role|>", "<|tool_call|>"]))

    olmo2 = byte_level([], pre_tokenizer=split(LLAMA3, "removed", invert=True))
    olmo2.add_special_tokens(special(END_OF_TEXT, "<|im_start|>", "<|im_end|>", "<|pad|>"))
    olmo2.add_tokens([AddedToken("|||EMAIL_ADDRESS|||", normalized=False)])
    write.tokenizer("olmo2", olmo2, dict(add_prefix_space=False, bos_token=END_OF_TEXT, eos_token=END_OF_TEXT,
                                         pad_token="<|pad|>", unk_token=END_OF_TEXT, tokenizer_class="GPT2Tokenizer"))
    stablelm2 = byte_level([], pre_tokenizer=split(LLAMA3), normalizer=normalizers.NFC())
    stablelm2.add_special_tokens(special(END_OF_TEXT, "<|fim_prefix|>", "<|im_start|>", "<|im_end|>"))
    write.tokenizer("stablelm2", stablelm2, dict(add_prefix_space=False, bos_token=END_OF_TEXT, eos_token=END_OF_TEXT,
                                                 pad_token=END_OF_TEXT, unk_token=END_OF_TEXT,
                                                 tokenizer_class="GPT2Tokenizer"))


def gpt_neox_family(write):
    neox = byte_level(special(END_OF_TEXT, "<|padding|>"), normalizer=normalizers.NFC(),
                      pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True))
    neox.add_tokens([AddedToken(" " * n, normalized=True) for n in range(24, 1, -1)])
    names = dict(bos_token=END_OF_TEXT, eos_token=END_OF_TEXT, unk_token=END_OF_TEXT)
    write.tokenizer("gpt_neox", neox, names | dict(add_prefix_space=False, tokenizer_class="GPTNeoXTokenizer"),
                    with_decoder=False)
    write.json("gpt_neox", "special_tokens_map.json", names)
    write.tokenizer("stablelm", neox, names | dict(add_prefix_space=False, add_bos_token=True, add_eos_token=True,
                                                   tokenizer_class="GPTNeoXTokenizer"))
    write.tokenizer("mpt", neox, model_type="mpt")
    neox.add_tokens([AddedToken("|||IP_ADDRESS|||", normalized=False)])
    neox.post_processor = template(f"$A:0 {END_OF_TEXT}:0", neox, END_OF_TEXT)
    write.tokenizer("olmo", neox, dict(add_bos_token=False, add_eos_token=False, bos_token=None, eos_token=END_OF_TEXT,
                                       pad_token="<|padding|>", unk_token=None, tokenizer_class="GPTNeoXTokenizer"))


def split_families(write):
    llama3 = byte_level([], pre_tokenizer=split(LLAMA3), ignore_merges=True)
    names = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|start_header_id|>",
             "<|end_header_id|>", "<|eot_id|>"]
    llama3.add_special_tokens(special(*names))
    llama3.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False),
                                                 template(f"{names[0]} $A", llama3, names[0])])
    write.tokenizer("llama3", llama3, dict(bos_token=names[0], eos_token=names[5], clean_up_tokenization_spaces=True,
                                           model_input_names=["input_ids", "attention_mask"],
                                           tokenizer_class="PreTrainedTokenizerFast"))

    tekken = byte_level(special("<unk>", "<s>", "</s>", "[INST]", "[/INST]", "<pad>"), pre_tokenizer=split(TEKKEN),
                        ignore_merges=True)
    tekken.post_processor = template("<s> $A", tekken, "<s>")
    config = dict(add_bos_token=True, add_eos_token=False, bos_token="<s>", eos_token="</s>", unk_token="<unk>",
                  pad_token="<pad>", legacy=True)
    write.tokenizer("tekken", tekken, config | dict(tokenizer_class="LlamaTokenizerFast"))
    write.tokenizer("tekken-plain", tekken, config | dict(add_prefix_space=False, tokenizer_class="PreTrainedTokenizerFast"))

    qwen2 = byte_level([], pre_tokenizer=split(QWEN2), normalizer=normalizers.NFC())
    extra = ["<|im_start|>", "<|im_end|>"]
    qwen2.add_special_tokens(special(END_OF_TEXT, *extra))
    qwen2.add_tokens([AddedToken("<think>", normalized=False), AddedToken("</think>", normalized=False)])
    config = dict(add_bos_token=False, add_prefix_space=False, additional_special_tokens=extra, bos_token=None,
                  eos_token="<|im_end|>", errors="replace", pad_token=END_OF_TEXT, split_special_tokens=False,
                  tokenizer_class="Qwen2Tokenizer", unk_token=None)
    write.tokenizer("qwen2", qwen2, config)
    model = json.loads(qwen2.to_str())["model"]
    older_files(write, "qwen2-vocab", model, config | dict(added_tokens_decoder=decoder_of(qwen2)))

    falcon = byte_level(special(">>TITLE<<", ">>ABSTRACT<<", END_OF_TEXT), pre_tokenizer=pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False),
        pre_tokenizers.Digits(individual_digits=False), pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")]))
    write.tokenizer("falcon", falcon, dict(add_prefix_space=False, eos_token=END_OF_TEXT, model_max_length=2048,
                                           special_tokens=[">>TITLE<<", ">>ABSTRACT<<"], name_or_path="tiiuae/falcon_tokenizer",
                                           tokenizer_class="PreTrainedTokenizerFast"), with_decoder=False)

    bloom = byte_level(special("<unk>", "<s>", "</s>", "<pad>"), pre_tokenizer=split(BLOOM))
    config = dict(add_prefix_space=False, bos_token="<s>", eos_token="</s>", name_or_path="bigscience/tokenizer",
                  pad_token="<pad>", padding_side="left", special_tokens_map_file=None, tokenizer_class="BloomTokenizerFast",
                  unk_token="<unk>")
    write.tokenizer("bloom", bloom, config, with_decoder=False)
    write.tokenizer("bloom-prefix-space", bloom, config | dict(add_prefix_space=True), with_decoder=False)

    names = ["<PAD>", "<UNK>", "<CLS>", "<SEP>", "<MASK_TOKEN>", "<BOS_TOKEN>", "<EOS_TOKEN>", "<EOP_TOKEN>",
             "<|START_OF_TURN_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "<|CHATBOT_TOKEN|>"]
    cohere = byte_level(special(*names), normalizer=normalizers.NFC(), pre_tokenizer=pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]))
    cohere.post_processor = template("<BOS_TOKEN>:0 $A:0", cohere, "<BOS_TOKEN>")
    config = dict(add_bos_token=True, add_eos_token=False, add_prefix_space=False, bos_token="<BOS_TOKEN>",
                  eos_token="<|END_OF_TURN_TOKEN|>", pad_token="<PAD>", unk_token=None, legacy=True, merges_file=None,
                  use_default_system_prompt=False, vocab_file=None, tokenizer_class="CohereTokenizer")
    write.tokenizer("cohere", cohere, config)
    write.tokenizer("cohere-eos-prefix-space", cohere, config | dict(add_bos_token=False, add_eos_token=True, add_prefix_space=True))


def older_files(write, name, model, config):
    write.json(name, "tokenizer_config.json", config)
    write.json(name, "vocab.json", model["vocab"])
    lines = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"])]
    (write.folder(name) / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def opt_and_roberta(write):
    specials = special("<s>", "<pad>", "</s>", "<unk>")
    roberta = byte_level(specials, pre_tokenizer=pre_tokenizers.ByteLevel(add_prefix_space=False))
    roberta.add_special_tokens(special("<mask>", lstrip=True))
    roberta.post_processor = processors.RobertaProcessing(sep=("</s>", 2), cls=("<s>", 0), trim_offsets=True, add_prefix_space=False)
    write.tokenizer("roberta", roberta, dict(model_max_length=512), with_decoder=False, model_type="roberta")
    write.tokenizer("roberta-prefix-space", roberta, dict(add_prefix_space=True, trim_offsets=False, errors="replace", mask_token="<mask>",
                                                          tokenizer_class="RobertaTokenizer"), with_decoder=False)
    model = json.loads(roberta.to_str())["model"]
    model["vocab"]["<mask>"] = len(model["vocab"])
    older_files(write, "roberta-vocab", model, dict(tokenizer_class="RobertaTokenizer", add_prefix_space=True))
    write.json("roberta-vocab", "special_tokens_map.json", dict(bos_token="<s>", mask_token=added("<mask>", lstrip=True)))

    end, pad = added("</s>"), added("<pad>")
    older_files(write, "opt", model, dict(
        add_bos_token=True, add_prefix_space=False, bos_token=end, eos_token=end, unk_token=end, pad_token=pad, errors="replace",
        name_or_path="patrickvonplaten/opt-30b", special_tokens_map_file=None, tokenizer_class="GPT2Tokenizer"))
    write.json("opt", "special_tokens_map.json", {slot: {key: value for key, value in token.items() if key != "__type"} for slot, token in
                                                  dict(bos_token=end, eos_token=end, unk_token=end, pad_token=pad).items()})
    # As gpt2 and gpt-neo ship them: nothing but config.json names the class, and the file has no tokenizer.json.
    older_files(write, "gpt_neo-vocab", model, dict(model_max_length=2048, unk_token="<unk>", bos_token="<s>", eos_token="</s>"))
    write.json("gpt_neo-vocab", "config.json", dict(model_type="gpt_neo"))
    write.json("gpt_neo-vocab", "added_tokens.json", {"<|sep|>": len(model["vocab"])})


def bert_family(write):
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(all_strings() * 3 + python_sources(100_000), trainers.WordPieceTrainer(
        vocab_size=1400, limit_alphabet=700, special_tokens=special(*names), show_progress=False))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.decoder = decoders.WordPiece()
    write.tokenizer("bert", tokenizer, dict(do_lower_case=True, model_max_length=512), with_decoder=False, model_type="bert")
    slots = dict(cls_token="[CLS]", sep_token="[SEP]", unk_token="[UNK]", pad_token="[PAD]", mask_token="[MASK]")
    write.tokenizer("bert-cased", tokenizer, slots | dict(do_lower_case=False, strip_accents=None, tokenize_chinese_chars=False,
                                                          tokenizer_class="BertTokenizer"))
    write.tokenizer("bert-accents", tokenizer, slots | dict(do_lower_case=True, strip_accents=False, tokenize_chinese_chars=True,
                                                            tokenizer_class="BertTokenizer"))
    words = [word for word, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    (write.folder("bert-vocab") / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    write.json("bert-vocab", "config.json", dict(model_type="bert"))
    write.json("bert-vocab", "tokenizer_config.json", dict(do_lower_case=False, model_max_length=512))


def piece_model(work, model_type, vocab_size, **options):
    texts = work / "corpus.txt"
    texts.write_text("\n".join(line for text in corpus() for line in text.splitlines() if "\0" not in line and line.strip()), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(texts), model_prefix=str(work / model_type), model_type=model_type, vocab_size=vocab_size,
        character_coverage=0.98, num_threads=1, minloglevel=2, **options)
    return work / f"{model_type}.model"


def sentencepiece_families(write, work):
    plain = dict(byte_fallback=True, split_digits=True, normalization_rule_name="identity", allow_whitespace_only_pieces=True,
                 remove_extra_whitespaces=False)
    llama = piece_model(work, "bpe", 700, **plain)
    slots = dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>")
    # Each has its tokenizer.json converted one way and a tokenizer_config.json that asks for it or for another.
    for name, converted, config in (
            ("mistral", dict(legacy=True), dict(legacy=True, sp_model_kwargs={}, spaces_between_special_tokens=False, pad_token=None)),
            ("mixtral-metaspace", dict(legacy=False), dict(legacy=False, add_eos_token=True)),
            ("mistral-prefix-space", dict(legacy=False), dict(legacy=True, add_prefix_space=True)),
            ("mistral-no-prefix-space", dict(legacy=True), dict(legacy=False, add_prefix_space=False))):
        tokenizer = LlamaTokenizerFast(vocab_file=str(llama), **converted).backend_tokenizer
        write.tokenizer(name, tokenizer, slots | dict(add_bos_token=True, add_eos_token=False) | config | dict(tokenizer_class="LlamaTokenizer"))
        if "add_prefix_space" in config:
            shutil.copy(llama, write.folder(name) / "tokenizer.model")  # read by transformers there, never by headspec

    (work / "gemma").mkdir(exist_ok=True)
    gemma = piece_model(work / "gemma", "bpe", 700, pad_id=0, eos_id=1, bos_id=2, unk_id=3, add_dummy_prefix=False,
                        user_defined_symbols=["<start_of_turn>", "<end_of_turn>", "\n\n", "▁▁", "▁▁▁", "<table>"], **plain)
    tokenizer = GemmaTokenizerFast(vocab_file=str(gemma)).backend_tokenizer
    slots = dict(bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", unk_token="<unk>")
    config = slots | dict(add_bos_token=True, add_eos_token=False, clean_up_tokenization_spaces=False, sp_model_kwargs={},
                          additional_special_tokens=["<start_of_turn>", "<end_of_turn>"], spaces_between_special_tokens=False,
                          tokenizer_class="GemmaTokenizer", use_default_system_prompt=False)
    write.tokenizer("gemma", tokenizer, config)
    write.tokenizer("gemma3", tokenizer, model_type="gemma3_text")

    unigram = piece_model(work, "unigram", 900)
    tokenizer = XLMRobertaTokenizerFast(vocab_file=str(unigram)).backend_tokenizer
    write.tokenizer("xlm-roberta", tokenizer, dict(model_max_length=512), with_decoder=False, model_type="xlm-roberta")
    # As xlm-roberta-base's own file has it.
    tokenizer.normalizer = tokenizer.normalizer[0]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    write.tokenizer("xlm-roberta-base", tokenizer, dict(mask_token="<mask>", tokenizer_class="XLMRobertaTokenizer"), with_decoder=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="a folder for intermediate files")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    write = Writer(args.out)
    for family in (gpt2_family, gpt_neox_family, split_families, opt_and_roberta, bert_family):
        family(write)
    sentencepiece_families(write, args.work)


if __name__ == "__main__":
    main()
