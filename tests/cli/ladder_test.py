#!/usr/bin/env python3
"""End to end: the built-in ladder, every output parsed. Usage: ladder_test.py PROGRAM SOURCE_DIR"""
import json
import re
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import own_cache  # noqa: F401

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
NOTEBOOK_KEYS = ["experiment", "purpose", "timestamp", "hypothesis", "methodology", "sanity_result", "results",
                 "reference_phi3", "verdict"]
MODEL_KEYS = ["model", "display", "size", "architecture", "num_layers", "num_heads", "num_kv_heads", "hidden_size",
              "d_head", "rho_head", "rho_kv", "sanity_override", "si_mean", "si_std", "si_values", "corr_mean"]


def run(*arguments):
    # Nothing is reused: each run is of this build, and the second one proves that it repeats the first.
    fresh = ["--fresh"] if arguments[0] == "run" else []
    return subprocess.run([PROGRAM, *map(str, arguments), *fresh], capture_output=True, text=True, timeout=600)


class NanoLadder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.out = Path(cls.scratch.name) / "ladder"
        cls.process = run("run", "--out", cls.out)
        cls.results = json.loads((cls.out / "results.json").read_text())
        cls.golden = json.loads((SOURCE / "tests/golden/nano.json").read_text())["models"]

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_ends_well_and_names_what_it_wrote(self):
        self.assertEqual(self.process.returncode, 0, self.process.stderr)
        self.assertEqual(self.process.stderr, "")
        bundle = f"nano_phi_size_ladder_{self.results['timestamp']}.zip"
        written = self.process.stdout.split("written to ")[1]
        self.assertEqual(written, f"{self.out}\n  report.html   all of it to read and explore, in a browser\n  results.json  every number\n  figure.png    also .svg and .pdf\n"
                                  f"  and heads.npz, heads.csv, figure.gp, figure.dat, manifest.toml, provenance.json, {bundle}\n")
        named = {bundle, "results.json", "figure.png", "figure.svg", "figure.pdf", "heads.npz", "heads.csv", "figure.gp", "figure.dat",
                 "manifest.toml", "provenance.json", "report.html"}
        self.assertEqual({file.name for file in self.out.iterdir()}, named)

    def test_says_one_line_of_each_model(self):
        lines = re.findall(r"^\[(\d)/3\] (Nano \S+) +SI (0\.\d{4}) \(.*\) +MHA, (\d+) x (\d+) heads +\d+\.\d s$", self.process.stdout, re.M)
        self.assertEqual(lines, [(str(i), m["display"], f"{m['si_mean']:.4f}", str(m["num_layers"]), str(m["num_heads"]))
                                 for i, m in enumerate(self.results["results"], 1)])

    def test_follows_the_schema(self):
        check = subprocess.run([sys.executable, SOURCE / "tests/schema_check.py", SOURCE / "docs/results.schema.json",
                                self.out / "results.json"], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        self.assertEqual(self.results["warnings"], [])

    def test_has_the_notebooks_keys_in_its_order(self):
        self.assertEqual([key for key in self.results if key in NOTEBOOK_KEYS], NOTEBOOK_KEYS)
        for model in self.results["results"]:
            self.assertEqual(list(model)[:len(MODEL_KEYS)], MODEL_KEYS)

    def test_measures_what_the_reference_measures(self):
        self.assertEqual([m["model"] for m in self.results["results"]], ["nano-0.5m", "nano-1.5m", "nano-4m"])
        for model in self.results["results"]:
            expected = self.golden[model["model"]]["bfloat16"]
            self.assertEqual(model["token_ids"], expected["token_ids"])
            self.assertEqual(model["valid_lengths"], expected["lengths"])
            self.assertEqual(model["si_values"], [model["si_mean"]] * 3)
            self.assertEqual(model["si_std"], 0)
            for head, (ours, theirs) in enumerate(zip(model["head_entropies"][0], expected["entropies"][0])):
                self.assertAlmostEqual(ours, theirs, delta=1e-6, msg=f"{model['model']} layer 0 head {head}")
            self.assertAlmostEqual(model["si_mean"], expected["si"], delta=0.005)

    def test_table_index_and_entropies_agree(self):
        for model in self.results["results"]:
            self.assertIn(f"{model['si_mean']:.4f}", self.process.stdout)
            stored = Path(self.scratch.name) / f"{model['model']}.json"
            stored.write_text(json.dumps({"entropies": model["head_entropies"]}))
            again = json.loads(run("si", stored, "--json").stdout)["matrices"][0]
            self.assertAlmostEqual(again["specialization_index"], model["si_mean"], delta=1e-12)
            per_prompt = model["head_entropies_per_prompt"]
            mean = [[sum(p[l][h] for p in per_prompt) / len(per_prompt) for h in range(model["num_heads"])]
                    for l in range(model["num_layers"])]
            for row, expected in zip(mean, model["head_entropies"]):
                for value, other in zip(row, expected):
                    self.assertAlmostEqual(value, other, delta=1e-12)

    def test_verdict_follows_from_the_values(self):
        hypothesis, verdict = self.results["hypothesis"], self.results["verdict"]
        values = [m["si_mean"] for m in self.results["results"]]
        values += [r["si"] for r in self.results["reference_phi3"].values()]
        within = sum(abs(v - hypothesis["target_si"]) <= hypothesis["tolerance"] for v in values)
        self.assertEqual(verdict["models_within_target"], within)
        self.assertEqual(verdict["total_models_with_reference"], 5)
        self.assertEqual(verdict["conclusion"], "HERITAGE_CONFIRMED" if within == 5 else "SIZE_CONFOUND_DETECTED")
        self.assertIn(f"FINAL VERDICT: {verdict['conclusion']}", self.process.stdout)

    def test_pictures_are_pictures(self):
        png = (self.out / "figure.png").read_bytes()
        self.assertEqual(png[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(struct.unpack(">II", png[16:24]), (2100, 900))
        self.assertIn("<svg", (self.out / "figure.svg").read_text()[:400])
        self.assertTrue((self.out / "figure.pdf").read_bytes().startswith(b"%PDF"))
        for model in self.results["results"]:
            self.assertIn(model["display"], (self.out / "figure.dat").read_text())

    def test_bundle_holds_everything_else(self):
        bundles = list(self.out.glob("*.zip"))
        self.assertEqual([b.name for b in bundles], [f"nano_phi_size_ladder_{self.results['timestamp']}.zip"])
        with zipfile.ZipFile(bundles[0]) as bundle:
            self.assertIsNone(bundle.testzip())
            names = {p.name for p in self.out.iterdir()} - {bundles[0].name}
            self.assertEqual(set(bundle.namelist()), names)
            for name in names:
                self.assertEqual(bundle.read(name), (self.out / name).read_bytes())

    def test_manifest_is_kept(self):
        self.assertEqual((self.out / "manifest.toml").read_text(), (SOURCE / "experiments/nano-ladder.toml").read_text())

    def test_json_on_stdout_is_the_file(self):
        out = Path(self.scratch.name) / "again"
        process = run("run", "--json", "--out", out)
        self.assertEqual(process.stdout, (out / "results.json").read_text())
        repeated = json.loads(process.stdout)
        for first, second in zip(self.results["results"], repeated["results"]):
            self.assertEqual(first["head_entropies_per_prompt"], second["head_entropies_per_prompt"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
