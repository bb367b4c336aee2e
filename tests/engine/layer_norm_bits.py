#!/usr/bin/env python3
"""Prints the table of layer_norm_test.cc: checksums of torch's LayerNorm on rows that both sides can make.

Needs torch; the numbers in the test are from torch 2.9.1 on x86-64. Usage: layer_norm_bits.py
"""
import numpy as np
import torch

WIDTHS = (5, 12, 16, 20, 64, 80, 96, 100, 128, 515, 2048, 2560)
TYPES = (("kF32", torch.float32, 24), ("kF16", torch.float16, 11), ("kBF16", torch.bfloat16, 8))
ROWS = 32


def values(seed: int, count: int, bits: int) -> np.ndarray:
    """`bits`-bit integers from a multiplicative hash, scaled to -8..8: exact in a type of that precision."""
    hashed = (np.arange(seed, seed + count, dtype=np.uint64) * 2654435761 + 12345) % 2**32
    hashed = (hashed ^ (hashed >> np.uint64(15))) * 2246822519 % 2**32
    return ((hashed >> np.uint64(32 - bits)).astype(np.float64) - 2 ** (bits - 1)) / 2 ** (bits - 4)


def checksum(outputs: np.ndarray) -> int:
    """FNV-1a over the outputs as 32-bit words."""
    total = 14695981039346656037
    for word in outputs.astype(np.float32).view(np.uint32).ravel().tolist():
        total = (total ^ word) * 1099511628211 % 2**64
    return total


def main() -> None:
    for name, dtype, bits in TYPES:
        for width in WIDTHS:
            x = torch.from_numpy(values(0, ROWS * width, bits)).reshape(ROWS, width).to(dtype)
            weight = torch.from_numpy(values(1000003, width, bits)).to(dtype)
            bias = torch.from_numpy(values(2000003, width, bits)).to(dtype)
            y = torch.nn.functional.layer_norm(x, (width,), weight, bias, 1e-5)
            print(f"    {{DType::{name}, {width}, 0x{checksum(y.float().numpy()):016x}u}},")


if __name__ == "__main__":
    main()
