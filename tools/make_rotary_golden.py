"""Rotary frequencies, cosines and sines of the reference, as the bits of floats.

Purpose: golden file for tests/engine/rotary_test.cc: every kind of scaling, through the reference's own rotary modules.
Needs:   the packages of requirements.txt; a processor with AVX-512, whose vectors torch's powers depend on.
Usage:   make_rotary_golden.py --out tests/golden/rotary.json

Writes `versions` and `cases`: `rules` (which RopeRules read the configuration), `config`, `head_dim`, `type`
(frequencies of gptj are computed in it) and `prompts`, run one after the other by one module as the reference does:
`tokens`, `frequencies` and `rows` {position: [cosines, sines]}, eight hexadecimal digits a float.
"""
import argparse
import json
from pathlib import Path

import torch
import transformers
from transformers import LlamaConfig, Phi3Config, PhiConfig
from transformers.models.gptj.modeling_gptj import create_sinusoidal_positions
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.phi.modeling_phi import PhiRotaryEmbedding
from transformers.models.phi3.modeling_phi3 import Phi3RotaryEmbedding

MODULES = {"llama": (LlamaConfig, LlamaRotaryEmbedding), "phi": (PhiConfig, PhiRotaryEmbedding), "phi3": (Phi3Config, Phi3RotaryEmbedding)}
POSITIONS = (1, 37, 511, 2047)
DYNAMIC_PROMPTS = (40, 64, 80, 100, 64, 70, 63, 70)


def hexadecimal(values: torch.Tensor) -> str:
    return values.to(torch.float32).contiguous().numpy().astype(">f4").tobytes().hex()


def rows(cos: torch.Tensor, sin: torch.Tensor) -> dict:
    """At the chosen positions and the last one. cos, sin: [tokens, pairs]."""
    positions = [p for p in POSITIONS if p < len(cos)] if len(cos) > 1000 else [len(cos) - 1]
    return {str(p): [hexadecimal(cos[p]), hexadecimal(sin[p])] for p in positions}


def case(name: str, rules: str, head_dim: int, prompts=(2048,), **config) -> dict:
    make_config, make_module = MODULES[rules]
    arguments = json.loads(json.dumps(config))  # the classes change rope_scaling in place
    module = make_module(make_config(hidden_size=2 * head_dim, num_attention_heads=2, head_dim=head_dim, **arguments))
    recorded = []
    for tokens in prompts:
        cos, sin = (table[0, :, : table.shape[-1] // 2] for table in module(torch.zeros(1), torch.arange(tokens)[None]))
        recorded.append({"tokens": tokens, "frequencies": hexadecimal(module.inv_freq), "rows": rows(cos, sin)})
    return {"name": name, "rules": rules, "config": config, "head_dim": head_dim, "type": "F32", "prompts": recorded}


def in_type(name: str, dims: int, head_dim: int, dtype: torch.dtype, type_name: str) -> dict:
    """gptj and codegen: a table made under the default type that from_pretrained sets."""
    torch.set_default_dtype(dtype)
    frequencies = 1.0 / (10000 ** (torch.arange(0, dims, 2, dtype=torch.int64) / dims))  # as in create_sinusoidal_positions
    sin, cos = create_sinusoidal_positions(2048, dims).chunk(2, dim=1)
    torch.set_default_dtype(torch.float32)
    assert frequencies.dtype == dtype and cos.dtype == torch.float32
    return {"name": name, "rules": "gptj", "config": {"rotary_dim": dims}, "head_dim": head_dim, "type": type_name,
            "prompts": [{"tokens": 2048, "frequencies": hexadecimal(frequencies), "rows": rows(cos, sin)}]}


def cases() -> list[dict]:
    def scaled(name, head_dim=128, prompts=(2048,), rules="llama", theta=10000.0, length=4096, top=None, **scaling):
        return case(name, rules, head_dim, prompts, rope_theta=theta, max_position_embeddings=length, rope_scaling=scaling, **(top or {}))

    def yarn(name, **scaling):
        return scaled("yarn " + name, rope_type="yarn", **scaling)

    def llama3(name, **scaling):
        return scaled("llama3 " + name, theta=500000.0, length=131072, rope_type="llama3", **scaling)

    def factors(count, start, step):
        return [round(start + step * i, 3) for i in range(count)]

    phi3 = dict(rules="phi3", type="longrope")
    return [
        *(case(f"default {theta:g} {dims}", "llama", dims, rope_theta=theta) for theta in (1e4, 5e5) for dims in (32, 96, 128)),
        case("default theta that is no float", "llama", 128, rope_theta=999999.4420358813),
        case("partial 0.4 of 80", "phi", 80, partial_rotary_factor=0.4),
        case("partial 0.25 of 128", "phi", 128, partial_rotary_factor=0.25, rope_theta=25000.0),
        scaled("linear", rope_type="linear", factor=4.0),
        scaled("linear by 3", head_dim=96, type="linear", factor=3),
        scaled("dynamic", prompts=DYNAMIC_PROMPTS, length=64, rope_type="dynamic", factor=2.0),
        scaled("dynamic by an integer", prompts=DYNAMIC_PROMPTS, head_dim=96, theta=500000.0, length=64, rope_type="dynamic", factor=3),
        scaled("dynamic of 4 values", prompts=DYNAMIC_PROMPTS, head_dim=4, length=64, rope_type="dynamic", factor=2.5),
        scaled("dynamic of 6 values", prompts=DYNAMIC_PROMPTS, head_dim=6, length=64, rope_type="dynamic", factor=1.7),
        yarn("plain", theta=1e6, length=131072, factor=4.0, original_max_position_embeddings=32768),
        yarn("mscale pair", factor=40.0, original_max_position_embeddings=4096, mscale=1.0, mscale_all_dim=0.707),
        yarn("mscale alone", factor=40.0, original_max_position_embeddings=4096, mscale=0.707),
        yarn("attention factor", head_dim=96, factor=8.0, original_max_position_embeddings=1024, attention_factor=0.5),
        yarn("without truncation", theta=150000.0, head_dim=64, factor=32.0, original_max_position_embeddings=4096, truncate=False),
        yarn("original missing", factor=2.0, length=2048),
        yarn("other rotations", head_dim=32, factor=1.0, beta_fast=16, beta_slow=2, original_max_position_embeddings=None, length=300),
        yarn("bounds that meet", head_dim=32, factor=4.0, length=2),
        llama3("3.1", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192),
        llama3("3.2", head_dim=64, factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=8192),
        llama3("tiny original", head_dim=96, factor=3, low_freq_factor=1, high_freq_factor=4, original_max_position_embeddings=32),
        scaled("longrope by original length", head_dim=96, prompts=(64, 4097, 64), length=131072, top=dict(original_max_position_embeddings=4096),
               short_factor=factors(48, 1.0, 0.02), long_factor=factors(48, 1.03, 1.31), **phi3),
        scaled("longrope partial", head_dim=128, prompts=(48, 49, 47), length=480,
               top=dict(original_max_position_embeddings=48, partial_rotary_factor=0.75), short_factor=factors(48, 1.0, 0.05),
               long_factor=factors(48, 1.1, 0.9), **phi3),
        scaled("longrope by factor", head_dim=32, prompts=(64, 65), length=64, rope_type="longrope", factor=4.0, short_factor=factors(16, 1, 0),
               long_factor=factors(16, 2, 1)),
        scaled("longrope attention factor", head_dim=32, prompts=(64, 65), length=64, rope_type="longrope", attention_factor=1.5,
               short_factor=factors(16, 1, 0), long_factor=factors(16, 2, 1)),
        in_type("gptj bf16", 64, 256, torch.bfloat16, "BF16"),
        in_type("gptj fp16", 64, 256, torch.float16, "F16"),
        in_type("gptj fp32", 64, 256, torch.float32, "F32"),
        in_type("codegen bf16", 32, 64, torch.bfloat16, "BF16"),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if torch.backends.cpu.get_cpu_capability() != "AVX512":
        parser.error("torch's powers depend on the vectors of the processor: run this with AVX-512")
    document = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__}, "cases": cases()}
    lines = ",\n".join(json.dumps(c) for c in document["cases"])
    arguments.out.write_text(f'{{"versions": {json.dumps(document["versions"])},\n"cases": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
