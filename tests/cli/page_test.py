#!/usr/bin/env python3
"""The pages that this build writes, in a headless browser. Usage: page_test.py PROGRAM SOURCE_DIR

Writes experiment.html, measurement.html and comparison.html, with the results.json of each beside it, and runs the
tests of page/ on them. Also: the page in the program is the one that page/ gives. Skipped (77) where node, npm or
chromium is missing."""
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import own_cache  # noqa: F401

PROGRAM, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
PAGE = SOURCE / "page"
CHECKPOINTS = SOURCE / "tests/golden/checkpoints"
COMMANDS = {
    "experiment": ["run"],
    "measurement": ["measure", SOURCE / "data/nano/nano-0.5m", "--dtype", "float32", "--metrics", "all", "--sensitivity", "--baselines"],
    "comparison": ["compare", CHECKPOINTS / "phi-mha", CHECKPOINTS / "phi-rope-linear", "--dtype", "float32"],
}


def write_pages(folder):
    for name, arguments in COMMANDS.items():
        out = folder / f"of-{name}"
        subprocess.run([PROGRAM, *map(str, arguments), "-q", "--out", out], check=True, stdout=subprocess.DEVNULL)
        shutil.copy(out / "report.html", folder / f"{name}.html")
        shutil.copy(out / "results.json", folder / f"{name}.json")


def install_packages():
    lock, installed = PAGE / "package-lock.json", PAGE / "node_modules/package-lock.json"
    if not installed.exists() or not filecmp.cmp(lock, installed, shallow=False):
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error"], cwd=PAGE, check=True)
        shutil.copy(lock, installed)


def main() -> int:
    missing = [program for program in ("node", "npm", "chromium") if shutil.which(program) is None]
    if missing:
        print(f"not found: {', '.join(missing)}; ./dev test installs them")
        return 77
    install_packages()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        subprocess.run(["node", "build.mjs", "--out", folder / "page.html"], cwd=PAGE, check=True)
        if not filecmp.cmp(folder / "page.html", PAGE / "bundle/report.html", shallow=False):
            print("page/bundle/report.html is not what page/ gives: make it again with ./dev page")
            return 1
        write_pages(folder)
        return subprocess.run(["npm", "test"], cwd=PAGE, env=os.environ | {"HEADSPEC_PAGES": scratch}).returncode


if __name__ == "__main__":
    sys.exit(main())
