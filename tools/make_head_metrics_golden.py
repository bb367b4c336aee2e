"""What numpy gives for the head metrics over the reference's own attention on two golden checkpoints.

Purpose: tests/golden/head_metrics.json, which holds the sink of the head metrics, its prompts and its windows.
Needs:   the packages of requirements.txt; the committed golden checkpoints.
Usage:   make_head_metrics_golden.py --golden tests/golden --prompts data/prompts/standard-10-v3.json

Per checkpoint, in float32: `metrics.<name>` [prompts][layers][heads], null where a prompt does not define the
metric, and `induction` [layers][heads] on `induction_ids`.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
from scipy import stats
from transformers import AutoModelForCausalLM, AutoTokenizer

from reference import nan_to_none, versions

CHECKPOINTS = {"checkpoints/phi-gqa-qknorm-fp16": "checkpoints/phi-gqa-qknorm-fp16", "families/mistral-window": "families/tokenizer"}
PROMPTS = 4
INDUCTION_IDS = [17, 203, 5, 88, 141, 60, 9, 177] * 2


def received_entropy(weights):
    """The notebook's entropy of column means, over the columns that are given."""
    weights = weights / (weights.sum() + 1e-10)
    weights = weights[weights > 0]
    return stats.entropy(weights, base=2) / np.log2(len(weights)) if len(weights) > 1 else 0.0


def metrics_of(a, ids, window):
    """Every metric of one head with causal attention `a`; NaN where the prompt does not define it."""
    tokens = len(a)
    q, k = np.indices(a.shape)
    visible = np.minimum(np.arange(tokens) + 1, window or tokens)
    entropies = stats.entropy(a / a.sum(axis=1, keepdims=True), axis=1, base=2)
    chosen = visible > 1
    same = (ids[:, None] == ids[None, :]) & (k < q)
    after = np.zeros_like(same)
    after[:, 1:] = same[:, :-1]
    share = lambda mask: (a * mask).sum() / a.sum()
    return dict(
        query_entropy=(entropies[chosen] / np.log2(visible[chosen])).mean(),
        received_entropy_without_first=received_entropy(a.mean(axis=0)[1:]),
        sink_mass=share(k == 0), previous_token=share(k == q - 1),
        duplicate_token=share(same) if same.any() else np.nan, mean_distance=(a * abs(q - k)).sum() / a.sum(),
        local_mass=share(abs(q - k) <= 8), max_weight=a.max(axis=1).mean(),
        effective_support=(2**entropies).mean(), induction=share(after & (k <= q)))


def tables(model, ids):
    """Per metric [layers][heads] of one prompt."""
    with torch.no_grad():
        attentions = model(torch.tensor([ids]), output_attentions=True, use_cache=False).attentions
    window = getattr(model.config, "sliding_window", None)
    heads = [[metrics_of(a.double().numpy(), np.asarray(ids), window) for a in layer[0]] for layer in attentions]
    return {name: [[head[name] for head in layer] for layer in heads] for name in heads[0][0]}


def golden_of(folder, tokenizer, prompts):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(tokenizer)
    measured = [tables(model, tokenizer(p, truncation=True, max_length=128)["input_ids"]) for p in prompts]
    names = [name for name in measured[0] if name != "induction"]
    return dict(metrics={name: [m[name] for m in measured] for name in names}, induction_ids=INDUCTION_IDS,
                induction=tables(model, INDUCTION_IDS)["induction"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path, required=True)
    parser.add_argument("--prompts", type=Path, required=True)
    arguments = parser.parse_args()
    prompts = json.loads(arguments.prompts.read_text())["prompts"][:PROMPTS]
    golden = dict(versions=versions(), prompts=prompts,
                  checkpoints={name: golden_of(arguments.golden / name, arguments.golden / tokenizer, prompts)
                               for name, tokenizer in CHECKPOINTS.items()})
    (arguments.golden / "head_metrics.json").write_text(json.dumps(nan_to_none(golden)) + "\n")


if __name__ == "__main__":
    main()
