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
import hashlib
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PhiConfig, PhiForCausalLM

from reference import cpu_flags, versions, write_json
from train_tokenizer import END_OF_TEXT, python_sources, save, train

SEED = 42
VOCAB = 1024
LENGTH = 128
BATCH = 16
WARMUP = 0.05
FINAL_LEARNING_RATE = 0.1
CURVE_EVERY = 25


@dataclass(frozen=True)
class Rung:
    name: str
    layers: int
    heads: int
    hidden: int
    intermediate: int
    learning_rate: float
    steps: int


LADDER = (
    Rung("nano-0.5m", layers=4, heads=6, hidden=96, intermediate=256, learning_rate=4e-3, steps=1800),
    Rung("nano-1.5m", layers=6, heads=8, hidden=128, intermediate=512, learning_rate=3e-3, steps=1200),
    Rung("nano-4m", layers=8, heads=12, hidden=192, intermediate=768, learning_rate=2e-3, steps=900),
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

## Rebuild

    pip install -r tools/requirements.txt
    python tools/train_nano_ladder.py --text tinyshakespeare.txt --out data/nano --only {name} --threads {threads}

The text file's SHA-256 is
`{text_sha256}`.
Another processor, thread count or torch version sums in another order, and another Python brings other sources:
a rebuilt model is alike, not identical bit for bit.

## Licence

MIT. The text is in the public domain; the Python sources are under the PSF licence.
"""


def held_out_split(text, sources):
    """Documents for training and for evaluation: the last tenth of the text and of the modules is held out."""
    cut, modules = len(text) * 9 // 10, len(sources) * 9 // 10
    return [text[:cut], *sources[:modules]], [text[cut:], *sources[modules:]]


def encode(tokenizer, documents):
    """One stream of token ids, documents separated by <|endoftext|>."""
    separator = tokenizer.convert_tokens_to_ids(END_OF_TEXT)
    stream = []
    for document in documents:
        stream += tokenizer(document)["input_ids"] + [separator]
    return torch.tensor(stream)


def config_of(rung, end_of_text):
    return PhiConfig(
        vocab_size=VOCAB, hidden_size=rung.hidden, intermediate_size=rung.intermediate, num_hidden_layers=rung.layers,
        num_attention_heads=rung.heads, partial_rotary_factor=0.5, max_position_embeddings=512, tie_word_embeddings=False,
        bos_token_id=None, eos_token_id=end_of_text)


def learning_rate_factor(step, steps):
    warmup = max(1, int(WARMUP * steps))
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return FINAL_LEARNING_RATE + (1 - FINAL_LEARNING_RATE) * 0.5 * (1 + math.cos(math.pi * progress))


@torch.no_grad()
def evaluate(model, stream):
    """Mean loss in nats per token over consecutive windows of the stream."""
    model.eval()
    windows = stream[: len(stream) // LENGTH * LENGTH].view(-1, LENGTH)
    losses = [model(input_ids=batch, labels=batch, use_cache=False).loss.item() * len(batch) for batch in windows.split(64)]
    model.train()
    return sum(losses) / len(windows)


def optimizer_for(model, learning_rate):
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    plain = [p for p in model.parameters() if p.dim() < 2]
    groups = [dict(params=decayed, weight_decay=0.1), dict(params=plain, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.95))


def train_model(rung, stream, end_of_text):
    """The trained model (float32) and its loss curve [[step, mean train loss], ...]."""
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    model = PhiForCausalLM(config_of(rung, end_of_text)).train()
    optimizer = optimizer_for(model, rung.learning_rate)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, rung.steps))
    curve, recent = [], []
    for step in range(1, rung.steps + 1):
        starts = random.integers(0, len(stream) - LENGTH, BATCH)
        batch = torch.stack([stream[start : start + LENGTH] for start in starts])
        loss = model(input_ids=batch, labels=batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad(set_to_none=True)
        recent.append(loss.item())
        if step % CURVE_EVERY == 0:
            curve.append([step, sum(recent) / len(recent)])
            print(f"{rung.name} step {step}/{rung.steps} loss {curve[-1][1]:.4f}", flush=True)
            recent = []
    return model, curve


def build(rung, tokenizer, data, folder):
    """Train one rung and write its checkpoint, training record and model card."""
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    model, curve = train_model(rung, data["train"], tokenizer.eos_token_id)
    minutes = (time.perf_counter() - started) / 60
    held_out_loss = evaluate(model, data["held_out"])
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "model.safetensors").chmod(0o644)
    save(tokenizer, folder)

    assert AutoTokenizer.from_pretrained(folder)("x y")["input_ids"] == tokenizer("x y")["input_ids"]
    reloaded_loss = evaluate(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), data["held_out"])
    record = dict(
        name=rung.name, layers=rung.layers, heads=rung.heads, hidden=rung.hidden, intermediate=rung.intermediate,
        parameters=model.num_parameters(), vocab=VOCAB, modules=data["modules"], text_sha256=data["text_sha256"],
        train_tokens=len(data["train"]), held_out_tokens=len(data["held_out"]), steps=rung.steps, batch=BATCH, length=LENGTH,
        learning_rate=rung.learning_rate, seed=SEED, threads=torch.get_num_threads(), minutes=minutes, cpu_flags=cpu_flags(),
        train_loss=curve[-1][1], held_out_loss=held_out_loss, reloaded_loss=reloaded_loss,
        bits_per_byte=reloaded_loss / math.log(2) * len(data["held_out"]) / data["held_out_bytes"],
        curve_every=CURVE_EVERY, curve=curve, versions=versions())
    write_json(folder / "training.json", record)
    (folder / "README.md").write_text(CARD.format(**record, **record["versions"]))
    return record


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=[rung.name for rung in LADDER])
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    text, sources = args.text.read_text(encoding="utf-8"), python_sources()
    train_documents, held_out_documents = held_out_split(text, sources)
    tokenizer = train(train_documents, VOCAB)
    data = dict(
        train=encode(tokenizer, train_documents), held_out=encode(tokenizer, held_out_documents), modules=len(sources),
        held_out_bytes=sum(len(document.encode()) for document in held_out_documents),
        text_sha256=hashlib.sha256(text.encode()).hexdigest())
    for rung in LADDER:
        if not args.only or rung.name in args.only:
            record = build(rung, tokenizer, data, args.out / rung.name)
            print(json.dumps({key: record[key] for key in ("name", "parameters", "minutes", "train_loss", "held_out_loss", "reloaded_loss")}))


if __name__ == "__main__":
    main()
