"""Train the nano family: three tiny GPT-NeoX models with every saved step of their training.

Purpose: small trained checkpoints with revisions, as Pythia has them, that a sweep can measure anywhere.
Needs:   the packages of requirements.txt; a text file (tinyshakespeare); half an hour on one core.
Usage:   train_nano_family.py --text FILE --out DIR [--only NAME ...] [--threads N]

The corpus is that of train_nano_ladder.py, with a tokenizer of 512 entries. All sizes see the same tokens in
the same order. Each size's folder gets a folder for each saved step, a model card and `training.json`, from
which the card's numbers come.
"""
import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GPTNeoXConfig, GPTNeoXForCausalLM

from nano_training import CARD_END, Curve, Recipe, bits_per_byte, corpus, evaluate, steps_of
from reference import cpu_flags, versions, write_json
from train_tokenizer import save

VOCAB = 512
CURVE_EVERY = 50
RECIPE = Recipe(steps=5000, learning_rate=4e-3, batch=8, warmup=0.01)
REVISIONS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 3000, 4000, 5000)


@dataclass(frozen=True)
class Size:
    name: str
    layers: int
    heads: int
    hidden: int


FAMILY = (
    Size("neox-30k", layers=4, heads=2, hidden=16),
    Size("neox-84k", layers=4, heads=4, hidden=32),
    Size("neox-191k", layers=5, heads=6, hidden=48),
)

CARD = """\
# {name}

A tiny language model in the GPT-NeoX architecture (that of Pythia, shrunk), kept at {revisions} steps of its
training, so that headspec has real revisions to sweep over anywhere. It continues text in the manner of its
corpus and knows nothing.

| | |
|---|---|
| architecture | `GPTNeoXForCausalLM`: {layers} layers, {heads} heads, hidden {hidden}, intermediate {intermediate}, parallel residual, full rotary |
| parameters | {parameters:,} (untied embeddings), stored in float16 as Pythia's |
| tokenizer | byte-level BPE in the CodeGen style, {vocab} entries, the same bytes in every folder; no token is prepended |
| data | tinyshakespeare (English) and {modules} modules of Python's standard library (code), {train_tokens:,} training tokens, one order for the family |
| training | {steps} steps of {batch} x {length} tokens, AdamW, peak learning rate {learning_rate}, {warmup_steps} steps of warm-up and cosine, seed {seed} |
| made with | Python {python}, torch {torch}, transformers {transformers}, tokenizers {tokenizers}; {minutes:.1f} minutes on {threads} thread(s) |

| revision | held-out loss, nats per token | bits per byte |
|---|---|---|
{table}

Losses are of the float16 files, loaded again. `training.json` holds the loss curve and every number above.

""" + CARD_END


def config_of(size, end_of_text):
    return GPTNeoXConfig(
        vocab_size=VOCAB, hidden_size=size.hidden, intermediate_size=4 * size.hidden, num_hidden_layers=size.layers,
        num_attention_heads=size.heads, rotary_pct=1.0, max_position_embeddings=512, tie_word_embeddings=False,
        use_parallel_residual=True, bos_token_id=None, eos_token_id=end_of_text)


def keep(model, tokenizer, folder):
    """Write the model as it is now, in float16, with its tokenizer."""
    state = {name: tensor.to(torch.float16) for name, tensor in model.state_dict().items()}
    stored = GPTNeoXForCausalLM(model.config).to(torch.float16)
    stored.load_state_dict(state)
    stored.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "model.safetensors").chmod(0o644)
    save(tokenizer, folder)


def revision_record(folder, step, tokenizer, data):
    """What the stored file gives on held-out text."""
    assert AutoTokenizer.from_pretrained(folder)("x y")["input_ids"] == tokenizer("x y")["input_ids"]
    loss = evaluate(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), data["held_out"], RECIPE.length)
    return dict(step=step, held_out_loss=loss, bits_per_byte=bits_per_byte(loss, data))


def train_and_keep(size, tokenizer, data, folder):
    """Train one size, keeping its revisions; the model, its loss curve and the minutes of training alone."""
    torch.manual_seed(RECIPE.seed)
    model = GPTNeoXForCausalLM(config_of(size, tokenizer.eos_token_id)).train()
    curve, seconds, started = Curve(size.name, RECIPE.steps, CURVE_EVERY), 0.0, time.perf_counter()
    keep(model, tokenizer, folder / "step0")
    for step, loss in steps_of(model, data["train"], RECIPE):
        curve.add(step, loss)
        if step in REVISIONS:
            seconds += time.perf_counter() - started
            keep(model, tokenizer, folder / f"step{step}")
            started = time.perf_counter()
    return model, curve.points, seconds / 60


def build(size, tokenizer, data, folder):
    """Train one size and write its revisions, training record and model card."""
    folder.mkdir(parents=True, exist_ok=True)
    model, curve, minutes = train_and_keep(size, tokenizer, data, folder)
    revisions = [revision_record(folder / f"step{step}", step, tokenizer, data) for step in REVISIONS]
    record = dict(
        name=size.name, layers=size.layers, heads=size.heads, hidden=size.hidden, intermediate=4 * size.hidden,
        parameters=model.num_parameters(), vocab=VOCAB, modules=data["modules"], text_sha256=data["text_sha256"],
        train_tokens=len(data["train"]), held_out_tokens=len(data["held_out"]), steps=RECIPE.steps, batch=RECIPE.batch,
        length=RECIPE.length, learning_rate=RECIPE.learning_rate, warmup_steps=int(RECIPE.warmup * RECIPE.steps),
        seed=RECIPE.seed, threads=torch.get_num_threads(), minutes=minutes, cpu_flags=cpu_flags(), revisions=revisions,
        curve_every=CURVE_EVERY, curve=curve, versions=versions())
    write_json(folder / "training.json", record)
    table = "\n".join("| step{step} | {held_out_loss:.3f} | {bits_per_byte:.3f} |".format(**row) for row in revisions)
    (folder / "README.md").write_text(CARD.format(
        script="train_nano_family.py", out="data/family", **record | dict(revisions=len(revisions)), **record["versions"], table=table))
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=[size.name for size in FAMILY])
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    tokenizer, data = corpus(args.text, VOCAB)
    for size in FAMILY:
        if not args.only or size.name in args.only:
            record = build(size, tokenizer, data, args.out / size.name)
            print(json.dumps({key: record[key] for key in ("name", "parameters", "minutes", "revisions")}))


if __name__ == "__main__":
    main()
