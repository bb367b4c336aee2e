#!/usr/bin/env python3
"""heads.npz, heads.csv, --metrics and --sensitivity, end to end. Usage: arrays_test.py PROGRAM SOURCE_DIR"""
import ast
import csv
import json
import math
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import own_cache  # noqa: F401

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
MODEL = SOURCE / "tests/golden/checkpoints/phi-gqa-qknorm-fp16"
METRICS = ["query_entropy", "received_entropy_without_first", "sink_mass", "previous_token", "duplicate_token",
           "mean_distance", "local_mass", "max_weight", "effective_support"]
PICTURES = [f"sensitivity.{kind}" for kind in ("png", "svg", "pdf", "gp", "dat")]


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=600)


def read_npy(data):
    """Shape and values, flat, of a little-endian .npy of version 1.0."""
    length, = struct.unpack("<H", data[8:10])
    header = ast.literal_eval(data[10:10 + length].decode())
    body, kind = data[10 + length:], header["descr"]
    if kind.startswith("<U"):
        width = 4 * int(kind[2:])
        return header["shape"], [body[i:i + width].decode("utf-32-le").rstrip("\0") for i in range(0, len(body), width)]
    return header["shape"], list(struct.unpack(f"<{len(body) // 8}{dict(f='d', i='q')[kind[1]]}", body))


def read_npz(file):
    with zipfile.ZipFile(file) as archive:
        return {name.removesuffix(".npy"): read_npy(archive.read(name)) for name in archive.namelist()}


def flat(table):
    return [math.nan if v is None else v for row in table for v in row]


class ArraysTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = Path(cls.scratch.name)
        cls.out = cls.root / "all"
        cls.done = run("measure", MODEL, "--dtype", "bfloat16", "--metrics", "all", "--sensitivity", "--baselines", "--fresh", "--out", cls.out)
        cls.results = json.loads((cls.out / "results.json").read_text())
        cls.model = cls.results["results"][0]
        cls.arrays = read_npz(cls.out / "heads.npz")

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def assert_same(self, found, expected):
        self.assertEqual(len(found), len(expected))
        for a, b in zip(found, expected):
            self.assertTrue(a == b or math.isnan(a) and math.isnan(b), (a, b))

    def test_ends_well_and_follows_the_schema(self):
        self.assertEqual((self.done.returncode, self.done.stderr), (0, ""))
        check = subprocess.run([sys.executable, SOURCE / "tests/schema_check.py", SOURCE / "docs/results.schema.json",
                                self.out / "results.json"], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        self.assertEqual(list(self.model["head_metrics"]), METRICS + ["induction"])
        names = {p.name for p in self.out.iterdir()}
        self.assertEqual(names, {"results.json", "heads.npz", "heads.csv", "report.html", "provenance.json", *PICTURES})
        outputs = json.loads((self.out / "provenance.json").read_text())["outputs"]
        self.assertEqual({o["name"] for o in outputs}, names - {"provenance.json"})

    def test_arrays_are_the_results(self):
        layers, heads, prompts = self.model["num_layers"], self.model["num_heads"], len(self.model["token_ids"])
        self.assertEqual(self.arrays["models"], ((1,), [str(MODEL)]))
        self.assertEqual(self.arrays["si"], ((1,), [self.model["si_mean"]]))
        for name in METRICS + ["induction"]:
            shape, values = self.arrays[f"0/{name}"]
            self.assertEqual(shape, (layers, heads))
            self.assert_same(values, flat(self.model["head_metrics"][name]))
            shape, values = self.arrays[f"0/{name}_kv_groups"]
            self.assertEqual(shape, (layers, self.model["num_kv_heads"]))
            self.assert_same(values, flat(self.model["kv_group_means"][name]))
        for name in METRICS:
            shape, values = self.arrays[f"0/{name}_per_prompt"]
            self.assertEqual(shape, (prompts, layers, heads))
            for at, mean in enumerate(self.arrays[f"0/{name}"][1]):
                defined = [v for v in values[at::layers * heads] if not math.isnan(v)]
                self.assertAlmostEqual(sum(defined) / len(defined), mean, delta=1e-12 * max(1, mean))
        self.assertEqual(self.arrays["0/token_ids"][1], [i for ids in self.model["token_ids"] for i in ids])
        self.assertEqual(self.arrays["0/induction_ids"][1], self.model["induction_ids"])

    def test_entropies_give_the_index_again(self):
        again = json.loads(run("si", self.out / "heads.npz", "--json").stdout)["matrices"]
        for found in again:
            self.assertAlmostEqual(found["specialization_index"], self.model["si_mean"], delta=1e-12)

    def test_csv_is_tidy(self):
        with open(self.out / "heads.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["model", "layer", "head", "metric", "value"])
        values = {(r["metric"], int(r["layer"]), int(r["head"])): r["value"] for r in rows}
        self.assertEqual(len(values), len(rows))
        self.assertEqual({r["model"] for r in rows}, {str(MODEL)})
        tables = {"received_entropy": self.model["head_entropies"]} | self.model["head_metrics"]
        tables |= {f"{name}_kv_groups": table for name, table in self.model["kv_group_means"].items()}
        self.assertEqual({r["metric"] for r in rows}, set(tables))
        for name, table in tables.items():
            for layer, row in enumerate(table):
                for head, value in enumerate(row):
                    self.assertEqual(values[name, layer, head], "" if value is None else repr(value))

    def test_is_verified_and_held_to_its_bits(self):
        out = self.root / "verified"
        self.assertEqual(run("measure", MODEL, "--dtype", "float32", "--metrics", "all", "--out", out).returncode, 0)
        done = run("verify", out)
        self.assertEqual(done.returncode, 0, done.stdout)
        checks = {c["what"] for c in json.loads(run("verify", out, "--json").stdout)["checks"]}
        self.assertLessEqual({"outputs: heads.npz", "outputs: heads.csv", "entropies: sink_mass", "entropies: induction"}, checks)
        with open(out / "heads.csv", "a") as file:
            file.write("x,0,0,sink_mass,1\n")
        self.assertEqual(run("verify", out, "--no-recompute").returncode, 1)

    def test_metrics_change_no_entropy_and_are_reused(self):
        found = {}
        for metrics in ("received", "prompts", "all", "all"):
            out = self.root / f"metrics {metrics} {len(found)}"
            done = run("measure", MODEL, "--dtype", "bfloat16", "--metrics", metrics, "--json", "--out", out)
            found[out] = json.loads(done.stdout)["results"][0]
            self.assertEqual(found[out]["head_entropies_per_prompt"], self.model["head_entropies_per_prompt"])
        received, prompts, first, again = found.values()
        self.assertNotIn("head_metrics", received)
        self.assertEqual(list(prompts["head_metrics"]), METRICS)
        self.assertNotIn("induction_ids", prompts)
        self.assertIsNotNone(again["timing"]["reused_from"])
        self.assertEqual(again["head_metrics"], self.model["head_metrics"])
        self.assertEqual(first["head_metrics"], again["head_metrics"])

    def test_sensitivity_says_what_moves_the_index(self):
        rows = self.model["sensitivity"]
        self.assertEqual((rows[0]["kind"], rows[0]["label"], rows[0]["si"]),
                         ("measured", "bfloat16, hf-4.57", self.model["si_mean"]))
        kinds = [r["kind"] for r in rows]
        self.assertEqual(kinds.count("without layer"), self.model["num_layers"])
        self.assertEqual(kinds.count("without prompt"), 10)
        for row in rows:
            if row["kind"] not in ("dtype", "numerics"):
                continue
            dtype, profile = row["label"].split(", ")
            out = self.root / f"one {dtype} {profile}"
            done = run("measure", MODEL, "--dtype", dtype, "--numerics", profile, "--json", "--out", out)
            self.assertEqual(json.loads(done.stdout)["results"][0]["si_mean"], row["si"], row)
        for word in ("Sensitivity of SI", "query entropy", "received entropy without position 0", "lowest of 10: prompt"):
            self.assertIn(word, self.done.stdout)

    def test_sensitivity_is_drawn(self):
        self.assertEqual((self.out / "sensitivity.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.assertIn("without position 0", (self.out / "sensitivity.svg").read_text())
        self.assertTrue((self.out / "sensitivity.pdf").read_bytes().startswith(b"%PDF"))

    def test_baselines_stand_beside_the_model(self):
        baselines = self.model["baselines"]
        self.assertEqual(baselines["uniform_head"]["query_entropy"], 1)
        lengths = self.model["valid_lengths"]
        support = sum((t + 1) / 2 for t in lengths) / len(lengths)
        self.assertAlmostEqual(baselines["uniform_head"]["effective_support"], support, delta=1e-12)
        self.assertIsNone(baselines["no_random_weights"])
        self.assertEqual(baselines["random_weights"]["initializer_range"], 0.02)
        self.assertIn("Random weights", self.done.stdout)
        again = run("measure", MODEL, "--dtype", "bfloat16", "--baselines", "--threads", 1, "--json", "--out", self.root / "baselines")
        self.assertEqual(json.loads(again.stdout)["results"][0]["baselines"], baselines)
        self.assertEqual(list(Path(tempfile.gettempdir()).glob("headspec-random-*")), [])

    def test_ladder_bundles_them(self):
        out = self.root / "ladder"
        self.assertEqual(run("run", "--out", out, "-q").returncode, 0)
        bundle, = out.glob("*.zip")
        with zipfile.ZipFile(bundle) as archive:
            for name in ("heads.npz", "heads.csv"):
                self.assertEqual(archive.read(name), (out / name).read_bytes())
        models = read_npz(out / "heads.npz")["models"][1]
        self.assertEqual(models, [m["model"] for m in json.loads((out / "results.json").read_text())["results"]])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
