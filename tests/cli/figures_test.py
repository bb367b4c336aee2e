#!/usr/bin/env python3
"""--figure-width and the commands of docs/figures.md. Usage: figures_test.py PROGRAM SOURCE_DIR"""
import json
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import own_cache  # noqa: F401

PROGRAM, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
MODEL = SOURCE / "tests/golden/checkpoints/phi-mha"
KINDS = ("png", "svg", "pdf", "gp", "dat")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", (SOURCE / "docs/figures.md").read_text(), re.M | re.S)


def files_of(*stems):
    return {f"{stem}.{kind}" for stem in stems for kind in KINDS} | {"figures.tex"}


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = Path(cls.scratch.name)
        (cls.root / "data").symlink_to(SOURCE / "data")
        for line in BLOCKS[0].splitlines():
            done = subprocess.run([PROGRAM, *shlex.split(line)[1:]], cwd=cls.root, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, (line, done.stderr)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def names(self, out):
        return {p.name for p in (self.root / out / "figures").iterdir()}

    def run_program(self, *arguments):
        return subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.root, capture_output=True, text=True, timeout=600)

    def page_width_mm(self, pdf):
        done = subprocess.run(["pdfinfo", self.root / pdf], capture_output=True, text=True, check=True)
        return float(re.search(r"Page size:\s+([\d.]+)", done.stdout)[1]) / 72 * 25.4

    def test_documented_commands_draw_what_the_page_lists(self):
        self.assertEqual(self.names("ladder"), files_of("ladder", "size", "head_maps"))
        self.assertEqual(self.names("maps"), files_of("ladder", "size", "head_maps", "head_maps_sink_mass", "head_maps_induction"))
        self.assertEqual(self.names("pair"), files_of("comparison"))
        for out, stem, mm in (("ladder", "head_maps", 89), ("maps", "head_maps_induction", 120), ("pair", "comparison", 183)):
            self.assertAlmostEqual(self.page_width_mm(f"{out}/figures/{stem}.pdf"), mm, delta=0.4)

    def test_documented_edit_is_drawn(self):
        done = subprocess.run(["sh", "-ec", BLOCKS[1]], cwd=self.root, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertAlmostEqual(self.page_width_mm("ladder/figures/ladder.pdf"), 120, delta=0.4)

    def test_page_names_the_variables_of_the_scripts(self):
        scripts = "".join((self.root / out / "figures" / f"{stem}.gp").read_text() for out, stem in
                          (("maps", "ladder"), ("maps", "size"), ("maps", "head_maps"), ("pair", "comparison")))
        text = (SOURCE / "docs/figures.md").read_text()
        for name in re.findall(r"`(\w+)`", text.split("## Change one")[1].split("## Include")[0]):
            if name not in ("ladder", "size"):  # these are figures
                self.assertTrue(re.search(rf"(?m)^{name} = ", scripts), name)

    def test_are_recorded_and_bundled(self):
        out = self.root / "ran"
        self.assertEqual(self.run_program("run", "-q", "--figure-width", "40.5", "--out", out).returncode, 0)
        wanted = {f"figures/{name}" for name in self.names("ran")}
        outputs = {o["name"] for o in json.loads((out / "provenance.json").read_text())["outputs"]}
        self.assertLessEqual(wanted, outputs)
        bundle, = out.glob("*.zip")
        with zipfile.ZipFile(bundle) as archive:
            self.assertLessEqual(wanted, set(archive.namelist()))
        verified = self.run_program("verify", out, "--no-recompute", "--json")
        self.assertEqual(verified.returncode, 0, verified.stdout)
        self.assertIn("outputs: figures/ladder.pdf", verified.stdout)
        provenance = json.loads((out / "provenance.json").read_text())
        for name in ("../passwd", "figures/../x", "figures/", "/x"):
            provenance["outputs"][0]["name"] = name
            (out / "provenance.json").write_text(json.dumps(provenance))
            refused = self.run_program("verify", out, "--no-recompute")
            self.assertEqual(refused.returncode, 2)
            self.assertIn(f'expected a plain file name, found "{name}"', refused.stderr)

    def test_plain_runs_have_none(self):
        self.assertEqual(self.run_program("measure", MODEL, "--dtype", "float32", "--out", "plain").returncode, 0)
        self.assertFalse((self.root / "plain/figures").exists())

    def test_refuses_what_cannot_be_drawn(self):
        for arguments, words in ((["--figure-width", "39"], "expected single, double or 40 to 400 millimetres"),
                                 (["--figure-width", "401"], "found 401"), (["--figure-width", "wide"], "found wide"),
                                 (["--figure-width", "nan"], "found nan"), (["--figure-width", "89mm"], "found 89mm"),
                                 (["--figure-metrics", "sink_mass"], "add --figure-width single"),
                                 (["--figure-width", "single", "--figure-metrics", "induction"], "add --metrics all"),
                                 (["--figure-width", "single", "--figure-metrics", "sink_mass", "--metrics", "received"],
                                  "add --metrics prompts"),
                                 (["--figure-width", "single", "--figure-metrics", "nothing"], "nothing")):
            with self.subTest(arguments):
                done = self.run_program("measure", MODEL, "--out", "refused", *arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertIn(words, done.stderr)
                self.assertFalse((self.root / "refused").exists())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
