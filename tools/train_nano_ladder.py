"""Train the nano ladder: three tiny language models in the Phi architecture.

Purpose: small trained checkpoints that the built-in experiment and the tests can measure anywhere.
Needs:   the packages of requirements.txt; a text file (tinyshakespeare); a quarter to half an hour on two cores.
Usage:   train_nano_ladder.py --text FILE --out DIR [--only NAME ...] [--threads N]

Data: the text file and about 1 MB of Python's standard library sources, one shared byte-level BPE
tokenizer of 1024 entries, sequences of 128 tokens with nothing prepended. The last tenth of the text
and of the sources is held out. Each folder gets a model card and `training.json`, from which the
card's numbers come.
"""
import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PhiConfig, PhiForCausalLM

from nano_training import CARD_END, Curve, Recipe, bits_per_byte, corpus, evaluate, steps_of
from reference import cpu_flags, versions, write_json
from train_tokenizer import save

VOCAB = 1024
CURVE_EVERY = 25


@dataclass(frozen=True)
class Rung:
    name: str
    layers: int
    heads: int
    hidden: int
    intermediate: int
    recipe: Recipe


LADDER = (
    Rung("nano-0.5m", layers=4, heads=6, hidden=96, intermediate=256, recipe=Recipe(learning_rate=4e-3, steps=1800)),
    Rung("nano-1.5m", layers=6, heads=8, hidden=128, intermediate=512, recipe=Recipe(learning_rate=3e-3, steps=1200)),
    Rung("nano-4m", layers=8, heads=12, hidden=192, intermediate=768, recipe=Recipe(learning_rate=2e-3, steps=900)),
)

CARD = """\
# {name}

A tiny language model in the Phi architecture (that of Phi-1.5 and Phi-2, shrunk), trained only so that
headspec has a real, trained checkpoint to measure anywhere. It continues text in the manner of its corpus and
knows nothing.

| | |
|---|---|
| architecture | `PhiForCausalLM`: {layers} layers, {heads} heads, hidden {hidden}, intermediate {intermediate}, partial rotary 0.5 |
| parameters | {parameters:,} (untied embeddings), stored in bfloat16 |
| tokenizer | byte-level BPE in the CodeGen style, {vocab} entries, shared by the ladder; no token is prepended |
| data | tinyshakespeare (English) and {modules} modules of Python's standard library (code), {train_tokens:,} training tokens |
| training | {steps} steps of {batch} x {length} tokens, AdamW, peak learning rate {learning_rate}, warm-up and cosine, seed {seed} |
| loss at the end | train {train_loss:.3f} (mean of the last {curve_every} steps), held-out {held_out_loss:.3f} nats per token |
| held-out, bfloat16 file reloaded | {reloaded_loss:.3f} nats per token, {bits_per_byte:.3f} bits per byte |
| made with | Python {python}, torch {torch}, transformers {transformers}, tokenizers {tokenizers}; {minutes:.1f} minutes on {threads} thread(s) |

`training.json` holds the loss curve and every number above.

""" + CARD_END


def config_of(rung, end_of_text):
    return PhiConfig(
        vocab_size=VOCAB, hidden_size=rung.hidden, intermediate_size=rung.intermediate, num_hidden_layers=rung.layers,
        num_attention_heads=rung.heads, partial_rotary_factor=0.5, max_position_embeddings=512, tie_word_embeddings=False,
        bos_token_id=None, eos_token_id=end_of_text)


def train_model(rung, stream, end_of_text):
    """The trained model (float32) and its loss curve [[step, mean train loss], ...]."""
    torch.manual_seed(rung.recipe.seed)
    model = PhiForCausalLM(config_of(rung, end_of_text)).train()
    curve = Curve(rung.name, rung.recipe.steps, CURVE_EVERY)
    for step, loss in steps_of(model, stream, rung.recipe):
        curve.add(step, loss)
    return model, curve.points


def build(rung, tokenizer, data, folder):
    """Train one rung and write its checkpoint, training record and model card."""
    folder.mkdir(parents=True, exist_ok=True)
    recipe = rung.recipe
    started = time.perf_counter()
    model, curve = train_model(rung, data["train"], tokenizer.eos_token_id)
    minutes = (time.perf_counter() - started) / 60
    held_out_loss = evaluate(model, data["held_out"], recipe.length)
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "model.safetensors").chmod(0o644)
    save(tokenizer, folder)

    assert AutoTokenizer.from_pretrained(folder)("x y")["input_ids"] == tokenizer("x y")["input_ids"]
    reloaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    reloaded_loss = evaluate(reloaded, data["held_out"], recipe.length)
    record = dict(
        name=rung.name, layers=rung.layers, heads=rung.heads, hidden=rung.hidden, intermediate=rung.intermediate,
        parameters=model.num_parameters(), vocab=VOCAB, modules=data["modules"], text_sha256=data["text_sha256"],
        train_tokens=len(data["train"]), held_out_tokens=len(data["held_out"]), steps=recipe.steps, batch=recipe.batch,
        length=recipe.length, learning_rate=recipe.learning_rate, seed=recipe.seed, threads=torch.get_num_threads(),
        minutes=minutes, cpu_flags=cpu_flags(),
        train_loss=curve[-1][1], held_out_loss=held_out_loss, reloaded_loss=reloaded_loss,
        bits_per_byte=bits_per_byte(reloaded_loss, data),
        curve_every=CURVE_EVERY, curve=curve, versions=versions())
    write_json(folder / "training.json", record)
    (folder / "README.md").write_text(CARD.format(script="train_nano_ladder.py", out="data/nano", **record, **record["versions"]))
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=[rung.name for rung in LADDER])
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    tokenizer, data = corpus(args.text, VOCAB)
    for rung in LADDER:
        if not args.only or rung.name in args.only:
            record = build(rung, tokenizer, data, args.out / rung.name)
            print(json.dumps({key: record[key] for key in ("name", "parameters", "minutes", "train_loss", "held_out_loss", "reloaded_loss")}))


if __name__ == "__main__":
    main()
