#!/usr/bin/env python3
"""Prints checksums of torch's results on inputs that both sides can make: the tables of layer_norm_test.cc,
rms_norm_test.cc and activations_test.cc.

Needs torch; the numbers in the tests are from torch 2.9.1 on x86-64 with AVX-512.
Usage: torch_bits.py layer_norm|rms_norm|activations
"""
import sys

import numpy as np
import torch
from torch.nn import functional

LAYER_NORM_WIDTHS = (5, 12, 16, 20, 64, 80, 96, 100, 128, 515, 2048, 2560)
RMS_NORM_WIDTHS = (3, 5, 12, 16, 24, 32, 48, 64, 80, 96, 100, 128, 256, 515, 576, 896, 2048, 2304, 2560,
                   3072, 4096, 4544, 5120, 16384)
TYPES = (("kF32", torch.float32, 24), ("kF16", torch.float16, 11), ("kBF16", torch.bfloat16, 8))


def values(seed: int, count: int, bits: int) -> np.ndarray:
    """`bits`-bit integers from a multiplicative hash, scaled to -8..8: exact in a type of that precision."""
    hashed = (np.arange(seed, seed + count, dtype=np.uint64) * 2654435761 + 12345) % 2**32
    hashed = (hashed ^ (hashed >> np.uint64(15))) * 2246822519 % 2**32
    return ((hashed >> np.uint64(32 - bits)).astype(np.float64) - 2 ** (bits - 1)) / 2 ** (bits - 4)


def checksum(outputs: torch.Tensor) -> str:
    """FNV-1a over the outputs as 32-bit words, one word for every NaN."""
    floats = outputs.float().numpy().ravel()
    words = np.where(np.isnan(floats), np.uint32(0x7FC00000), floats.view(np.uint32))
    total = 14695981039346656037
    for word in words.tolist():
        total = (total ^ word) * 1099511628211 % 2**64
    return f"0x{total:016x}u"


def rows(width: int, dtype: torch.dtype, bits: int, count: int) -> tuple[torch.Tensor, ...]:
    x = torch.from_numpy(values(0, count * width, bits)).reshape(count, width).to(dtype)
    weight = torch.from_numpy(values(1000003, width, bits)).to(dtype)
    bias = torch.from_numpy(values(2000003, width, bits)).to(dtype)
    return x, weight, bias


def print_layer_norm() -> None:
    for name, dtype, bits in TYPES:
        for width in LAYER_NORM_WIDTHS:
            x, weight, bias = rows(width, dtype, bits, 32)
            forms = ((weight, bias), (weight, None), (None, bias), (None, None))
            sums = [checksum(functional.layer_norm(x, (width,), w, b, 1e-5)) for w, b in forms]
            print(f"    {{DType::{name}, {width}, {{{', '.join(sums)}}}}},")


def normalised(x: torch.Tensor) -> torch.Tensor:
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)


def print_rms_norm() -> None:
    """LlamaRMSNorm, Olmo2RMSNorm, GemmaRMSNorm and CohereLayerNorm of transformers 4.57.6."""
    for name, dtype, bits in TYPES:
        for width in RMS_NORM_WIDTHS:
            x, weight, _ = rows(width, dtype, bits, 8)
            h = normalised(x.float())
            centred = x.float() - x.float().mean(-1, keepdim=True)
            cohere = weight.float() * (centred * torch.rsqrt(centred.pow(2).mean(-1, keepdim=True) + 1e-5))
            forms = (weight * h.to(dtype), (weight * h).to(dtype), (h * (1.0 + weight.float())).to(dtype),
                     cohere.to(dtype))
            print(f"    {{DType::{name}, {width}, {{{', '.join(checksum(y) for y in forms)}}}}},")


def gelu_new(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1.0 + torch.tanh(0.7978845608028654 * (x + 0.044715 * torch.pow(x, 3.0))))


def gelu_fast(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1.0 + torch.tanh(x * 0.7978845608 * (1.0 + 0.044715 * x * x)))


# Each with the range (low, high) that is left out: there 1 + tanh and 1 + erf cancel, and the last bits of
# torch's own tanh and erf show.
ACTIVATIONS = (
    ("Gelu", functional.gelu, {"kF16": (-6, -2), "kBF16": (-6, -3.125)}),
    ("GeluTanh", lambda x: functional.gelu(x, approximate="tanh"),
     {"kF16": (-5.25, -5), "kBF16": (-5.25, -5)}),
    ("Silu", functional.silu, {}),
    ("GeluNew", gelu_new, {}),
    ("GeluFast", gelu_fast, {}),
    ("QuickGelu", lambda x: x * torch.sigmoid(1.702 * x), {}),
    ("Relu", functional.relu, {}),
    ("SoftCap", lambda x: torch.tanh(x / 50.0) * 50.0, {}),
)


def print_activations() -> None:
    """Over every value of the half types but the smallest: oneDNN's gelu takes bf16 subnormals as zero."""
    for name, dtype, _ in TYPES[1:]:
        x = torch.from_numpy(np.arange(65536, dtype=np.uint16).view(np.int16)).view(dtype)
        wide = x.float()
        x = x[~(wide.abs() < 2 * torch.finfo(dtype).tiny)]
        for activation, function, gaps in ACTIVATIONS:
            low, high = gaps.get(name, (0, 0))
            kept = x[~((x > low) & (x < high))]
            print(f"    {{\"{activation}\", DType::{name}, {low}, {high}, {checksum(function(kept))}}},")


if __name__ == "__main__":
    TABLES = {"layer_norm": print_layer_norm, "rms_norm": print_rms_norm, "activations": print_activations}
    TABLES[sys.argv[1]]()
