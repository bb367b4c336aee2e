"""What an older transformers measures on the golden checkpoints: the numerics profile hf-4.47.

Purpose: golden values for `--numerics hf-4.47`: up to 4.47 Phi multiplies queries and keys in float32.
Needs:   the packages of requirements.txt, but transformers==4.47.1; oracle.py; the golden checkpoints
         (that version cannot run query-key LayerNorm: it fails on phi-gqa-qknorm-fp16).
Usage:   make_profile_golden.py --oracle PATH/oracle.py --checkpoints DIR [--only NAME ...]

Writes DIR/<name>/expected-hf-4.47.json: `versions`, `runs.<dtype>` on the Standard-10 with si, corr, lengths,
token_ids and entropies [layers][heads].
"""
import argparse
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from reference import load_oracle, versions, write_json


def accept_dtype():
    """from_pretrained(dtype=...) is torch_dtype=... in this version."""
    original = AutoModelForCausalLM.from_pretrained.__func__

    def renamed(cls, path, dtype=None, **arguments):
        return original(cls, path, torch_dtype=dtype, **arguments)

    AutoModelForCausalLM.from_pretrained = classmethod(renamed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, required=True)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--only", nargs="*")
    args = parser.parse_args()
    oracle = load_oracle(args.oracle)
    accept_dtype()
    torch.set_num_threads(1)
    for folder in sorted(p for p in args.checkpoints.iterdir() if (p / "config.json").exists()):
        if args.only and folder.name not in args.only:
            continue
        runs = {}
        for dtype in ("bfloat16", "float16"):
            result, arrays = oracle.measure(str(folder), dtype)
            runs[dtype] = {key: result[key] for key in ("si", "corr", "lengths")} | arrays
        write_json(folder / "expected-hf-4.47.json", dict(versions=versions(), runs=runs))
        print(folder.name, {dtype: run["si"] for dtype, run in runs.items()})


if __name__ == "__main__":
    main()
