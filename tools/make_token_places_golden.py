"""Where tokens come from: bytes of the text, or the tokenizer, and which one is BOS.

Purpose: tests/golden/token_places.json: hf/'s offsets and marks against the library's Python door.
Needs:   the packages of requirements.txt; tests/data/tokenizers.
Usage:   make_token_places_golden.py --out FILE

`tokenizers.<folder>`: bos (id, or -1), places [texts][tokens] as [begin, end) in bytes, null where the tokenizer
added the token. Offsets are those without post-processor, which would leave blanks out of them; which tokens are
added is special_tokens_mask of a call with it.
"""
import argparse
import contextlib
from pathlib import Path

from transformers import AutoTokenizer

from reference import versions, write_json

TOKENIZERS = Path(__file__).resolve().parent.parent / "tests" / "data" / "tokenizers"
TEXTS = ("What is the capital of France?", " two  blanks ", "Straße, naïve, 漢字 and 😀!", "a\nb\t c", "x")


def places_of(tokenizer, text):
    call = tokenizer(text, return_special_tokens_mask=True)
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    processor, backend.post_processor = backend.post_processor, None
    encoding = backend.encode(text, add_special_tokens=False)
    backend.post_processor = processor
    assert [i for i, special in zip(call["input_ids"], call["special_tokens_mask"]) if not special] == encoding.ids
    offsets = iter(encoding.offsets)
    in_bytes = lambda at: len(text[:at].encode())
    return [None if special else [in_bytes(at) for at in next(offsets)] for special in call["special_tokens_mask"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    result = dict(versions=versions(), texts=TEXTS, tokenizers={})
    for folder in sorted({file.parent for name in ("tokenizer.json", "vocab.json", "vocab.txt") for file in TOKENIZERS.rglob(name)}):
        with contextlib.suppress(ImportError):  # two need protobuf
            tokenizer = AutoTokenizer.from_pretrained(folder)
            bos = tokenizer.bos_token_id
            result["tokenizers"][folder.relative_to(TOKENIZERS).as_posix()] = dict(
                bos=-1 if bos is None else bos, places=[places_of(tokenizer, text) for text in TEXTS])
    write_json(args.out, result)


if __name__ == "__main__":
    main()
