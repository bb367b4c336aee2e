"""What the reference gives for prompts padded to one length, the padding left in the metric.

Purpose: tests/golden/padding.json: masked rows and padding positions as transformers computes them.
Needs:   the packages of requirements.txt; oracle.py; the committed golden checkpoints.
Usage:   make_padding_golden.py --oracle PATH/oracle.py --out FILE

One batch of a prompt, as the study ran them: ids padded to LENGTH on one side, attention_mask of the valid ones, no
position_ids. `models.<folder>.<side>`: token_ids [prompts][LENGTH], valid [prompts] as [first, last), per_prompt
[prompts][layers][heads], si. `fully_masked_row` is layer 0, head 0 of the first prompt's first masked row. `tokenizers.<folder>`: side and token.
"""
import argparse
import contextlib
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from reference import load_oracle, versions, write_json

GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
TOKENIZERS = GOLDEN.parent / "data" / "tokenizers"
# Multi-head, grouped queries, sliding windows shorter than the padding, and partial rotation.
MODELS = ("families/llama-mha", "families/llama-gqa-llama3", "families/mistral-window", "families/falcon-7b",
          "families/gpt-neox-quarter", "families/gemma2-softcap-window", "families/qwen2-window", "checkpoints/phi-mha",
          "checkpoints/phi-gqa-qknorm-fp16")
LENGTH = 48
PAD = 3  # any token: what is masked must not matter to valid rows
LENGTHS = (5, 48, 17, 31)


def prompts_of(folder):
    """Ragged slices of the ids that the checkpoint's golden files were made from."""
    expected = json.loads((folder / "expected.json").read_text())
    ids = expected.get("token_ids") or expected["runs"]["float32"]["standard-10"]["token_ids"]
    flat = [token for prompt in ids for token in prompt]
    return [flat[i * LENGTH:i * LENGTH + length] for i, length in enumerate(LENGTHS)]


@torch.no_grad()
def measured(notebook, model, prompts, side):
    """Per-prompt entropies over all LENGTH rows, and one row that sees nothing."""
    record = dict(token_ids=[], valid=[], per_prompt=[], fully_masked_row=None)
    for ids in prompts:
        gap = LENGTH - len(ids)
        padded = [PAD] * gap + ids if side == "left" else ids + [PAD] * gap
        first = gap if side == "left" else 0
        mask = [int(first <= i < first + len(ids)) for i in range(LENGTH)]
        attentions = model(input_ids=torch.tensor([padded]), attention_mask=torch.tensor([mask]), output_attentions=True,
                           use_cache=False).attentions
        pattern = torch.stack([layer[0] for layer in attentions])
        if record["fully_masked_row"] is None and side == "left":
            record["fully_masked_row"] = pattern[0, 0, 0].tolist()
        record["token_ids"].append(padded)
        record["valid"].append([first, first + len(ids)])
        record["per_prompt"].append(notebook["compute_head_entropy_profiles"]([pattern], [LENGTH]).tolist())
    mean = torch.tensor(record["per_prompt"], dtype=torch.float64).mean(0).numpy()
    record["si"] = float(notebook["compute_si"](mean)[0])
    return record


def tokenizer_padding(folder):
    """Side and id that transformers pads with; eos where no pad_token is set."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    token = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    return dict(side=tokenizer.padding_side, token=-1 if token is None else token)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    notebook = load_oracle(args.oracle).notebook_namespace()
    result = dict(versions=versions(), length=LENGTH, models={}, tokenizers={})
    for file in sorted(TOKENIZERS.rglob("tokenizer.json")):
        with contextlib.suppress(ImportError):  # two need protobuf
            result["tokenizers"][file.parent.relative_to(TOKENIZERS).as_posix()] = tokenizer_padding(file.parent)
    for name in MODELS:
        model = AutoModelForCausalLM.from_pretrained(GOLDEN / name, dtype=torch.float32, attn_implementation="eager").eval()
        prompts = prompts_of(GOLDEN / name)
        result["models"][name] = {side: measured(notebook, model, prompts, side) for side in ("left", "right")}
    write_json(args.out, result)


if __name__ == "__main__":
    main()
