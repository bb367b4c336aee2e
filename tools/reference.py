"""What the golden-file scripts share: the oracle module, its numerical floor, recorded versions, plain JSON.

Purpose: import the reference implementation (oracle.py) by path, so that its metric is never copied.
Needs:   the packages of requirements.txt.
Usage:   imported by the other scripts of this folder.
"""
import contextlib
import importlib.util
import json
import math
import platform
from importlib.metadata import version
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from transformers import AutoTokenizer

MAX_LENGTH = 128
DTYPES = ("float32", "bfloat16", "float16")
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "scipy", "jinja2")
CPU_FLAGS = ("avx2", "fma", "f16c", "avx512f", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16", "amx_fp16")


def load_oracle(path):
    """Import oracle.py from `path`."""
    spec = importlib.util.spec_from_file_location("oracle", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def versions():
    """Python and package versions that a golden file was made with."""
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def cpu_flags():
    """The vector extensions of this processor that decide which GEMM kernels torch picks."""
    flags = set()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("flags"):
            flags = set(line.split())
            break
    return [flag for flag in CPU_FLAGS if flag in flags]


def nan_to_none(value):
    """Replace NaN and infinities by None, recursively: JSON has neither."""
    if isinstance(value, dict):
        return {key: nan_to_none(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [nan_to_none(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path, value):
    """Write compact ASCII JSON with full-precision numbers and NaN as null."""
    Path(path).write_text(json.dumps(nan_to_none(value), separators=(",", ":"), allow_nan=False) + "\n")


@contextlib.contextmanager
def float32_gemms(reverse):
    """Compute every linear layer and matrix product in float32 and round once to the operands' type.

    With `reverse` the terms of each sum are taken in reverse order. Either way it is the same model in
    another summation order: its distance from the native kernels is the reference's own numerical floor.
    """
    linear, matmul, addmm, baddbmm = torch.nn.functional.linear, torch.matmul, torch.addmm, torch.baddbmm
    order = (lambda x, axis: x.flip(axis)) if reverse else (lambda x, axis: x)

    def rounded_linear(x, weight, bias=None):
        bias = None if bias is None else bias.float()
        return linear(order(x.float(), -1), order(weight.float(), -1), bias).to(x.dtype)

    def rounded_matmul(a, b):
        return matmul(order(a.float(), -1), order(b.float(), -2)).to(a.dtype)

    def rounded_addmm(bias, a, b):
        return addmm(bias.float(), order(a.float(), -1), order(b.float(), -2)).to(a.dtype)

    def rounded_baddbmm(bias, batch1, batch2, **factors):
        return baddbmm(bias.float(), order(batch1.float(), -1), order(batch2.float(), -2), **factors).to(batch1.dtype)

    replacements = (
        (torch.nn.functional, "linear", rounded_linear), (torch, "matmul", rounded_matmul), (torch, "bmm", rounded_matmul),
        (torch.Tensor, "__matmul__", rounded_matmul), (torch, "addmm", rounded_addmm),
        (torch, "baddbmm", rounded_baddbmm), (torch.Tensor, "baddbmm", rounded_baddbmm))
    with contextlib.ExitStack() as stack:
        for owner, name, function in replacements:
            stack.enter_context(mock.patch.object(owner, name, function))
        yield


def measured(oracle, folder, dtype, prompts):
    """One golden record: what the oracle measures, the token ids and the numerical floors."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    result, arrays = oracle.measure(str(folder), dtype, prompts, max_length=MAX_LENGTH, per_prompt=True)
    record = dict(
        si=result["si"], corr=result["corr"], lengths=result["lengths"],
        token_ids=[tokenizer(prompt, max_length=MAX_LENGTH, truncation=True)["input_ids"] for prompt in prompts],
        entropies=arrays["entropies"], per_prompt=arrays["per_prompt"])
    if dtype != "float32":
        record["floor"] = floor(oracle, folder, dtype, prompts, record, reverse=False)
    record["floor_reversed"] = floor(oracle, folder, dtype, prompts, record, reverse=True)
    return record


def floor(oracle, folder, dtype, prompts, native, reverse):
    """Distance of SI and of the entropies, layer by layer, between two summation orders."""
    with float32_gemms(reverse):
        result, arrays = oracle.measure(str(folder), dtype, prompts, max_length=MAX_LENGTH, per_prompt=True)
    difference = np.abs(np.array(arrays["entropies"]) - np.array(native["entropies"]))
    per_prompt = np.abs(np.array(arrays["per_prompt"]) - np.array(native["per_prompt"]))
    return dict(
        si=result["si"], si_difference=abs(result["si"] - native["si"]),
        entropy_max=difference.max(axis=1).tolist(), entropy_mean=difference.mean(axis=1).tolist(),
        per_prompt_max=per_prompt.max(axis=(0, 2)).tolist(), per_prompt_mean=per_prompt.mean(axis=(0, 2)).tolist())
