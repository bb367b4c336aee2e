#!/usr/bin/env python3
"""Runs the README's own commands. Usage: readme_test.py PROGRAM SOURCE_DIR

Every line of a ```sh block that begins with build/headspec is run in an empty folder that looks like the
checkout; `./dev` lines are checked to exist as subcommands, since they are what runs this test."""
import re
import shlex
import sys
import unittest
from pathlib import Path

import pages

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
BLOCKS = pages.blocks_of(SOURCE / "README.md")
LINES = [line.split(" #")[0].strip() for block in BLOCKS if block.language == "sh"
         for line in block.text.splitlines() if line.strip()]


class Readme(unittest.TestCase):
    def test_every_command_works(self):
        commands = [line for line in LINES if line.startswith("build/headspec")]
        self.assertGreaterEqual(len(commands), 4)
        with pages.checkout(PROGRAM, SOURCE) as place:
            for command in commands:
                with self.subTest(command):
                    process = place.run(command)
                    self.assertEqual(process.returncode, 0, process.stderr)
                    self.assertNotEqual(process.stdout, "")

    def test_shows_what_the_ladder_prints(self):
        shown, = [block for block in BLOCKS if block.language == "text"]
        with pages.checkout(PROGRAM, SOURCE) as place:
            process = place.run("build/headspec run --out out")
        self.assertTrue(pages.shown_in(shown.text, process.stdout, whole=False), process.stdout)

    def test_dev_knows_its_commands(self):
        script = (SOURCE / "dev").read_text()
        used = {shlex.split(line)[1] for line in LINES if line.startswith("./dev")}
        self.assertLessEqual({"run", "test"}, used)
        for word in used:
            self.assertRegex(script, rf"(?m)^  {re.escape(word)}\)$")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
