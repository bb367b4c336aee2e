#!/usr/bin/env python3
"""table.csv of sweeps as pandas reads it, also with the code of docs/sweeps.md, and sweep.json by its schema.
Usage: sweep_exports_test.py SWEEP_TESTS REPORT_TESTS SOURCE_DIR. The sweeps are those that the C++ tests leave. Skipped (77)
without pandas."""
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import pandas as pd
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

SWEEP_TESTS, REPORT_TESTS, SOURCE = (Path(argument).resolve() for argument in sys.argv[1:4])
PAGE = "docs/sweeps.md"
SNIPPET = re.search(r"^```python\n(.*?)^```", (SOURCE / PAGE).read_text(), re.M | re.S)[1]


def kept(program, tests, folder):
    done = subprocess.run([program, f"--gtest_filter={tests}"], env=os.environ | {"HEADSPEC_KEEP": str(folder)},
                          capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout


class SweepExports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = Path(cls.scratch.name)
        kept(SWEEP_TESTS, "Family.*", cls.root / "training")
        kept(REPORT_TESTS, "SaveSweep.*", cls.root)
        cls.sweep = json.loads((cls.root / "training/sweep.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_every_column_is_a_number_of_its_point(self):
        table = pd.read_csv(self.root / "training/table.csv")
        self.assertEqual(len(table), len(self.sweep["cells"]))
        for row, cell in zip(table.itertuples(), self.sweep["cells"]):
            point = cell["point"]
            self.assertEqual((row.model, row.revision, row.step, row.id), (cell["model"], cell["revision"], cell["step"], cell["id"]))
            self.assertEqual((row.null_low, row.null_high), tuple(point["null_95"]))
            values = {"si": point["si"], "depth_share": point["depth_share"], "entropy": point["entropy"], **point["metrics"]}
            for name, value in values.items():
                self.assertEqual(getattr(row, name), value["value"], name)
                self.assertEqual((getattr(row, f"{name}_low"), getattr(row, f"{name}_high")), tuple(value["interval_95"]), name)
            results = json.loads((self.root / "training" / row.folder / "results.json").read_text())["results"][0]
            self.assertEqual(row.si, results["si_mean"])
            self.assertEqual(row.depth_share, results["statistics"]["variance_shares"]["depth_share"])
            means = [entropy for layer in results["head_entropies"] for entropy in layer]
            self.assertAlmostEqual(row.entropy, sum(means) / len(means), places=12)

    def test_types(self):
        table = pd.read_csv(self.root / "gaps/table.csv")
        self.assertEqual([str(table[name].dtype) for name in ("si", "step", "repeat")], ["float64", "float64", "bool"])
        self.assertEqual(list(table.status), ["measured", "missing", "failed", "measured", "measured"])
        self.assertEqual(list(table.repeat), [False, False, False, False, True])
        self.assertEqual(table.error[2], 'no such revision, said "the hub"')
        self.assertTrue(table.si[1:3].isna().all() and table.induction_low.isna().all())
        self.assertFalse(table.si[[0, 3, 4]].isna().any())

    def test_documented_code(self):
        before = os.getcwd()
        os.chdir(self.root)
        try:
            printed, names = io.StringIO(), {}
            with contextlib.redirect_stdout(printed):
                exec(compile(SNIPPET, PAGE, "exec"), names)
        finally:
            os.chdir(before)
        self.assertEqual(list(names["points"].step), sorted(cell["step"] for cell in self.sweep["cells"]))
        self.assertIn("sink_mass", printed.getvalue())

    def test_sweep_json_follows_its_schema(self):
        files = [self.root / name / "sweep.json" for name in ("training", "steps", "names", "gaps", "nothing")]
        done = subprocess.run([sys.executable, SOURCE / "tests/schema_check.py", SOURCE / "docs/sweep.schema.json", *files],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
