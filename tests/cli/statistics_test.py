#!/usr/bin/env python3
"""Statistics through the whole program: degenerate input, published matrices, repeatability.
Usage: statistics_test.py PROGRAM SOURCE_DIR"""
import json
import math
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import own_cache  # noqa: F401

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "tools"))
import make_science_tables as science  # noqa: E402
NANO = SOURCE / "data/nano/nano-0.5m"
PHI = SOURCE / "tests/golden/checkpoints/phi-mha"
STATISTICS = ("permutation_null", "variance_shares", "bootstrap", "equivalence")


def refuse_constant(name):
    raise AssertionError(f"JSON holds {name}")


def parse(text):
    return json.loads(text, parse_constant=refuse_constant)


def numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [value] if isinstance(value, float) else []


class StatisticsTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="headspec statistics ")
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)

    def run_well(self, *arguments, code=0):
        done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotRegex(done.stdout, r"\bnan\b|\binf\b")
        return done.stdout

    def assert_there_or_reasoned(self, statistics):
        for name in STATISTICS:
            statistic = statistics[name]
            if "reason" in statistic:
                self.assertEqual(list(statistic), ["reason"])
                self.assertNotEqual(statistic["reason"], "")
            self.assertTrue(all(map(math.isfinite, numbers(statistic))), statistic)

    def stored(self, matrix, **more):
        """The one matrix, through `headspec si`, on the console and in JSON."""
        file = self.dir / "stored.json"
        file.write_text(json.dumps({"entropies": matrix, **more}))
        text = self.run_well("si", file)
        found, = parse(self.run_well("si", file, "--json"))["matrices"]
        self.assert_there_or_reasoned(found["statistics"])
        return found, text

    def measured(self, *arguments, code=0):
        out = self.dir / "out"
        text = self.run_well("measure", *arguments, "--out", out, code=code)
        results = parse((out / "results.json").read_text())
        check = subprocess.run([sys.executable, SOURCE / "tests/schema_check.py", SOURCE / "docs/results.schema.json",
                                out / "results.json"], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        self.assertIn("VERIFIED", self.run_well("verify", out))
        for model in results["results"]:
            self.assert_there_or_reasoned(model["statistics"])
        return results, text


class StoredMatrices(StatisticsTest):
    def test_one_layer(self):
        found, text = self.stored([[0.1, 0.5, 0.7]])
        self.assertIsNone(found["specialization_index"])
        self.assertEqual(found["statistics"]["permutation_null"], {"reason": "one layer: a depth profile needs two"})
        self.assertIn("SI has no null: one layer: a depth profile needs two", text)
        self.assertIn("undefined", text)

    def test_one_head(self):
        found, text = self.stored([[0.1], [0.5], [0.7]])
        self.assertIsNone(found["specialization_index"])
        self.assertEqual(found["statistics"]["permutation_null"], {"reason": "one head: a correlation needs two"})
        self.assertIsNone(found["statistics"]["variance_shares"]["intraclass_correlation"])

    def test_two_heads_have_a_null(self):
        found, _ = self.stored([[0.1, 0.2], [0.5, 0.3], [0.7, 0.9]])
        null = found["statistics"]["permutation_null"]
        self.assertGreater(null["shuffles"], 0)
        self.assertGreater(null["p"], 0)

    def test_heads_that_never_vary(self):
        found, text = self.stored([[0.5, 0.25], [0.5, 0.25]])
        self.assertEqual(found["constant_heads"], [0, 1])
        self.assertEqual(found["statistics"]["permutation_null"]["reason"], "fewer than two heads vary over the layers")
        self.assertIn("2 constant heads left out", text)

    def test_one_value_everywhere(self):
        found, _ = self.stored([[0.5, 0.5], [0.5, 0.5]])
        self.assertIn("reason", found["statistics"]["variance_shares"])

    def test_values_that_are_no_numbers_are_refused_by_place(self):
        file = self.dir / "stored.json"
        for value, expected in (("NaN", "not JSON"), ("null", "layer 0, head 1: expected a number, found null")):
            file.write_text(f'{{"entropies": [[0.5, {value}], [0.1, 0.2]]}}')
            done = subprocess.run([PROGRAM, "si", file], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(expected, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_prompts_beside_the_matrix_are_resampled(self):
        prompts = [[[0.1, 0.2, 0.4], [0.5, 0.3, 0.2]], [[0.3, 0.4, 0.2], [0.1, 0.7, 0.6]]]
        mean = [[(a + b) / 2 for a, b in zip(*rows)] for rows in zip(*prompts)]
        found, text = self.stored(mean, entropies_per_prompt=prompts)
        self.assertEqual(found["statistics"]["bootstrap"]["resamples"], 2000)
        self.assertIn("95 % interval over 2 prompts", text)
        found, text = self.stored(mean)
        self.assertEqual(found["statistics"]["bootstrap"], {"reason": "no values of single prompts"})
        self.assertIn("no interval over prompts: no values of single prompts", text)

    def test_published_matrices_are_what_shuffled_heads_give(self):
        # SI and its null from 400 shuffles in numpy, made before this program was.
        expected = {"E11T_gqa_comparison_20260113_181926": [(.7149, .7180), (.3126, .3126)],
                    "E11_territorial_collapse_mistral_20260113_182026": [(.7478, .7504), (.7790, .7812)],
                    "E11_falcon_territorial_collapse_20260113_195443": [(.3492, .3519), (.3665, .3700)]}
        for name, pairs in expected.items():
            file = SOURCE / "tests/data/published" / f"{name}.json"
            found = parse(self.run_well("si", file, "--json"))["matrices"]
            for matrix in found:
                si, mean = pairs["instruct" in matrix["place"]]
                null = matrix["statistics"]["permutation_null"]
                self.assertAlmostEqual(matrix["specialization_index"], si, delta=5e-5)
                self.assertAlmostEqual(null["mean"], mean, delta=1e-3)
                self.assertGreater(null["p"], 0.05)
                self.assertIn("it reflects depth, not which head", matrix["statistics"]["readings"]["null"])


    def test_the_page_shows_what_the_program_prints_now(self):
        page = (SOURCE / "docs/science.md").read_text()
        before, rest = page.split(science.BEGIN)
        shown, after = rest.split(science.END)
        self.assertEqual(shown.strip(), science.table(PROGRAM.resolve()).strip(), "run ./dev docs")
        self.assertEqual(shown.count("\n| ") - 1, 2 * len(science.FILES))


class Models(StatisticsTest):
    def model(self, change=lambda name, data: data, **config):
        """phi-mha with other settings, and with what `change` makes of each tensor's bytes; None leaves it out."""
        folder = self.dir / "model"
        shutil.copytree(PHI, folder)
        for file in folder.iterdir():
            file.chmod(0o644)
        settings = json.loads((folder / "config.json").read_text()) | config
        (folder / "config.json").write_text(json.dumps(settings))
        content = (folder / "model.safetensors").read_bytes()
        size, = struct.unpack("<Q", content[:8])
        header, kept = json.loads(content[8:8 + size]), b""
        for name, tensor in list(header.items()):
            if name == "__metadata__":
                continue
            begin, end = tensor["data_offsets"]
            data = change(name, content[8 + size + begin:8 + size + end])
            if data is None:
                del header[name]
                continue
            tensor["data_offsets"] = [len(kept), len(kept) + len(data)]
            kept += data
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + kept)
        return folder

    def statistics(self, folder, code=0):
        results, text = self.measured(folder, "--dtype", "float32", code=code)
        return results["results"][0], results["results"][0]["statistics"], text

    def test_one_layer(self):
        first = lambda name, data: None if ".layers." in name and ".layers.0." not in name else data
        model, statistics, text = self.statistics(self.model(first, num_hidden_layers=1))
        self.assertIsNone(model["si_mean"])
        for name in ("permutation_null", "variance_shares"):
            self.assertIn("one layer", statistics[name]["reason"])
        self.assertIn("reason", statistics["bootstrap"])
        self.assertIn("SI has no null: one layer: a depth profile needs two", text)

    def test_one_head(self):
        model, statistics, text = self.statistics(self.model(num_attention_heads=1, num_key_value_heads=1))
        self.assertIsNone(model["si_mean"])
        self.assertEqual(statistics["permutation_null"], {"reason": "one head: a correlation needs two"})
        self.assertIsNone(statistics["variance_shares"]["intraclass_correlation"])
        self.assertIn("SI has no null: one head: a correlation needs two", text)

    def test_two_heads(self):
        model, statistics, _ = self.statistics(self.model(num_attention_heads=2, num_key_value_heads=2))
        self.assertIsNotNone(model["si_mean"])
        self.assertEqual(statistics["permutation_null"]["shuffles"], 1000)
        self.assertEqual(statistics["bootstrap"]["resamples"], 2000)

    def test_heads_that_attend_evenly_everywhere(self):
        blind = lambda name, data: bytes(len(data)) if ".q_proj." in name else data
        model, statistics, text = self.statistics(self.model(blind))
        self.assertIsNone(model["si_mean"])
        self.assertEqual(statistics["constant_heads"], [0, 1, 2, 3])
        self.assertEqual(statistics["permutation_null"], {"reason": "fewer than two heads vary over the layers"})
        self.assertIn("4 of 4 heads have a constant depth profile", text)

    def test_weights_that_are_no_numbers(self):
        broken = lambda name, data: b"\xc0\x7f" * (len(data) // 2) if ".layers.2.self_attn.q_proj.bias" in name else data
        model, statistics, text = self.statistics(self.model(broken), code=1)
        self.assertGreater(model["numerics"]["non_finite"]["count"], 0)
        self.assertIn("the index is not to be trusted", text)


class Measurements(StatisticsTest):
    def write_prompts(self, *prompts):
        file = self.dir / "prompts.json"
        file.write_text(json.dumps(prompts))
        return file

    def test_one_prompt(self):
        results, text = self.measured(NANO, "--dtype", "float32", "--prompts", self.write_prompts("One prompt, and a long one."))
        statistics = results["results"][0]["statistics"]
        self.assertEqual(statistics["bootstrap"], {"reason": "one prompt: nothing to resample"})
        self.assertIn("no interval over prompts (one prompt: nothing to resample)", text)
        self.assertEqual(results["trend"]["on_size"], {"reason": "a line needs two models"})

    def test_prompts_of_two_tokens(self):
        results, _ = self.measured(NANO, "--dtype", "float32", "--prompts", self.write_prompts("a b", "c d", "e f"))
        self.assertEqual(len(results["results"][0]["valid_lengths"]), 3)

    def test_prompts_of_one_token_have_no_entropy(self):
        results, text = self.measured(NANO, "--dtype", "float32", "--prompts", self.write_prompts("a", "b"))
        model = results["results"][0]
        self.assertEqual(model["valid_lengths"], [1, 1])
        self.assertIsNone(model["si_mean"])
        self.assertEqual(model["statistics"]["permutation_null"]["reason"], "fewer than two heads vary over the layers")
        self.assertIn("undefined", text)

    def test_threads_and_order_of_work_change_no_bit(self):
        found = []
        for threads, memory in ((1, 1), (2, 1024)):
            out = self.dir / f"threads-{threads}"
            self.run_well("measure", NANO, "--dtype", "bfloat16", "--fresh", "--threads", threads,
                          "--activation-memory", memory, "--out", out)
            found.append(json.loads((out / "results.json").read_text(), parse_float=str)["results"][0]["statistics"])
        self.assertEqual(found[0], found[1])

    def test_si_of_results_gives_their_statistics(self):
        results, _ = self.measured(NANO, "--dtype", "float32")
        ours = results["results"][0]["statistics"]
        again, = parse(self.run_well("si", self.dir / "out/results.json", "--json"))["matrices"]
        for name in STATISTICS[:3]:
            self.assertEqual(again["statistics"][name], ours[name], name)

    def test_another_seed_shuffles_otherwise(self):
        nulls = []
        for seed in (42, 7):
            out = self.dir / f"seed-{seed}"
            self.run_well("measure", NANO, "--dtype", "float32", "--seed", seed, "--out", out)
            statistics = parse((out / "results.json").read_text())["results"][0]["statistics"]
            self.assertEqual(statistics["seed"], seed)
            nulls.append(statistics["permutation_null"])
        self.assertNotEqual(nulls[0]["mean"], nulls[1]["mean"])
        self.assertAlmostEqual(nulls[0]["mean"], nulls[1]["mean"], delta=nulls[0]["deviation"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
