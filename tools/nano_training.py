"""What the scripts that train the models of data/ share: corpus, split, batches, optimizer, evaluation.

Purpose: train tiny models alike, on the same tokens in the same order, whatever their architecture.
Needs:   the packages of requirements.txt; a text file (tinyshakespeare).
Usage:   imported by train_nano_ladder.py and train_nano_family.py.
"""
import hashlib
import math
from dataclasses import dataclass

import numpy as np
import torch

from train_tokenizer import END_OF_TEXT, python_sources, train

FINAL_LEARNING_RATE = 0.1

# How a model card ends: `script` wrote the folder `out`.
CARD_END = """\
## Rebuild

    pip install -r tools/requirements.txt
    python tools/{script} --text tinyshakespeare.txt --out {out} --only {name} --threads {threads}

The text file's SHA-256 is
`{text_sha256}`.
Another processor, thread count or torch version sums in another order, and another Python brings other sources:
a rebuilt model is alike, not identical bit for bit.

## Licence

MIT. The text is in the public domain; the Python sources are under the PSF licence.
"""


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: `batch` sequences of `length` tokens a step, warm-up as a share of the steps."""
    steps: int
    learning_rate: float
    seed: int = 42
    batch: int = 16
    length: int = 128
    warmup: float = 0.05


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


def corpus(text_file, vocab):
    """The tokenizer of `vocab` entries and the data: streams of tokens, and what the records say of them."""
    text, sources = text_file.read_text(encoding="utf-8"), python_sources()
    train_documents, held_out_documents = held_out_split(text, sources)
    tokenizer = train(train_documents, vocab)
    return tokenizer, dict(
        train=encode(tokenizer, train_documents), held_out=encode(tokenizer, held_out_documents), modules=len(sources),
        held_out_bytes=sum(len(document.encode()) for document in held_out_documents),
        text_sha256=hashlib.sha256(text.encode()).hexdigest())


def learning_rate_factor(step, recipe):
    warmup = max(1, int(recipe.warmup * recipe.steps))
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, recipe.steps - warmup)
    return FINAL_LEARNING_RATE + (1 - FINAL_LEARNING_RATE) * 0.5 * (1 + math.cos(math.pi * progress))


@torch.no_grad()
def evaluate(model, stream, length):
    """Mean loss in nats per token over consecutive windows of the stream."""
    model.eval()
    windows = stream[: len(stream) // length * length].view(-1, length)
    losses = [model(input_ids=batch, labels=batch, use_cache=False).loss.item() * len(batch) for batch in windows.split(64)]
    model.train()
    return sum(losses) / len(windows)


def bits_per_byte(loss, data):
    return loss / math.log(2) * len(data["held_out"]) / data["held_out_bytes"]


def optimizer_for(model, learning_rate):
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    plain = [p for p in model.parameters() if p.dim() < 2]
    groups = [dict(params=decayed, weight_decay=0.1), dict(params=plain, weight_decay=0.0)]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(0.9, 0.95))


def steps_of(model, stream, recipe):
    """Train `model` in place; yields the number of the step and its loss after each. Batches depend on the seed alone."""
    random = np.random.default_rng(recipe.seed)
    optimizer = optimizer_for(model, recipe.learning_rate)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, recipe))
    for step in range(1, recipe.steps + 1):
        starts = random.integers(0, len(stream) - recipe.length, recipe.batch)
        batch = torch.stack([stream[start : start + recipe.length] for start in starts])
        loss = model(input_ids=batch, labels=batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad(set_to_none=True)
        yield step, loss.item()


class Curve:
    """Mean train loss over every `every` steps: `points` is [[step, mean], ...]."""

    def __init__(self, name, steps, every):
        self.name, self.steps, self.every = name, steps, every
        self.points, self.recent = [], []

    def add(self, step, loss):
        self.recent.append(loss)
        if step % self.every == 0:
            self.points.append([step, sum(self.recent) / len(self.recent)])
            print(f"{self.name} step {step}/{self.steps} loss {self.points[-1][1]:.4f}", flush=True)
            self.recent = []
