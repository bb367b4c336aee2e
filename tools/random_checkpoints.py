"""Random values for tiny checkpoints: attention sharp enough, and different enough between heads, to show a mistake.

Purpose: one rule for every parameter of every decoder family, keyed by names and by how a family fuses its projections.
Needs:   the packages of requirements.txt.
Usage:   imported by make_golden_checkpoints.py and make_family_golden.py.

Query and key rows are scaled by a temperature per head, also inside fused projections; norms vary around
their neutral value; no bias is zero.
"""
import re
import zlib

import torch

SCORE_GAIN = 1.7  # standard deviation of query and key entries; scores then have its square, about 3
SEPARATE = {"q_proj": "q", "k_proj": "k", "v_proj": "v", "query": "q", "key": "k", "value": "v"}
UNIT_OFFSET_NORMS = ("gemma", "gemma2", "gemma3_text")  # the norm multiplies by 1 + weight; embeddings are scaled by sqrt(hidden)
TRANSPOSED = ("gpt2",)  # weights are stored [in, out]


def head_width(config):
    return getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads


def fused_blocks(config):
    """The projection that a family fuses, and what each block of head-width rows in it is: q, k or v."""
    heads = config.num_attention_heads
    match config.model_type:
        case "phi3":
            return "qkv_proj", "q" * heads + "k" * config.num_key_value_heads + "v" * config.num_key_value_heads
        case "gpt2":
            return "c_attn", "q" * heads + "k" * heads + "v" * heads
        case "mpt":
            return "Wqkv", "q" * heads + "k" * heads + "v" * heads
        case "gpt_neox" | "bloom":
            return "query_key_value", "qkv" * heads
        case "codegen":
            return "qkv_proj", ("q" * (heads // 4) + "v" * (heads // 4) + "k" * (heads // 4)) * 4
        case "falcon" if config.new_decoder_architecture:
            return "query_key_value", ("q" * (heads // config.num_kv_heads) + "kv") * config.num_kv_heads
        case "falcon":
            return "query_key_value", "q" * heads + "kv" if config.multi_query else "qkv" * heads
    return None, ""


def projection_blocks(name, rows, config):
    """A letter per block of head-width rows of a query, key or value projection; "" for any other parameter."""
    module = name.split(".")[-2]
    fused, blocks = fused_blocks(config)
    if module == fused:
        assert rows == len(blocks) * head_width(config), name
        return blocks
    return SEPARATE.get(module, "") * (rows // head_width(config))


def per_block(blocks, config, attention, other):
    """[rows, 1]: `attention` (a value per block) on query and key rows, `other` elsewhere."""
    chosen = torch.tensor([[block in "qk"] for block in blocks])
    return torch.where(chosen, attention, other).repeat_interleave(head_width(config), 0)


def norm_values(name, shape, config, normal):
    gain = SCORE_GAIN if re.search(r"[qk]_(layer)?norm", name) else 1.0
    values = gain * (1 + 0.25 * normal(shape))
    if ".norms." in name or len(shape) == 2:  # a weight vector per head
        values *= (0.5 * normal((shape[0], 1) if len(shape) == 2 else (1,))).exp()
    return values - 1 if config.model_type in UNIT_OFFSET_NORMS else values


def random_values(name, shape, config, normal):
    """Values of one parameter; `normal(shape)` draws from the standard normal distribution."""
    if name.endswith("bias"):
        blocks = projection_blocks(name, shape[0], config)
        scale = per_block(blocks, config, torch.tensor(0.3), torch.tensor(0.1)).flatten() if blocks else 0.1
        return scale * normal(shape)
    if "norm" in name.lower() or ".ln_" in name:
        return norm_values(name, shape, config, normal)
    if re.search("embed|wte|wpe", name):
        return normal(shape) / (config.hidden_size**0.5 if config.model_type in UNIT_OFFSET_NORMS else 1)
    if config.model_type in TRANSPOSED and "lm_head" not in name:
        return matrix_values(name, shape[::-1], config, normal).T
    return matrix_values(name, shape, config, normal)


def matrix_values(name, shape, config, normal):
    """[out, in]: unit variance of the output; query and key rows with a temperature per head."""
    values = normal(shape) / shape[1] ** 0.5
    blocks = projection_blocks(name, shape[0], config)
    if set(blocks) & set("qk"):
        temperatures = (0.5 * normal((len(blocks), 1))).exp()
        values *= per_block(blocks, config, SCORE_GAIN * temperatures, torch.tensor(1.0))
    return values


@torch.no_grad()
def randomise(model, seed_name):
    """Fill the model with values seeded by a name."""
    generator = torch.Generator().manual_seed(zlib.crc32(seed_name.encode()))
    for name, parameter in model.named_parameters():
        parameter.copy_(random_values(name, parameter.shape, model.config,
                                      lambda shape: torch.randn(shape, generator=generator)))
