"""What the tests share: the program that results are held to, the built-in models, and a cache of their own."""

import json
import os
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2]
PROGRAM = os.environ["HEADSPEC_PROGRAM"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HEADSPEC_CACHE", str(tmp_path / "own-cache"))


@pytest.fixture
def nano():
    """The folder of a built-in model by its size."""
    return lambda size: str(SOURCE / "data" / "nano" / f"nano-{size}")


@pytest.fixture
def program(tmp_path):
    """Runs the program with --json and returns what it prints."""

    def run(*arguments):
        options = [] if arguments[0] == "si" else ["--out", str(tmp_path / "of-the-program")]
        process = subprocess.run([PROGRAM, *arguments, "--json", *options], capture_output=True, text=True)
        assert process.returncode == 0, process.stderr
        return json.loads(process.stdout)

    return run
