#!/usr/bin/env python3
"""`headspec models`, and the pages that list the same families. Usage: models_test.py PROGRAM SOURCE_DIR"""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "tools"))
import make_models_doc as doc  # noqa: E402
STALE = "run ./dev docs"


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=60)


class Command(unittest.TestCase):
    def test_json_lists_types_and_checkpoints(self):
        families = json.loads(run("models", "--json").stdout)["families"]
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
            self.assertEqual(shown, json.loads(run("models", "--json").stdout)["families"])

    def test_names_what_a_refusal_names(self):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.json").write_text('{"model_type": "mamba"}')
            refusal = run("inspect", folder).stderr
        [listed] = re.findall(r"expected one of: (.*?); found", refusal)
        types = [t for family in json.loads(run("models", "--json").stdout)["families"] for t in family["model_types"]]
        self.assertEqual(listed.split(", "), types)

    def test_help_has_an_example_and_arguments_are_refused(self):
        self.assertIn("Example: headspec models", run("models", "--help").stdout)
        process = run("models", "phi")
        self.assertEqual((process.returncode, process.stdout), (2, ""))
        self.assertEqual(len(process.stderr.splitlines()), 1)


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.families, cls.checkpoints = doc.families_of(PROGRAM), doc.checkpoints()
        cls.readme, cls.page = doc.README_FILE.read_text(), doc.PAGE_FILE.read_text()

    def test_readme_lists_these_families(self):
        shown = doc.readme_part(self.readme)[1].strip()
        self.assertEqual(shown, doc.readme_table(self.families, self.checkpoints), STALE)

    def test_page_lists_these_families_and_checkpoints(self):
        def without_sizes(text):  # which change with every edit of a family
            return re.sub(r"\d+ in \[", "[", text)

        families = doc.families_table(self.families, self.checkpoints)
        self.assertIn(without_sizes(families), without_sizes(self.page), STALE)
        self.assertIn(doc.tested_table(self.checkpoints), self.page, STALE)

    def test_page_has_numbers_of_every_measured_family_in_every_precision(self):
        measured = {c.model_type for c in self.checkpoints}
        expected = [doc.types_of(f) for f in self.families if measured & set(f["model_types"])]
        for dtype in doc.DTYPES:
            [rows] = re.findall(rf"^### {dtype}\n\n\|.*\n\|.*\n((?:\|.*\n)+)", self.page, re.M)
            self.assertEqual([row.split(" | ")[0][2:] for row in rows.splitlines()], [*expected, "largest"], STALE)

    def test_words_around_the_numbers_are_the_tools(self):
        # What the template says between its placeholders.
        for words in re.split(r"\{\w+\}", doc.PAGE):
            self.assertIn(words, self.page, STALE)

    def test_every_checkpoint_is_described(self):
        folders = [*(doc.GOLDEN / "checkpoints").iterdir(), *(doc.GOLDEN / "families").iterdir()]
        golden = {f.name for f in folders if (f / "expected.json").exists()}
        described = {c.name for c in self.checkpoints}
        self.assertEqual(golden - described, {"bert-relative-key", "bert-relative-key-query"})
        self.assertLessEqual(described, golden)
        for family in self.families:
            self.assertNotEqual(doc.checkpoints_of(family, self.checkpoints), [], family)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
