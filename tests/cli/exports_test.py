#!/usr/bin/env python3
"""heads.npz and heads.csv as numpy and pandas read them, with the code of docs/figures.md.
Usage: exports_test.py PROGRAM SOURCE_DIR. Skipped (77) without both packages."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import own_cache  # noqa: F401

try:
    import numpy as np
    import pandas as pd
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

PROGRAM, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
SNIPPETS = re.findall(r"^```python\n(.*?)^```", (SOURCE / "docs/figures.md").read_text(), re.M | re.S)
AWKWARD = 'a, "b"\nc; ü'


def table(rows):
    """Of results.json: null is NaN."""
    return np.array(rows, dtype=float)


class Exports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = Path(cls.scratch.name)
        # A name that a CSV file has to quote, and a model with grouped queries.
        (cls.root / AWKWARD).symlink_to(SOURCE / "data/nano/nano-0.5m")
        (cls.root / "gqa").symlink_to(SOURCE / "tests/golden/checkpoints/phi-gqa-qknorm-fp16")
        # A single token has no previous token to repeat: duplicate_token is nowhere defined.
        (cls.root / "prompts.json").write_text(json.dumps(["a", "b"]))
        for out, models, more in (("ladder", [AWKWARD, "gqa", "missing"], []),
                                  ("short", ["gqa"], ["--prompts", "prompts.json"])):
            done = subprocess.run([PROGRAM, "measure", *models, "--dtype", "float32", "--out", out, *more], cwd=cls.root,
                                  capture_output=True, text=True, timeout=600)
            assert (cls.root / out / "results.json").exists(), done.stderr
        cls.results = json.loads((cls.root / "ladder/results.json").read_text())["results"]

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def documented(self, snippet):
        before = os.getcwd()
        os.chdir(self.root)
        try:
            names = {}
            exec(compile(snippet, "docs/figures.md", "exec"), names)
            return names
        finally:
            os.chdir(before)

    def test_documented_pivot_is_the_head_maps(self):
        maps = self.documented(SNIPPETS[0])["maps"]
        self.assertEqual(len(set(maps.index.get_level_values("model"))), 2)
        for model in self.results[:2]:
            name = " ".join(model["model"].split("\n"))
            entropies = table(model["head_entropies"])
            found = maps.loc[name].to_numpy()[:, :entropies.shape[1]]
            np.testing.assert_array_equal(found, entropies)

    def test_csv_has_types_names_and_gaps(self):
        frame = pd.read_csv(self.root / "ladder/heads.csv")
        self.assertEqual(list(frame), ["model", "layer", "head", "metric", "value"])
        self.assertEqual([str(frame[name].dtype) for name in ("layer", "head", "value")], ["int64", "int64", "float64"])
        self.assertEqual(set(frame.model), {AWKWARD.replace("\n", " "), "gqa"})
        self.assertFalse(frame.duplicated(["model", "metric", "layer", "head"]).any())
        for model in self.results[:2]:
            of_model = frame[frame.model == model["model"].replace("\n", " ")]
            for metric, rows in model["head_metrics"].items():
                values = table(rows)
                found = of_model[of_model.metric == metric].pivot(index="layer", columns="head", values="value")
                self.assertEqual(list(found.index), list(range(values.shape[0])))
                self.assertEqual(list(found.columns), list(range(values.shape[1])))
                np.testing.assert_array_equal(found.to_numpy(), values)
        short = pd.read_csv(self.root / "short/heads.csv")
        self.assertTrue(short[short.metric == "duplicate_token"].value.isna().all())
        self.assertFalse(short[short.metric == "received_entropy"].value.isna().any())

    def test_documented_arrays_are_the_results(self):
        first = self.documented(SNIPPETS[1])["first"]
        model = self.results[0]
        self.assertEqual(str(first["name"]), AWKWARD.replace("\n", " "))
        self.assertEqual(first["si"], model["si_mean"])
        np.testing.assert_array_equal(first["entropies"], table(model["head_entropies"]))
        np.testing.assert_array_equal(first["prompts"], table(model["head_entropies_per_prompt"]))

    def test_npz_has_shapes_and_types(self):
        arrays = np.load(self.root / "ladder/heads.npz", allow_pickle=False)
        self.assertEqual(arrays["models"].shape, (3,))
        self.assertEqual(arrays["models"].dtype.kind, "U")
        self.assertTrue(np.isnan(arrays["si"][2]), "the model that failed")
        self.assertFalse(any(name.startswith("2/") for name in arrays.files))
        for number, model in enumerate(self.results[:2]):
            layers, heads, prompts = model["num_layers"], model["num_heads"], len(model["token_ids"])
            shapes = {"head_entropies": (layers, heads), "head_entropies_per_prompt": (prompts, layers, heads),
                      "sink_mass": (layers, heads), "sink_mass_per_prompt": (prompts, layers, heads),
                      "head_correlation": (heads, heads), "max_abs_score": (layers,), "valid_lengths": (prompts,),
                      "token_ids": (sum(model["valid_lengths"]),)}
            for name, shape in shapes.items():
                array = arrays[f"{number}/{name}"]
                self.assertEqual(array.shape, shape, name)
                self.assertEqual(array.dtype, np.int64 if name in ("valid_lengths", "token_ids") else np.float64, name)
            for metric, rows in model["head_metrics"].items():
                np.testing.assert_array_equal(arrays[f"{number}/{metric}"], table(rows))
            np.testing.assert_array_equal(arrays[f"{number}/head_correlation"],
                                          table(model["statistics"]["head_correlation"]))
        groups = arrays["1/received_entropy_kv_groups"]
        self.assertEqual(groups.shape, (self.results[1]["num_layers"], self.results[1]["num_kv_heads"]))
        np.testing.assert_array_equal(groups, table(self.results[1]["kv_group_means"]["received_entropy"]))
        short = np.load(self.root / "short/heads.npz", allow_pickle=False)
        self.assertTrue(np.isnan(short["0/duplicate_token"]).all())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
