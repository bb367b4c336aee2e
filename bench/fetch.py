#!/usr/bin/env python3
"""How fast `headspec fetch` downloads beside huggingface_hub: the same model, the same server, runs in turn.

Purpose: MB/s, processor seconds and peak memory of headspec fetch, of snapshot_download with eight workers, and of a
         program that reads the same files and throws them away: what the loopback and the server allow.
Needs:   Linux; a Python with huggingface_hub (--python, default this one; without it that line is left out).
Usage:   fetch.py PROGRAM [--shards 4] [--shard-mb 300] [--runs 5] [--folder DIR] [--python PYTHON]

Every run starts with an empty cache on the file system of --folder, and after the disk has taken in what the run
before wrote. headspec compares every byte with its SHA-256 while it downloads; huggingface_hub compares sizes only.
The server is tests/hub/hub_server.py in a process of its own, which sends by sendfile from the file cache.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODEL = "bench/model"
SMALL_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")

SNAPSHOT = "import huggingface_hub, sys; huggingface_hub.snapshot_download(sys.argv[1], max_workers=8)"
# One connection a file, as the programs measured may have, and a buffer that is used again.
DISCARD = """
import concurrent.futures, sys, urllib.request
def read(address):
    buffer = bytearray(1 << 20)
    with urllib.request.urlopen(address) as answer:
        while answer.readinto(buffer):
            pass
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    list(pool.map(read, sys.argv[1:]))
"""


@dataclass
class Run:
    seconds: float
    cpu: float
    peak: int  # bytes of memory


def fail(message):
    sys.exit(f"fetch.py: {message}")


def write_shard(path, size, name, pattern):
    """A file in safetensors with one tensor; content that neither repeats by the block nor compresses."""
    values = size // 4
    header = json.dumps({name: {"dtype": "F32", "shape": [values], "data_offsets": [0, 4 * values]}}).encode()
    header += b" " * (-len(header) % 8)
    left, block = 4 * values, 0
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        while left:
            content = (block.to_bytes(8, "little") + pattern[8:])[:left]
            file.write(content)
            left, block = left - len(content), block + 1


def make_model(folder, shards, size):
    folder.mkdir()
    for name in SMALL_FILES:
        shutil.copy(ROOT / "data/nano/nano-0.5m" / name, folder / name)
    names = [f"model-{i + 1:05}-of-{shards:05}.safetensors" for i in range(shards)]
    pattern = os.urandom(4 << 20)
    for i, name in enumerate(names):
        write_shard(folder / name, size, f"weights.{i}", pattern)
    index = {"metadata": {"total_size": shards * (size // 4) * 4},
             "weight_map": {f"weights.{i}": name for i, name in enumerate(names)}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return sum(path.stat().st_size for path in folder.iterdir())


def peak_memory(pid):
    # Of wait4 one would get the peak of this program where it is higher: it counts from before the exec.
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def run(command, environment):
    peak, ended = [0], threading.Event()
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

        def watch():
            while not ended.wait(0.01):
                peak[0] = max(peak[0], peak_memory(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        ended.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            log.seek(0)
            fail(f"{command[0]} ended with {process.returncode}:\n{log.read().decode(errors='replace')[-2000:]}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, peak[0])


def environment_of(home, hub):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("HF_", "HUGGING")) and not name.lower().endswith("_proxy")}
    return {**kept, "HF_HOME": str(home), "HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1"}


def check_cache(home, size, name):
    files = (home / "hub" / f"models--{MODEL.replace('/', '--')}" / "snapshots").rglob("*")
    found = sum(path.stat().st_size for path in files if path.is_file())
    if found != size:
        fail(f"{name} left {found} bytes in the cache instead of {size}")


def measure(name, command, folder, hub, size):
    home = folder / "home"
    os.sync()
    result = run(command, environment_of(home, hub))
    if home.exists():  # not of the program that throws the files away
        check_cache(home, size, name)
        shutil.rmtree(home)
    return result


def warm(hub, files):
    """The server computes its digests at the first request, and reads the files into memory."""
    for name in files:
        urllib.request.urlopen(urllib.request.Request(f"{hub}/{MODEL}/resolve/main/{name}", method="HEAD")).close()


def has_huggingface_hub(python):
    return subprocess.run([python, "-c", "import huggingface_hub"], capture_output=True).returncode == 0


def row(name, runs, size):
    speeds = sorted(size / run.seconds / 1e6 for run in runs)
    cpu, peak = (statistics.median(getattr(run, field) for run in runs) for field in ("cpu", "peak"))
    speed = f"{statistics.median(speeds):.0f} ({speeds[0]:.0f} to {speeds[-1]:.0f})"
    return f"{name:<34} {speed:>22} {cpu:>8.2f} {peak / 1e6:>10.0f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("program", help="headspec")
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--shard-mb", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--folder", help="where model and caches go, for the time of this program (default: the system's)")
    parser.add_argument("--python", default=sys.executable, help="a Python with huggingface_hub")
    args = parser.parse_args()

    with tempfile.TemporaryDirectory(dir=args.folder) as text:
        folder = Path(text)
        size = make_model(folder / "model", args.shards, args.shard_mb * 1_000_000)
        files = sorted(path.name for path in (folder / "model").iterdir())
        server = subprocess.Popen([sys.executable, ROOT / "tests/hub/hub_server.py", "--repo", f"{MODEL}={folder / 'model'}",
                                   "--large", "1000000"], stdout=subprocess.PIPE, text=True)
        try:
            hub = server.stdout.readline().strip()
            warm(hub, files)
            commands = {"headspec fetch": [args.program, "fetch", MODEL]}
            if has_huggingface_hub(args.python):
                commands["huggingface_hub, 8 workers"] = [args.python, "-c", SNAPSHOT, MODEL]
            addresses = [f"{hub}/{MODEL}/resolve/main/{name}" for name in files]
            commands["read and thrown away (urllib)"] = [sys.executable, "-c", DISCARD, *addresses]
            runs = {name: [] for name in commands}
            for _ in range(args.runs):
                for name, command in commands.items():
                    runs[name].append(measure(name, command, folder, hub, size))
        finally:
            server.kill()
            server.communicate()
    print(f"{len(files)} files, {size / 1e6:.0f} MB, {args.runs} runs each in turn, {os.cpu_count()} processors\n")
    print(f"{'':<34} {'MB/s: median (range)':>22} {'CPU s':>8} {'peak MB':>10}")
    for name in runs:
        print(row(name, runs[name], size))


if __name__ == "__main__":
    main()
