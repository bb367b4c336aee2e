#!/usr/bin/env python3
"""Models of equal size by one process with all threads, and by as many ranks with one thread each: what handing out costs.

Usage: sweep_efficiency.py BUILD_DIR [--models 60] [--rounds 3]

The models are copies of one nano model that differ in one weight, so that none is measured twice. Prints the seconds of
both, and efficiency: process / ranks. Needs mpirun.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent


def make_models(folder, count):
    """Copies of a trained nano model that differ in their last weight."""
    for i in range(count):
        model = folder / f"model-{i:02}"
        shutil.copytree(SOURCE / "data/nano/nano-4m", model)
        weights = model / "model.safetensors"
        with open(weights, "r+b") as file:
            file.seek(-2, os.SEEK_END)
            file.write(bytes([i, 0x3C]))


def seconds_of(command, env):
    begun = time.monotonic()
    subprocess.run([str(word) for word in command], env=env, check=True, capture_output=True)
    return time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--models", type=int, default=60)
    parser.add_argument("--prompts", type=int, default=150)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    cpus = len(os.sched_getaffinity(0))
    program = args.build.resolve() / "headspec"
    with tempfile.TemporaryDirectory(prefix="headspec-efficiency-") as scratch:
        folder = Path(scratch)
        make_models(folder / "models", args.models)
        (folder / "prompts.json").write_text(json.dumps([f"Prompt {i} says " + "word after word " * 30 for i in range(args.prompts)]))
        manifest = folder / "sweep.toml"
        manifest.write_text('experiment = "efficiency"\n[protocol]\nsanity_min_si = 0\n[[sweep]]\nmodels = ["models/*"]\n'
                            'dtypes = ["float32"]\nprompts = ["prompts.json"]\n')
        mpirun = ["mpirun", "--allow-run-as-root", "--bind-to", "core", "-n", cpus]
        ways = {"one process": [], "ranks": mpirun}
        taken = {way: [] for way in ways}
        for round_number in range(args.rounds):
            for way, launcher in ways.items():
                out = folder / f"{way} {round_number}"
                env = os.environ | {"HEADSPEC_CACHE": str(folder / f"cache {way} {round_number}")}
                threads = cpus if not launcher else 1
                taken[way].append(seconds_of([*launcher, program, "run", manifest, "--out", out, "--threads", threads, "--quiet"], env))
                shutil.rmtree(out)
                print(f"{way}: {taken[way][-1]:.2f} s", flush=True)
        ratios = [one / many for one, many in zip(taken["one process"], taken["ranks"])]
        print(f"{args.models} models on {cpus} processors: efficiency {100 * statistics.median(ratios):.0f} % "
              f"({100 * min(ratios):.0f} to {100 * max(ratios):.0f})")


if __name__ == "__main__":
    sys.exit(main())
