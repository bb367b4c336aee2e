#!/usr/bin/env python3
"""A tiny ladder of 60 revisions, as a training would leave them, without training: made in a second, from one checkpoint.

The revisions step0, step1000 ... step59000 of tiny/ladder are the nano family's smallest model with its query-key-value
weights scaled a little more each time, so that attention sharpens along the ladder. They share tokenizer and configuration,
but for what the constants below say, and some are repeats: commits whose measured files are those of the one before.
Everything is deterministic, and needs neither numpy nor torch.

In a test:

    with Hub([ladder60.repository(SOURCE)]) as hub:   # HF_ENDPOINT=hub.url; main is the last revision
        ...
    ladder60.write(SOURCE, folder)                    # or as folders of a folder

As a program: ladder60.py SOURCE serves it and prints the address; ladder60.py SOURCE --write FOLDER writes it.
"""
import argparse
import contextlib
import json
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "hub"))
from hub_server import Hub, Repository  # noqa: E402

ID = "tiny/ladder"
STEPS = [1000 * i for i in range(60)]
REPEATS = {10000: 9000, 11000: 9000, 30000: 29000, 45000: 44000, 59000: 58000}  # of equal files; commits differ
OTHER_TOKENIZER = 20000  # the bytes of its tokenizer.json are others, its tokens are not
OTHER_CONFIG = 40000     # so with config.json
DISTINCT = len(STEPS) - len(REPEATS)
BASE = "data/family/neox-30k/step5000"
FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
LARGE = 50_000  # bytes: weights are LFS files, tokenizers are not
SCALED = "query_key_value.weight"


def scaled(weights, factor):
    """The bytes of a float16 safetensors file with the query-key-value weights times `factor`."""
    length = struct.unpack_from("<Q", weights)[0]
    header, start = json.loads(weights[8 : 8 + length]), 8 + length
    result = bytearray(weights)
    for name, tensor in header.items():
        if name.endswith(SCALED):
            assert tensor["dtype"] == "F16", f"{name} is {tensor['dtype']}"
            first, last = (start + offset for offset in tensor["data_offsets"])
            form = f"<{(last - first) // 2}e"
            struct.pack_into(form, result, first, *(value * factor for value in struct.unpack_from(form, weights, first)))
    return bytes(result)


def respaced(text):
    """The same JSON in other bytes."""
    return json.dumps(json.loads(text), ensure_ascii=False, indent=1).encode() + b"\n"


def revisions(source):
    """{"step0": {path: bytes}, ...}: the files of every revision."""
    base = Path(source) / BASE
    shared = {name: (base / name).read_bytes() for name in FILES}
    weights = (base / "model.safetensors").read_bytes()
    made = {}
    for step in STEPS:
        if step in REPEATS:
            files = made[f"step{REPEATS[step]}"] | {}
        else:
            files = shared | {"model.safetensors": scaled(weights, 0.25 + 1.75 * step / STEPS[-1])}
        if step == OTHER_TOKENIZER:
            files["tokenizer.json"] = respaced(files["tokenizer.json"])
        if step == OTHER_CONFIG:
            files["config.json"] = respaced(files["config.json"])
        files["README.md"] = f"Step {step} of a ladder for tests.\n".encode()
        made[f"step{step}"] = files
    return made


def repository(source, id=ID):
    """The ladder for hub_server.Hub: a branch for each revision, and main at the last."""
    made = revisions(source)
    return Repository.of_revisions(id, {"main": made[f"step{STEPS[-1]}"], **made}, large=LARGE)


def write(source, folder):
    """The ladder as folders: `folder`/step0 ..."""
    for name, files in revisions(source).items():
        (Path(folder) / name).mkdir(parents=True)
        for file, content in files.items():
            (Path(folder) / name / file).write_bytes(content)


def main():
    parser = argparse.ArgumentParser(description="A tiny ladder of 60 revisions, for tests.")
    parser.add_argument("source", help="headspec's source folder")
    parser.add_argument("--write", metavar="FOLDER", help="write it there instead of serving it")
    parser.add_argument("--port", type=int, default=0, help="of the hub (default any)")
    args = parser.parse_args()
    if args.write:
        return write(args.source, args.write)
    with Hub([repository(args.source)], port=args.port) as hub, contextlib.suppress(KeyboardInterrupt):
        print(hub.url, flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
