"""Tiny random Phi checkpoints and what the reference measures on them.

Purpose: golden files for the parity tests: every Phi variant the engine must reproduce, small enough to commit.
Needs:   the packages of requirements.txt; oracle.py; a small tokenizer (train_tokenizer.py --vocab 512).
Usage:   make_golden_checkpoints.py --oracle PATH/oracle.py --tokenizer DIR --out DIR [--only NAME ...]

Writes DIR/<name>/ with the checkpoint, `expected.json` and `attention.safetensors`.

expected.json: `versions`, `cpu_flags`, `runs.<dtype>.<prompts>` with si, corr, lengths, token_ids,
entropies [layers][heads], per_prompt [prompts][layers][heads] and the reference's distance from
itself in another summation order: `floor` (below float32) with float32 GEMMs rounded once,
`floor_reversed` with these and every sum in reverse order. The overflow checkpoint also has
`attention_has_nan` [prompts][layers][heads] for float16.

attention.safetensors: probabilities of the first Standard-10 prompt, `<dtype>.layer.<i>` of shape
[heads, T, T]: all layers in float32, layer 0 in bfloat16 and float16.
"""
import argparse
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, PhiConfig, PhiForCausalLM

from random_checkpoints import randomise
from reference import DTYPES, MAX_LENGTH, TOKENIZER_FILES, cpu_flags, load_oracle, measured, versions, write_json

TRICKY_PROMPTS = Path(__file__).resolve().parent.parent / "tests" / "golden" / "prompts-tricky.json"


@dataclass(frozen=True)
class Checkpoint:
    name: str
    stored: torch.dtype
    layers: int
    heads: int = 4
    kv_heads: int = 4
    hidden: int = 64
    intermediate: int = 128
    config: dict = field(default_factory=dict)
    overflow_gains: dict = field(default_factory=dict)  # head of the last layer -> factor on query and key
    max_shard_size: str = "5GB"
    shards: int = 1


CHECKPOINTS = (
    Checkpoint("phi-mha", torch.bfloat16, layers=4, config=dict(partial_rotary_factor=0.5)),
    Checkpoint("phi-gqa-qknorm-fp16", torch.float16, layers=5, heads=8, kv_heads=2, hidden=128, intermediate=64,
               config=dict(partial_rotary_factor=0.4, qk_layernorm=True)),
    Checkpoint("phi-two-shards", torch.float32, layers=3, kv_heads=1, hidden=48, intermediate=96, config=dict(partial_rotary_factor=0.5),
               max_shard_size="230KB", shards=2),
    Checkpoint("phi-rope-linear", torch.bfloat16, layers=3,
               config=dict(partial_rotary_factor=0.5, rope_scaling={"rope_type": "linear", "factor": 4.0})),
    Checkpoint("phi-fp16-overflow", torch.bfloat16, layers=2, config=dict(partial_rotary_factor=0.5),
               overflow_gains={1: 80.0, 2: 76.0}),
)


@torch.no_grad()
def raise_overflow_heads(model, spec):
    """Multiply query and key rows of the heads that must overflow."""
    attention = model.model.layers[-1].self_attn
    for head, gain in spec.overflow_gains.items():
        rows = slice(head * attention.head_dim, (head + 1) * attention.head_dim)
        attention.q_proj.weight[rows] *= gain
        attention.k_proj.weight[rows] *= gain


def make_checkpoint(spec, tokenizer, folder):
    """Write the checkpoint with its tokenizer into `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    vocab_size = len(AutoTokenizer.from_pretrained(tokenizer))
    model = PhiForCausalLM(PhiConfig(
        vocab_size=vocab_size, hidden_size=spec.hidden, intermediate_size=spec.intermediate, num_hidden_layers=spec.layers,
        num_attention_heads=spec.heads, num_key_value_heads=spec.kv_heads, max_position_embeddings=512,
        tie_word_embeddings=False, bos_token_id=None, eos_token_id=None, **spec.config))
    randomise(model, spec.name)
    raise_overflow_heads(model, spec)
    model.to(spec.stored).save_pretrained(folder, max_shard_size=spec.max_shard_size)
    (folder / "generation_config.json").unlink(missing_ok=True)
    assert len(list(folder.glob("*.safetensors"))) == spec.shards
    for name in TOKENIZER_FILES:
        shutil.copy(tokenizer / name, folder / name)


def attention_of(oracle, folder, dtype, prompts):
    """The notebook's attention probabilities: per prompt [layers, heads, T, T]."""
    extract = oracle.notebook_namespace()["extract_head_activations"]
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype), attn_implementation="eager").eval()
    return extract(model, AutoTokenizer.from_pretrained(folder), prompts, MAX_LENGTH)["attention_patterns"]


def write_expected(oracle, spec, prompt_lists, folder):
    """Measure the checkpoint in every dtype on every prompt list and store the golden values."""
    standard = prompt_lists["standard-10"]
    expected = dict(versions=versions(), cpu_flags=cpu_flags(), runs={})
    tensors = {}
    for dtype in DTYPES:
        expected["runs"][dtype] = {name: measured(oracle, folder, dtype, prompts) for name, prompts in prompt_lists.items()}
        patterns = attention_of(oracle, folder, dtype, standard)
        layers = range(spec.layers) if dtype == "float32" else (0,)
        tensors |= {f"{dtype}.layer.{layer}": patterns[0][layer].contiguous() for layer in layers}
        if spec.overflow_gains and dtype == "float16":
            expected["runs"][dtype]["standard-10"]["attention_has_nan"] = [p.isnan().flatten(2).any(-1).tolist() for p in patterns]
    write_json(folder / "expected.json", expected)
    save_file(tensors, folder / "attention.safetensors")
    for path in folder.glob("*.safetensors"):
        path.chmod(0o644)
    return expected


def summary(name, expected, folder):
    """Sizes, SI, and per run the largest entropy floor with the SI floor."""
    runs = expected["runs"]
    return dict(
        name=name, kilobytes=sum(path.stat().st_size for path in folder.iterdir()) // 1000,
        si={dtype: {prompts: round(run["si"], 5) for prompts, run in runs[dtype].items()} for dtype in DTYPES},
        floor={dtype: {prompts: [max(run["floor_reversed"]["entropy_max"]), run["floor_reversed"]["si_difference"]]
                       for prompts, run in runs[dtype].items()} for dtype in DTYPES})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=[spec.name for spec in CHECKPOINTS])
    args = parser.parse_args()
    torch.set_num_threads(1)

    oracle = load_oracle(args.oracle)
    prompt_lists = {"standard-10": oracle.notebook_namespace()["STANDARD_PROMPTS"], "prompts-tricky": json.loads(TRICKY_PROMPTS.read_text())}
    for spec in CHECKPOINTS:
        if not args.only or spec.name in args.only:
            folder = args.out / spec.name
            make_checkpoint(spec, args.tokenizer, folder)
            print(json.dumps(summary(spec.name, write_expected(oracle, spec, prompt_lists, folder), folder)))


if __name__ == "__main__":
    main()
