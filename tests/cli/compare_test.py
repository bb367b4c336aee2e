#!/usr/bin/env python3
"""End to end: pairs of models and of stored results, every output parsed. Usage: compare_test.py PROGRAM SOURCE_DIR"""
import json
import re

from hostile import GOLDEN, SOURCE, HostileTest, main

PUBLISHED = SOURCE / "tests/data/published"
LLAMA = PUBLISHED / "E11T_gqa_comparison_20260113_181926.json"
FIGURE = {"figure.png", "figure.svg", "figure.pdf", "figure.gp", "figure.dat"}


class Compare(HostileTest):
    def compare(self, *arguments):
        done = self.run_program("compare", *arguments, "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return done.stdout.decode(), json.loads((self.out / "results.json").read_text())

    def measured(self, name, *arguments):
        done = self.start("measure", self.model(name, name), "--dtype", "float32", "-q", "--out", self.dir / f"of-{name}", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        return self.dir / f"of-{name}" / "results.json"

    def test_published_pair(self):
        text, results = self.compare(LLAMA)
        self.assertIn("VERDICT: A_CONFIRMED\n", text)
        self.assertIn("note: two of the three criteria are one fact", text)
        self.assertIn("it reflects a change over depth, not of particular heads", text)
        published = json.loads(LLAMA.read_text())
        for role in ("base", "instruct"):
            found, stated = results["results"][role], published["results"][role]
            self.assertLessEqual(set(stated["specialization"]), set(found["specialization"]))
            self.assertLessEqual(set(stated["gqa_metrics"]), set(found["gqa_metrics"]))
            for key, value in stated["specialization"].items():
                if isinstance(value, (int, float)):
                    self.assertAlmostEqual(found["specialization"][key], value, delta=1e-9, msg=key)
        verdict = published["results"]["verdict"]
        self.assertLessEqual(set(verdict), set(results["results"]["verdict"]))
        for key, value in verdict.items():
            if isinstance(value, float):
                self.assertAlmostEqual(results["results"]["verdict"][key], value, delta=1e-9, msg=key)
            else:
                self.assertEqual(results["results"]["verdict"][key], value)
        self.assertEqual({file.name for file in self.out.iterdir()}, FIGURE | {"results.json", "report.html", "provenance.json"})
        self.assertTrue(text.endswith("\n  report.html   all of it to read and explore, in a browser\n  results.json  every number\n  figure.png    also .svg and .pdf\n  and figure.gp, figure.dat, provenance.json\n"), text)
        self.assertNotIn("NaN", (self.out / "results.json").read_text())

    def test_reads_its_own_results(self):
        first = self.start("compare", LLAMA, "--json", "--out", self.dir / "first")
        second = self.start("compare", self.dir / "first" / "results.json", "--json", "--out", self.dir / "second")
        first, second = json.loads(first.stdout), json.loads(second.stdout)
        self.assertEqual(first["results"]["verdict"], second["results"]["verdict"])
        self.assertEqual(first["statistics"], second["statistics"])

    def test_models_and_stored_results_agree(self):
        base, tuned = self.measured("phi-mha"), self.measured("phi-rope-linear")
        text, results = self.compare(base, tuned)
        self.assertIn("excludes 0" if "excludes 0" in text else "includes 0", text)
        again = self.start("compare", self.dir / "phi-mha", tuned, "--dtype", "float32", "--json", "--out", self.dir / "mixed")
        self.assertEqual(again.returncode, 0, again.stderr.decode())
        mixed = json.loads(again.stdout)
        self.assertEqual(mixed["results"]["verdict"], results["results"]["verdict"])
        self.assertEqual(mixed["statistics"], results["statistics"])
        self.assertIn("bootstrap", mixed["statistics"]["delta_specialization"])
        measured = json.loads((self.dir / "mixed" / "measured.json").read_text())
        self.assertEqual(measured["results"][0]["head_entropies"], mixed["results"]["base"]["entropies"])

    def test_padding_is_shown_with_and_without(self):
        arguments = [self.model("phi-mha", "a"), self.model("phi-rope-linear", "b"), "--dtype", "float32", "--max-length", "48",
                     "--padding", "max-length"]
        sides = {}
        for side in ("left", "right"):
            done = self.start("compare", *arguments, "--padding-side", side, "--json", "--out", self.dir / side)
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            sides[side] = json.loads(done.stdout)
            self.assertEqual(sides[side]["methodology"]["padding"], f"max-length-{side}")
            self.assertEqual(sides[side]["without_padding"]["base_padding_side"], side)
        plain = json.loads(self.start("compare", *arguments[:-2], "--json", "--out", self.dir / "plain").stdout)
        self.assertNotIn("without_padding", plain)
        self.assertEqual(plain["methodology"]["padding"], "none")
        index = [r["results"]["base"]["specialization"]["specialization_index"] for r in (plain, sides["left"], sides["right"])]
        self.assertEqual(len(set(index)), 3)  # no padding shares another's kept pass
        for side in sides.values():
            self.assertEqual(side["without_padding"]["base_specialization_index"], index[0])

    def test_padded_results_verify(self):
        padded = self.measured("phi-mha", "--padding", "max-length", "--max-length", "48")
        model = json.loads(padded.read_text())["results"][0]
        self.assertEqual(model["padding"]["side"], "right")
        self.assertEqual(model["padding"]["length"], 48)
        self.assertLess(max(model["valid_lengths"]), 49)
        done = self.start("verify", padded.parent)
        self.assertEqual(done.returncode, 0, done.stdout.decode() + done.stderr.decode())

    def test_different_depths_have_no_difference_of_maps(self):
        base, tuned = self.measured("phi-mha"), self.measured("phi-two-shards")
        text, results = self.compare(base, tuned)
        self.assertIn("note: no difference of the head maps: base has 4 layers x 4 heads, tuned has 3 x 4\n", text)
        self.assertEqual({file.name for file in self.out.iterdir()}, FIGURE | {"results.json", "report.html", "provenance.json"})

    def refused(self, code, error, *arguments):
        self.assert_fails(code, error, "compare", *arguments, "-q", "--out", self.out)

    def test_refusals(self):
        one = self.measured("phi-mha")
        other = json.loads(one.read_text())
        other["methodology"]["prompt_md5"] = "0" * 32
        other = self.write("other.json", json.dumps(other))
        md5 = json.loads(one.read_text())["methodology"]["prompt_md5"]
        self.refused(2, f"base and tuned have different prompts: expected MD5 {md5} ({one}), found {'0' * 32} ({other}); measure both with the "
                        "same --prompts", one, other)
        self.refused(2, f"{one}: expected the results of two models, found 1 (phi-mha); name the tuned model too", one)
        self.refused(2, f"{GOLDEN / 'phi-mha'}: a base model without a tuned one; name both, or a file that holds the results of both",
                     GOLDEN / "phi-mha")
        nan = json.loads(one.read_text())
        nan["results"][0]["head_entropies"][1][2] = None
        nan = self.write("nan.json", json.dumps(nan))
        self.refused(2, f"{nan}: /results/0/head_entropies: layer 1, head 2: expected a number, found null; give JSON with an \"entropies\" matrix "
                        "(layers by heads), .npy or .npz", nan, one)
        nothing = self.write("nothing.json", "{}")
        self.refused(2, f"{nothing}: no entropies in it; give JSON with an \"entropies\" matrix (layers by heads), .npy or .npz", nothing, one)
        self.refused(3, f"{self.dir}/none: no such folder; give a folder that holds a Hugging Face checkpoint, or org/name", self.dir / "none", one)


if __name__ == "__main__":
    main()
