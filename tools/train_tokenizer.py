"""Train a small byte-level BPE tokenizer in the CodeGen style that Phi-1.5 and Phi-2 use.

Purpose: the tokenizer of the golden checkpoints and of the nano models.
Needs:   the packages of requirements.txt; a text file.
Usage:   train_tokenizer.py --text FILE --vocab 512 --out DIR

The corpus is the text file and sources of Python's standard library (see `python_sources`).
Like phi-2's tokenizer it has <|endoftext|> as its only special token and added tokens for runs of
spaces and tabs.
"""
import argparse
import json
import sysconfig
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, CodeGenTokenizerFast

END_OF_TEXT = "<|endoftext|>"
SPACE_RUNS = range(16, 1, -1)
TAB_RUNS = range(4, 1, -1)
PROBES = ("Hello, world!", "  def f(x):\n\t\treturn x  ", "naïve 世界 👩‍💻", "<|endoftext|>x", " " * 20 + "y", "it's\r\n", "")


def python_sources(max_bytes=1_000_000):
    """Top-level standard library modules in sorted order, as many whole files as fit in `max_bytes`."""
    texts, total = [], 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        text = path.read_text(encoding="utf-8", errors="strict")
        if total + len(text.encode()) <= max_bytes:
            texts.append(text)
            total += len(text.encode())
    return texts


def train(texts, vocab_size):
    """A CodeGen-style fast tokenizer with exactly `vocab_size` entries."""
    runs = [" " * n for n in SPACE_RUNS] + ["\t" * n for n in TAB_RUNS]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size - len(runs) - 1, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
                                  show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_special_tokens([AddedToken(END_OF_TEXT, normalized=False, special=True)])
    tokenizer.add_tokens([AddedToken(run, normalized=True) for run in runs])
    assert tokenizer.get_vocab_size() == vocab_size
    return CodeGenTokenizerFast(tokenizer_object=tokenizer, unk_token=END_OF_TEXT, bos_token=END_OF_TEXT, eos_token=END_OF_TEXT,
                                add_prefix_space=False, model_max_length=2048)


def save(tokenizer, folder):
    """Write tokenizer.json, tokenizer_config.json and special_tokens_map.json, and check that they load alike."""
    tokenizer.save_pretrained(folder, legacy_format=False)
    plain = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
    loaded = AutoTokenizer.from_pretrained(folder)
    for text in PROBES:
        ids = tokenizer(text)["input_ids"]
        assert ids == loaded(text)["input_ids"] == plain.encode(text).ids
        assert loaded.decode(ids, clean_up_tokenization_spaces=False) == text
    config_path = Path(folder) / "tokenizer_config.json"
    assert json.loads(config_path.read_text())["tokenizer_class"] == "CodeGenTokenizer"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--vocab", type=int, default=512)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    save(train([args.text.read_text(encoding="utf-8"), *python_sources()], args.vocab), args.out)


if __name__ == "__main__":
    main()
