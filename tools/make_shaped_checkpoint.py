"""A random checkpoint with the true shape of phi-1_5, phi-2 or phi-3-medium, for speed and memory measurements.

Purpose: the real sizes without the real weights: same tensors, same tokenizer, seeded random values.
Needs:   the packages of requirements.txt; a folder with the model's tokenizer; 2.8, 5.6 or 28 GB of disk in bfloat16.
Usage:   make_shaped_checkpoint.py {phi-1_5|phi-2|phi-3-medium} --tokenizer DIR --out DIR [--dtype bfloat16] [--seed 42]

Tensors are drawn and written one at a time, so memory stays below 2 GB. Each tensor's values depend
on the seed and its name only.
"""
import argparse
import json
import shutil
import zlib
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, Phi3Config, PhiConfig

SHAPES = {
    "phi-1_5": dict(num_hidden_layers=24, hidden_size=2048, intermediate_size=8192, partial_rotary_factor=0.5),
    "phi-2": dict(num_hidden_layers=32, hidden_size=2560, intermediate_size=10240, partial_rotary_factor=0.4),
    "phi-3-medium": dict(num_hidden_layers=40, hidden_size=5120, intermediate_size=17920, num_attention_heads=40,
                         num_key_value_heads=10),
}
STORED = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}
MAX_SHARD_BYTES = 5_000_000_000
STANDARD_DEVIATION = 0.02


def config_for(shape, dtype):
    if shape == "phi-3-medium":
        config = Phi3Config(vocab_size=32064, sliding_window=2047, **SHAPES[shape])
        config.architectures = ["Phi3ForCausalLM"]
        config.dtype = dtype
        return config
    config = PhiConfig(vocab_size=51200, num_attention_heads=32, max_position_embeddings=2048, layer_norm_eps=1e-5,
                       hidden_act="gelu_new", tie_word_embeddings=False, bos_token_id=50256, eos_token_id=50256, **SHAPES[shape])
    config.architectures = ["PhiForCausalLM"]
    config.dtype = dtype
    return config


def split_into_shards(shapes, dtype):
    """Parameter names in order, cut into lists of at most MAX_SHARD_BYTES."""
    shards, filled = [[]], 0
    for name, shape in shapes.items():
        size = shape.numel() * dtype.itemsize
        if shards[-1] and filled + size > MAX_SHARD_BYTES:
            shards.append([])
            filled = 0
        shards[-1].append(name)
        filled += size
    return shards


def draw(name, shape, dtype, seed):
    generator = torch.Generator().manual_seed(seed + zlib.crc32(name.encode()))
    values = torch.randn(shape, generator=generator).mul_(STANDARD_DEVIATION)
    if "layernorm" in name and name.endswith("weight"):
        values += 1
    return values.to(dtype)


def write_shard(path, names, shapes, dtype_name, seed):
    """Write one safetensors file tensor by tensor: length of the header, header, data."""
    dtype = getattr(torch, dtype_name)
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name in names:
        end = offset + shapes[name].numel() * dtype.itemsize
        header[name] = dict(dtype=STORED[dtype_name], shape=list(shapes[name]), data_offsets=[offset, end])
        offset = end
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    with open(path, "wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        for name in names:
            file.write(draw(name, shapes[name], dtype, seed).view(torch.uint8).numpy())
    return offset


def write_weights(folder, shapes, dtype_name, seed):
    shards = split_into_shards(shapes, getattr(torch, dtype_name))
    if len(shards) == 1:
        return write_shard(folder / "model.safetensors", shards[0], shapes, dtype_name, seed)
    total, weight_map = 0, {}
    for number, names in enumerate(shards, 1):
        file_name = f"model-{number:05}-of-{len(shards):05}.safetensors"
        total += write_shard(folder / file_name, names, shapes, dtype_name, seed)
        weight_map |= {name: file_name for name in names}
    index = dict(metadata=dict(total_size=total), weight_map=weight_map)
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--dtype", choices=STORED, default="bfloat16")
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()

    config = config_for(args.shape, args.dtype)
    with torch.device("meta"):
        shapes = {name: parameter.shape for name, parameter in AutoModelForCausalLM.from_config(config).named_parameters()}
    args.out.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(args.out)
    for path in sorted(args.tokenizer.glob("*.json")):
        if path.name.startswith(("tokenizer", "special_tokens_map")):
            shutil.copyfile(path, args.out / path.name)
    total = write_weights(args.out, shapes, args.dtype, args.seed)
    print(json.dumps(dict(out=args.out.name, tensors=len(shapes), parameters=sum(s.numel() for s in shapes.values()), bytes=total)))


if __name__ == "__main__":
    main()
