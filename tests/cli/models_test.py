#!/usr/bin/env python3
"""`headspec models`. Usage: models_test.py PROGRAM SOURCE_DIR"""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=60)


class Command(unittest.TestCase):
    def test_json_lists_types_and_checkpoints(self):
        families = json.loads(run("models", "--json").stdout)
        self.assertIn({"model_types": ["phi"], "covers": "Phi-1, Phi-1.5, Phi-2"}, families)
        for family in families:
            self.assertEqual(list(family), ["model_types", "covers"])
            self.assertTrue(family["model_types"] and all(family["model_types"]), family)
            self.assertNotEqual(family["covers"], "", family)
        types = [t for family in families for t in family["model_types"]]
        self.assertEqual(len(types), len(set(types)))

    def test_text_is_the_same_in_two_columns(self):
        for quiet in ([], ["-q"]):
            process = run("models", *quiet)
            self.assertEqual((process.returncode, process.stderr), (0, ""))
            header, *lines = process.stdout.splitlines()
            column = header.index("well-known checkpoints")
            self.assertEqual(header[:column].strip(), "model_type")
            shown = [{"model_types": line[:column].strip().split(", "), "covers": line[column:]} for line in lines]
            self.assertEqual(shown, json.loads(run("models", "--json").stdout))

    def test_names_what_a_refusal_names(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.json").write_text('{"model_type": "mamba"}')
            refusal = run("inspect", folder).stderr
        [listed] = re.findall(r"expected one of: (.*?); found", refusal)
        types = [t for family in json.loads(run("models", "--json").stdout) for t in family["model_types"]]
        self.assertEqual(listed.split(", "), types)

    def test_help_has_an_example_and_arguments_are_refused(self):
        self.assertIn("Example: headspec models", run("models", "--help").stdout)
        process = run("models", "phi")
        self.assertEqual((process.returncode, process.stdout), (2, ""))
        self.assertEqual(len(process.stderr.splitlines()), 1)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
