"""headspec against the reference on one checkpoint: time, memory and distance of the numbers.

Purpose: a small markdown table for reports, measured on this machine.
Needs:   the packages of requirements.txt (the reference runs in this Python); oracle.py; a headspec binary.
Usage:   compare_with_reference.py --headspec PATH --oracle PATH/oracle.py --model DIR [--dtypes bfloat16 float32] [--headspec-args ...]

The two run one after the other as child processes. Seconds are wall time of the whole process; peak
GB is the child's largest resident set, which counts the memory-mapped pages that are in memory.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Run:
    seconds: float
    peak_gb: float
    si: float
    entropies: np.ndarray


def timed(command):
    """Run a command to its end: wall seconds and peak resident GB of that child."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            log.seek(0)
            sys.exit(f"{' '.join(map(str, command))} failed with {process.returncode}:\n{log.read().decode(errors='replace')[-2000:]}")
    return seconds, usage.ru_maxrss * 1024 / 1e9


def run_reference(oracle, model, dtype, folder):
    out = folder / "reference.json"
    seconds, peak = timed([sys.executable, str(oracle), str(model), "--dtype", dtype, "--out", str(out)])
    result = json.loads(out.read_text())
    return Run(seconds, peak, result["si"], np.array(result["entropies"]))


def run_headspec(headspec, model, dtype, folder, extra):
    out = folder / "headspec"
    seconds, peak = timed([str(headspec), "measure", str(model), "--dtype", dtype, "--out", str(out), "--fresh", *extra])
    result = json.loads((out / "results.json").read_text())["results"][0]
    return Run(seconds, peak, result["si_mean"], np.array(result["head_entropies"], dtype=float))


def table_rows(dtype, reference, ours):
    difference = np.abs(reference.entropies - ours.entropies)
    yield f"| {dtype} | reference | {reference.seconds:.1f} | {reference.peak_gb:.2f} | {reference.si:.6f} | | | |"
    yield (f"| {dtype} | headspec | {ours.seconds:.1f} | {ours.peak_gb:.2f} | {ours.si:.6f} | {abs(reference.si - ours.si):.2e} "
           f"| {difference.max():.2e} | {difference.mean():.2e} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--headspec", type=Path, required=True)
    parser.add_argument("--oracle", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--dtypes", nargs="+", default=["bfloat16", "float32"])
    parser.add_argument("--headspec-args", nargs=argparse.REMAINDER, default=[], help="passed on to headspec measure; must come last")
    args = parser.parse_args()

    print("| dtype | program | seconds | peak GB | SI | SI difference | entropy difference, max | mean |")
    print("|---|---|---|---|---|---|---|---|")
    for dtype in args.dtypes:
        with tempfile.TemporaryDirectory() as folder:
            reference = run_reference(args.oracle, args.model, dtype, Path(folder))
            ours = run_headspec(args.headspec, args.model, dtype, Path(folder), args.headspec_args)
        print("\n".join(table_rows(dtype, reference, ours)), flush=True)


if __name__ == "__main__":
    main()
