#!/usr/bin/env python3
"""Runs the README's own commands. Usage: readme_test.py PROGRAM SOURCE_DIR

Every line of a ```sh block that begins with build/headspec is run in an empty folder that looks like the
checkout; `./dev` lines are checked to exist as subcommands, since they are what runs this test."""
import contextlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (SOURCE / "README.md").read_text(), re.M | re.S)
LINES = [line.split(" #")[0].strip() for block in BLOCKS for line in block.splitlines() if line.strip()]


@contextlib.contextmanager
def own_cache():
    """Results of this build, and lines as a first run prints them."""
    with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.dict(os.environ, HEADSPEC_CACHE=folder):
        yield


class Readme(unittest.TestCase):
    def test_every_command_works(self):
        commands = [line for line in LINES if line.startswith("build/headspec")]
        self.assertGreaterEqual(len(commands), 4)
        with tempfile.TemporaryDirectory() as scratch, own_cache():
            for name in ("tests", "data", "experiments"):
                (Path(scratch) / name).symlink_to(SOURCE / name)
            for command in commands:
                with self.subTest(command):
                    arguments = [str(PROGRAM), *shlex.split(command)[1:]]
                    process = subprocess.run(arguments, cwd=scratch, capture_output=True, text=True, timeout=600)
                    self.assertEqual(process.returncode, 0, process.stderr)
                    self.assertNotEqual(process.stdout, "")

    def test_shows_what_the_ladder_prints(self):
        shown = re.findall(r"^```text\n(.*?)^```", (SOURCE / "README.md").read_text(), re.M | re.S)
        self.assertEqual(len(shown), 1)
        with tempfile.TemporaryDirectory() as scratch, own_cache():
            process = subprocess.run([str(PROGRAM), "run", "--out", str(Path(scratch) / "out")], capture_output=True,
                                     text=True, timeout=600)
        self.assertIn(shown[0], process.stdout)

    def test_dev_knows_its_commands(self):
        script = (SOURCE / "dev").read_text()
        used = {shlex.split(line)[1] for line in LINES if line.startswith("./dev")}
        self.assertLessEqual({"run", "test"}, used)
        for word in used:
            self.assertRegex(script, rf"(?m)^  {re.escape(word)}\)$")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
