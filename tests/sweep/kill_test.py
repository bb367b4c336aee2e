#!/usr/bin/env python3
"""Workers, ranks and whole jobs killed at random moments, and started again until all is measured: nothing lost, nothing
doubled, all of it the bits of an undisturbed run. Usage: kill_test.py PROGRAM SOURCE_DIR [--runs N] [--seed N]"""
import argparse
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from engines import Scratch, differences, end, measured, mpirun, need, processes_of, write_sweep

MOST_STARTS = 12


def kill_one(kind, cache, job, rng):
    """True if there was one to kill."""
    found = processes_of(cache)
    chosen = {"worker": [pid for pid, words in found.items() if "sweep-worker" in words],
              "rank": [pid for pid, words in found.items() if Path(words[0]).name == "headspec" and "run" in words],
              "job": [job.pid]}[kind]
    if not chosen:
        return False
    os.kill(rng.choice(sorted(chosen)), signal.SIGKILL)
    return True


def disturbed(scratch, program, manifest, out, rng):
    """Runs until merge says that nothing is missing. What was killed, by kind, and how often the job was started."""
    killed = collections.Counter()
    env = scratch.env | {"HEADSPEC_SILENCE": "1.5"}
    command = [*mpirun("--enable-recovery", "-n", 3), str(program), "run", str(manifest), "--out", str(out), "--threads", "1"]
    for start in range(1, MOST_STARTS + 1):
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as job:
            for _ in range(rng.randint(2, 4) if start < MOST_STARTS // 2 else 0):
                time.sleep(rng.uniform(0.1, 0.9))
                kind = rng.choice(["worker", "worker", "rank", "rank", "job"])
                if job.poll() is None and kill_one(kind, scratch.cache, job, rng):
                    killed[kind] += 1
            try:
                output, _ = job.communicate(timeout=120)
            except subprocess.TimeoutExpired:
                hanging = processes_of(scratch.cache)
                end(scratch.cache)
                job.kill()
                raise AssertionError(f"the job hangs: {hanging}") from None
        end(scratch.cache)
        if (out / "plan.json").exists() and scratch.run(program, "merge", out).returncode == 0:
            return killed, start
    raise AssertionError(f"not done after {MOST_STARTS} starts: {output}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=Path)
    parser.add_argument("source", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    need("mpirun")
    with Scratch("kill") as scratch:
        manifest = write_sweep(scratch.dir / "sweep.toml", args.source, prompts=40)
        scratch.run(args.program, "run", manifest, "--out", scratch.dir / "expected", check=0)
        expected = measured(scratch.dir / "expected")
        totals, starts = collections.Counter(), 0
        for run in range(args.runs):
            shutil.rmtree(scratch.cache, ignore_errors=True)
            out = scratch.dir / f"disturbed {run}"
            killed, started = disturbed(scratch, args.program, manifest, out, random.Random(args.seed + run))
            totals += killed
            starts += started
            found = differences(expected, measured(out))
            assert not found, f"run {run}: {found}"
            shutil.rmtree(out)
            print(f"run {run}: {dict(killed)}, {started} starts", flush=True)
        assert sum(totals.values()) >= args.runs, f"killed only {dict(totals)}"
        print(f"{args.runs} runs of {len(expected)} cells: killed {dict(totals)}, {starts} starts, all results as undisturbed")


if __name__ == "__main__":
    sys.exit(main())
