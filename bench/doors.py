#!/usr/bin/env python3
"""One measurement through every door: the built-in ladder by the program, from C++ and from Python, with everything
that `run` writes.

Usage: doors.py BUILD_DIR [--rounds 5]

BUILD_DIR has the program, libheadspec.so and the Python package (HEADSPEC_PYTHON=ON). Every round measures anew, in
turn. Prints the least wall time, the processor time of that round, and the largest peak of memory, as the system counts
them for the whole process.
"""
import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
CPP = """#include <headspec/files.h>
#include <headspec/plans.h>
#include <headspec/run.h>

int main(int, char** argv) {
  headspec::Observer silent;
  headspec::RunOptions options;
  options.fresh = true;
  headspec::Save(headspec::Run(headspec::BuiltInPlan(), options, silent), argv[1]);
}
"""
PYTHON = "import sys, headspec; headspec.run(fresh=True).save(sys.argv[1])"


def measured(command, env):
    """(wall seconds, processor seconds, peak bytes)"""
    begun = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    build = args.build.resolve()
    with tempfile.TemporaryDirectory(prefix="headspec-doors-") as scratch:
        folder = Path(scratch)
        (folder / "door.cc").write_text(CPP)
        subprocess.run(["c++", "-std=c++20", "-O2", f"-I{SOURCE / 'include'}", folder / "door.cc", "-o", folder / "door",
                        f"-L{build}", "-lheadspec", f"-Wl,-rpath,{build}"], check=True)
        env = dict(os.environ, HEADSPEC_CACHE=str(folder / "cache"), PYTHONPATH=str(build / "python-package"))
        python = build / "pyenv/bin/python"
        doors = {"program": [build / "headspec", "run", "--fresh", "-q", "--out"],
                 "C++": [folder / "door"],
                 "Python": [python if python.exists() else sys.executable, "-c", PYTHON]}
        rounds = {door: [] for door in doors}
        for number in range(args.rounds):
            for door, command in doors.items():
                rounds[door].append(measured([*command, folder / f"{door}-{number}"], env))
    for door, taken in rounds.items():
        wall, processor, _ = min(taken)
        print(f"{door:8} {wall:6.2f} s  {processor:6.2f} s of processors  {max(peak for *_, peak in taken) / 1e6:5.0f} MB")


if __name__ == "__main__":
    main()
