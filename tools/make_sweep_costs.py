#!/usr/bin/env python3
"""What a thousand models cost: Pythia's shapes, as `headspec plan` sees them and as they were measured here.

Purpose: a table for docs/clusters.md that says what was computed, not what was remembered.
Needs:   a build; the standard library only; minutes for the largest (--largest leaves some out).
Usage:   make_sweep_costs.py BUILD_DIR [--largest 12b]            prints the table
         make_sweep_costs.py BUILD_DIR [--largest 12b] PAGE.md    writes it between the page's two markers

Every shape is a checkpoint of zeros, in a file that takes no space on disk: config.json and tensors as on the hub, the
causal masks that these files carry included, and a tokenizer of that size. A hub on the loopback interface lists them to
`headspec plan --json`, which gives bytes, memory and expected seconds. `headspec measure` then reads each of them whole:
processor seconds, user and system, of the second of two runs, so that the file is cached as far as it fits. Zeros cost what
other numbers cost: nothing in a pass depends on the values.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from page_table import write_between

SOURCE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "hub"))
from hub_server import Hub, Repository  # noqa: E402

BEGIN, END = "<!-- costs: written by tools/make_sweep_costs.py -->", "<!-- costs: end -->"
TOKENIZER = SOURCE / "tests" / "data" / "tokenizers" / "phi-2"
POSITIONS = 2048
GIGABIT = 1e9 / 8
CHECKPOINTS = 154  # that Pythia has of each size
HEADER = ("| model | parameters | file | memory | expected s | processor s | a thousand: to download | at 1 Gbit/s | "
          "processor hours |\n|---|---|---|---|---|---|---|---|---|\n")


@dataclass(frozen=True)
class Shape:
    name: str
    layers: int
    heads: int
    hidden: int
    vocabulary: int


SHAPES = (
    Shape("70m", 6, 8, 512, 50304), Shape("160m", 12, 12, 768, 50304), Shape("410m", 24, 16, 1024, 50304),
    Shape("1b", 16, 8, 2048, 50304), Shape("1.4b", 24, 16, 2048, 50304), Shape("2.8b", 32, 32, 2560, 50304),
    Shape("6.9b", 32, 32, 4096, 50432), Shape("12b", 36, 40, 5120, 50688))


def config_of(shape: Shape) -> dict:
    return dict(
        architectures=["GPTNeoXForCausalLM"], model_type="gpt_neox", hidden_size=shape.hidden, hidden_act="gelu",
        intermediate_size=4 * shape.hidden, layer_norm_eps=1e-05, max_position_embeddings=POSITIONS,
        num_attention_heads=shape.heads, num_hidden_layers=shape.layers, rotary_emb_base=10000, rotary_pct=0.25,
        tie_word_embeddings=False, torch_dtype="float16", use_parallel_residual=True, vocab_size=shape.vocabulary)


def tensors_of(shape: Shape) -> dict:
    """{name: (type, dimensions)} of a checkpoint, in the file's order."""
    wide, rotated = 4 * shape.hidden, shape.hidden // shape.heads // 4
    tensors = {"embed_out.weight": ("F16", [shape.vocabulary, shape.hidden]),
               "gpt_neox.embed_in.weight": ("F16", [shape.vocabulary, shape.hidden])}

    def add(name, rows, columns=0):
        tensors[name + ".weight"] = ("F16", [rows, columns] if columns else [rows])
        tensors[name + ".bias"] = ("F16", [rows])

    add("gpt_neox.final_layer_norm", shape.hidden)
    for layer in range(shape.layers):
        prefix = f"gpt_neox.layers.{layer}"
        tensors[prefix + ".attention.bias"] = ("U8", [1, 1, POSITIONS, POSITIONS])
        tensors[prefix + ".attention.masked_bias"] = ("F16", [])
        tensors[prefix + ".attention.rotary_emb.inv_freq"] = ("F16", [rotated // 2])
        add(prefix + ".attention.query_key_value", 3 * shape.hidden, shape.hidden)
        add(prefix + ".attention.dense", shape.hidden, shape.hidden)
        add(prefix + ".mlp.dense_h_to_4h", wide, shape.hidden)
        add(prefix + ".mlp.dense_4h_to_h", shape.hidden, wide)
        add(prefix + ".input_layernorm", shape.hidden)
        add(prefix + ".post_attention_layernorm", shape.hidden)
    return tensors


def bytes_of(tensor) -> int:
    kind, dimensions = tensor
    size = {"F16": 2, "U8": 1}[kind]
    for dimension in dimensions:
        size *= dimension
    return size


def parameters_of(tensors: dict) -> int:
    return sum(bytes_of(tensor) // 2 for name, tensor in tensors.items()
               if not re.search(r"attention\.(bias|masked_bias|rotary_emb\.inv_freq)$", name))


def write_checkpoint(shape: Shape, folder: Path) -> int:
    """A checkpoint of zeros; its number of parameters."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config_of(shape)))
    for file in TOKENIZER.iterdir():
        if file.name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt"):
            shutil.copy(file, folder)
    header, offset = {}, 0
    tensors = tensors_of(shape)
    for name, tensor in tensors.items():
        header[name] = dict(dtype=tensor[0], shape=tensor[1], data_offsets=[offset, offset + bytes_of(tensor)])
        offset += bytes_of(tensor)
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        file.truncate(8 + len(encoded) + offset)
    return parameters_of(tensors)


def planned(program: Path, folders: dict, scratch: Path) -> dict:
    """{name: its cell's cost} as `plan --json` says, from a hub that has nothing cached."""
    manifest = scratch / "sweep.toml"
    names = ", ".join(f'"pythia/{name}"' for name in folders)
    manifest.write_text(f'experiment = "Costs"\n[[sweep]]\nmodels = [{names}]\ndtypes = ["float32"]\n')
    repositories = [Repository(f"pythia/{name}", folder, sha256={"model.safetensors": f"{i:064x}"})
                    for i, (name, folder) in enumerate(folders.items())]
    with Hub(repositories) as hub:
        environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(scratch / "cache"), "HF_HUB_OFFLINE": "0",
                                    "HEADSPEC_CACHE": str(scratch / "own")}
        done = subprocess.run([program, "plan", manifest, "--json"], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return {cell["model"].removeprefix("pythia/"): cell["cost"] for cell in json.loads(done.stdout)["cells"]}


def measured(program: Path, folder: Path, scratch: Path) -> tuple:
    """Processor and wall seconds of a measurement, the program's start included."""
    seconds = ()
    for i in range(2):
        before, started = os.times(), time.perf_counter()
        subprocess.run([program, "measure", folder, "--dtype", "float32", "--fresh", "--low-memory", "--no-progress",
                        "--out", scratch / f"{folder.name} {i}"],
                       env=os.environ | {"HEADSPEC_CACHE": str(scratch / "own")}, stdout=subprocess.DEVNULL, check=True)
        after = os.times()
        seconds = (after.children_user - before.children_user + after.children_system - before.children_system,
                   time.perf_counter() - started)
    return seconds


def short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def size(count: float) -> str:
    unit, value = ("TB", count / 1e12) if count >= 1e12 else ("GB", count / 1e9) if count >= 1e9 else ("MB", count / 1e6)
    return f"{short(value)} {unit}"


def duration(seconds: float) -> str:
    return f"{short(seconds / 86400)} days" if seconds >= 172800 else f"{short(seconds / 3600)} h"


def processor() -> str:
    name = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return name[1] if name else "an unnamed processor"


def table(program: Path, shapes: list) -> str:
    with tempfile.TemporaryDirectory(prefix="headspec costs ") as folder:
        scratch = Path(folder)
        parameters = {shape.name: write_checkpoint(shape, scratch / "models" / shape.name) for shape in shapes}
        folders = {name: scratch / "models" / name for name in parameters}
        costs = planned(program, folders, scratch)
        rows, all_bytes, all_seconds = "", 0, 0.0
        for name, count in parameters.items():
            cost = costs[name]
            used, wall = measured(program, folders[name], scratch)
            print(f"{name}: expected {cost['seconds']:.2f} s, measured {wall:.2f} s, {used:.2f} processor s", file=sys.stderr)
            thousand = 1000 * cost["weight_bytes"]
            all_bytes, all_seconds = all_bytes + CHECKPOINTS * cost["weight_bytes"], all_seconds + CHECKPOINTS * used
            rows += (f"| {name} | {count / 1e6:,.0f} M | {size(cost['weight_bytes'])} | {size(cost['memory_bytes'])} | "
                     f"{short(cost['seconds'])} | {short(used)} | {size(thousand)} | {duration(thousand / GIGABIT)} | "
                     f"{short(used * 1000 / 3600)} |\n")
    return (f"On {os.cpu_count()} threads of {processor()}, float32, the ten prompts:\n\n{HEADER}{rows}\n"
            f"{CHECKPOINTS} checkpoints of each of these sizes: {size(all_bytes)}, {duration(all_bytes / GIGABIT)} at 1 Gbit/s, "
            f"{short(all_seconds / 3600)} processor hours.\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("page", type=Path, nargs="?")
    parser.add_argument("--largest", choices=[shape.name for shape in SHAPES], default=SHAPES[-1].name)
    arguments = parser.parse_args()
    names = [shape.name for shape in SHAPES]
    text = table((arguments.build / "headspec").resolve(), list(SHAPES[: names.index(arguments.largest) + 1]))
    if arguments.page:
        write_between(arguments.page, BEGIN, END, text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
