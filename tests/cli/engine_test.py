#!/usr/bin/env python3
"""The engine as a user meets it: memory limits, chunks, profiles, falling back. Usage: engine_test.py PROGRAM SOURCE_DIR"""
import json
import resource
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import own_cache  # noqa: F401

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
CHECKPOINTS = SOURCE / "tests/golden/checkpoints"


class Engine(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.out = Path(self.scratch.name) / "out"

    def tearDown(self):
        self.scratch.cleanup()

    def start(self, *arguments, **options):
        # --fresh: what is compared here must be computed, not remembered.
        return subprocess.run([PROGRAM, *map(str, arguments), "--fresh", "--out", self.out], capture_output=True, text=True,
                              timeout=600, **options)

    def results(self):
        return json.loads((self.out / "results.json").read_text())

    def test_memory_is_activations_and_not_weights(self):
        # RLIMIT_DATA counts private writable memory: heap, stacks of threads, and no page of a mapped file.
        limit = 160 << 20
        done = self.start("measure", SOURCE / "data/nano/nano-4m", "--threads", "2",
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_too_little_memory_is_one_line(self):
        limit = 24 << 20
        prompts = Path(self.scratch.name) / "long.json"
        prompts.write_text(json.dumps(["word " * 3000] * 40))
        done = self.start("measure", SOURCE / "data/nano/nano-4m", "--prompts", prompts, "--max-length", "2000",
                          "--dtype", "float32", "--threads", "1",
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("out of memory", done.stderr)
        self.assertFalse(self.out.exists())

    def test_plan_says_what_chunks_will_do(self):
        plan = []
        for megabytes in (1, 1024):
            done = subprocess.run([PROGRAM, "inspect", SOURCE / "data/nano/nano-4m", "--json", "--activation-memory",
                                   str(megabytes)], capture_output=True, text=True, timeout=600)
            plan.append(json.loads(done.stdout)["plan"])
        self.assertGreater(plan[0]["chunks"], 1)
        self.assertEqual(plan[1]["chunks"], 1)
        self.assertLess(plan[0]["activation_bytes"], plan[1]["activation_bytes"])

    def test_many_prompts_in_chunks_equal_the_whole(self):
        prompts = Path(self.scratch.name) / "many.json"
        prompts.write_text(json.dumps([f"Prompt number {i} says {'ha ' * (i % 7)}" for i in range(100)]))
        values = []
        for megabytes in (1, 1024):
            self.out = Path(self.scratch.name) / str(megabytes)
            done = self.start("measure", SOURCE / "data/nano/nano-0.5m", "--dtype", "bfloat16", "--prompts", prompts,
                              "--activation-memory", megabytes, "--low-memory")
            self.assertEqual(done.returncode, 0, done.stderr)
            values.append(self.results()["results"][0]["head_entropies_per_prompt"])
        self.assertEqual(len(values[0]), 100)
        self.assertEqual(*values)

    def test_overflow_falls_back_and_says_why(self):
        manifest = Path(self.scratch.name) / "m.toml"
        manifest.write_text(f"""experiment = "overflow"
[protocol]
dtypes = ["float16", "float32"]
sanity_min_si = 0
fallback = "per-model"
[[model]]
name = "{CHECKPOINTS / 'phi-fp16-overflow'}"
""")
        done = self.start("run", manifest)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"raw\+fp16 given up: [0-9]+ NaN or infinite values, the first in attention "
                                      r"scores, layer 1, prompt 1, head 1")
        results = self.results()
        numerics = results["results"][0]["numerics"]
        self.assertEqual(numerics["dtype"], "torch.float32")
        self.assertEqual(numerics["non_finite"]["count"], 0)
        self.assertGreater(numerics["max_abs_score"][1], 65504)
        self.assertEqual(results["methodology"]["sanity_override"]["label"], "raw+fp32")

    def test_overflow_is_named_where_a_precision_is_asked_for(self):
        done = self.start("measure", CHECKPOINTS / "phi-fp16-overflow", "--dtype", "float16")
        self.assertEqual(done.returncode, 1, done.stderr)
        numerics = self.results()["results"][0]["numerics"]
        self.assertEqual(numerics["largest_finite"], 65504)
        self.assertEqual({k: numerics["non_finite"][k] for k in ("operation", "layer", "prompt", "head")},
                         {"operation": "attention scores", "layer": 1, "prompt": 0, "head": 1})

    def test_the_bf16_unit_moves_only_the_last_digits(self):
        values = []
        for options in ([], ["--fast-bf16"]):
            self.out = Path(self.scratch.name) / f"fast{len(options)}"
            done = self.start("measure", SOURCE / "data/nano/nano-4m", "--dtype", "bfloat16", *options)
            self.assertEqual(done.returncode, 0, done.stderr)
            values.append(self.results()["results"][0])
        self.assertNotIn("BF16", values[0]["numerics"]["cpu_target"])
        self.assertAlmostEqual(values[0]["si_mean"], values[1]["si_mean"], delta=0.002)
        for plain, fast in zip(values[0]["head_entropies"][0], values[1]["head_entropies"][0]):
            self.assertAlmostEqual(plain, fast, delta=1e-4)

    def test_profiles_are_recorded(self):
        for profile, dtype in (("hf-4.57", "torch.bfloat16"), ("hf-4.47", "torch.bfloat16"), ("exact", "torch.float32")):
            self.out = Path(self.scratch.name) / profile
            done = self.start("measure", CHECKPOINTS / "phi-mha", "--numerics", profile)
            self.assertEqual(done.returncode, 0, done.stderr)
            numerics = self.results()["results"][0]["numerics"]
            self.assertEqual((numerics["profile"], numerics["dtype"]), (profile, dtype))

    def test_exact_and_a_rounding_precision_exclude_each_other(self):
        done = self.start("measure", CHECKPOINTS / "phi-mha", "--numerics", "exact", "--dtype", "bfloat16")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, "headspec: --numerics: profile exact computes in float32, which dtype excludes; "
                                      "leave the dtype at auto or float32, or choose another profile\n")

    def test_a_long_prompt_keeps_no_square_matrix(self):
        # 8192 x 8192 floats of one head alone are 268 MB.
        prompts = Path(self.scratch.name) / "long.json"
        prompts.write_text(json.dumps(["to be or not to be that is the question " * 1200]))
        limit = 200 << 20
        done = self.start("measure", SOURCE / "data/nano/nano-0.5m", "--dtype", "bfloat16", "--prompts", prompts,
                          "--max-length", 8192, "--threads", 2,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.results()["results"][0]["valid_lengths"], [8192])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
