#!/usr/bin/env python3
"""Installs headspec into an empty folder, builds examples/ against it, and holds what they print to the program's
results. Usage: install_test.py PROGRAM SOURCE_DIR BUILD_DIR COMPILER"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, SOURCE, BUILD, COMPILER = (Path(argument) for argument in sys.argv[1:5])
NANO = SOURCE / "data" / "nano" / "nano-0.5m"


def run(*command, **options):
    process = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if process.returncode != 0:
        raise AssertionError(f"{command}: {process.stdout}{process.stderr}")
    return process.stdout


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        folder = Path(cls.scratch.name)
        os.environ["HEADSPEC_CACHE"] = str(folder / "cache")
        cls.prefix, cls.examples = folder / "prefix", folder / "examples"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)
        run("cmake", "-S", SOURCE / "examples", "-B", cls.examples, f"-DCMAKE_PREFIX_PATH={cls.prefix}",
            f"-DCMAKE_CXX_COMPILER={COMPILER}")
        run("cmake", "--build", cls.examples)
        cls.results = json.loads(run(PROGRAM, "measure", NANO, "--json", "--out", folder / "out"))["results"][0]

    def test_measure(self):
        out = run(self.examples / "measure", NANO)
        heads = self.results["head_entropies"]
        self.assertIn(f"nano-0.5m: SI {self.results['si_mean']:.4f}, 4 layers x 6 heads\n", out)
        low, high = self.results["statistics"]["bootstrap"]["bca_95"]
        self.assertIn(f"95 % of resampled prompts: {low:.4f} to {high:.4f}\n", out)
        for layer, row in enumerate(heads):
            self.assertIn(f"layer {layer}: " + " ".join(f"{entropy:.4f}" for entropy in row) + "\n", out)

    def test_own_metric(self):
        """The share of attention to the query's own position, held to the attention that the program keeps."""
        printed = re.fullmatch(r"layer 0, head 0: (\d\.\d{4})\n", run(self.examples / "own_metric", NANO))
        out = Path(self.scratch.name) / "kept"
        run(PROGRAM, "measure", NANO, "--keep-attention", "--out", out)
        self.assertAlmostEqual(float(printed[1]), self.self_attention(out / "attention.npz"), delta=1 / 510 + 5e-5)

    def self_attention(self, archive):
        import zipfile
        shares = []
        with zipfile.ZipFile(archive) as arrays:
            for prompt, tokens in enumerate(self.results["valid_lengths"]):
                name, = [name for name in arrays.namelist() if name.endswith(f"/prompt_{prompt}.npy")]
                head = arrays.read(name)[-4 * 6 * tokens * tokens:][:tokens * tokens]
                shares.append(sum(head[query * (tokens + 1)] for query in range(tokens)) / 255 / tokens)
        return sum(shares) / len(shares)

    def test_a_missing_model_is_one_line(self):
        process = subprocess.run([self.examples / "measure", self.prefix / "nothing"], capture_output=True, text=True)
        self.assertEqual((process.returncode, process.stdout), (3, ""))
        self.assertEqual(process.stderr.count("\n"), 1)
        self.assertIn("no such folder", process.stderr)

    def test_the_installed_program_finds_its_data(self):
        folder = Path(self.scratch.name) / "ladder"
        out = run(self.prefix / "bin" / "headspec", "run", "-q", "--out", folder, cwd=self.scratch.name)
        self.assertIn("FINAL VERDICT: SIZE_CONFOUND_DETECTED", out)
        models = json.loads((folder / "results.json").read_text())["results"]
        folders = [Path(model["provenance"]["folder"]) for model in models]
        self.assertEqual([folder.relative_to(self.prefix.resolve()).parts[0] for folder in folders], ["share"] * 3)

    def test_the_library_shows_the_door_only(self):
        library, = self.prefix.rglob("libheadspec.so.*.*.*")
        names = run("nm", "-DC", "--defined-only", library).splitlines()
        symbols = [line.split(" ", 2)[2] for line in names]
        self.assertTrue(any(symbol.startswith("headspec::Measure(") for symbol in symbols))
        # Names of the standard library's templates over types of the rooms stay visible; they are weak.
        rooms = re.compile(r"headspec::(core|hub|checkpoint|text|model|engine|metrics|experiment|report)::|headspec_hf")
        self.assertEqual([symbol for symbol in symbols if rooms.match(symbol)], [])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
