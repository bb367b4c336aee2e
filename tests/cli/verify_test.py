#!/usr/bin/env python3
"""A result folder a year later: intact, and with each kind of change. Usage: verify_test.py PROGRAM SOURCE_DIR"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
NOBODY = 65534
NEXT = "the file was changed or damaged: take the one that headspec wrote"


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=600)


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def schema_complaints(schema, file):
    check = subprocess.run([sys.executable, SOURCE / "tests/schema_check.py", SOURCE / "docs" / schema, file],
                           capture_output=True, text=True)
    return "" if check.returncode == 0 else check.stdout + check.stderr


class VerifyTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.root = Path(cls.scratch.name)
        shutil.copytree(SOURCE / "data/nano", cls.root / "nano")
        manifest = (SOURCE / "experiments/nano-ladder.toml").read_text().replace("../data/nano", "nano")
        (cls.root / "ladder.toml").write_text(manifest)
        cls.ladder = cls.root / "ladder"
        done = run("run", cls.root / "ladder.toml", "-q", "--out", cls.ladder)
        assert done.returncode == 0, done.stderr

    def setUp(self):
        self.out = self.root / self.id().rsplit(".", 1)[-1]
        shutil.copytree(self.ladder, self.out)

    def restored(self, file):
        """The file, which gets its bytes back after the test."""
        content = file.read_bytes()
        self.addCleanup(file.write_bytes, content)
        return file

    def edit(self, name, change):
        file = self.out / name
        content = json.loads(file.read_text())
        change(content)
        file.write_text(json.dumps(content, indent=2, ensure_ascii=False))

    def trust_results(self):
        """As one who edits results.json would go on: its new hash in provenance.json."""
        file = self.out / "results.json"

        def change(provenance):
            record = next(o for o in provenance["outputs"] if o["name"] == "results.json")
            record.update(bytes=file.stat().st_size, sha256=sha256(file))
        self.edit("provenance.json", change)

    def verify(self, *arguments):
        done = run("verify", self.out, *arguments)
        self.assertEqual(done.stderr, "")
        self.lines = done.stdout.splitlines()
        return done

    def assert_differs(self, differing, *lines, arguments=()):
        """Exit 1; these are the differences, and the last line counts them."""
        done = self.verify(*arguments)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertEqual([line.strip() for line in self.lines if line.startswith("      ")], list(lines))
        self.assertRegex(self.lines[-1], rf"^DIFFERS: {differing} of [0-9]+ checks$")


class Intact(VerifyTest):
    def test_is_verified(self):
        done = self.verify()
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(self.lines[-1], "^VERIFIED: [0-9]+ checks$")
        self.assertEqual([line for line in self.lines[:-1] if "✓" not in line], ["Nano 0.5M", "Nano 1.5M", "Nano 4M"])
        self.assertEqual(sum("measured again: bit for bit" in line for line in self.lines), 3)

    def test_also_without_measuring_again(self):
        self.assertEqual(self.verify("--no-recompute").returncode, 0)
        self.assertRegex(self.lines[-1], "^VERIFIED: [0-9]+ checks, nothing measured again$")
        self.assertFalse(any("bit for bit" in line for line in self.lines))

    def test_json_lists_every_check(self):
        checks = json.loads(self.verify("--json").stdout)["checks"]
        for check in checks:
            self.assertEqual(list(check), ["what", "model", "ok", "expected", "found"])
            self.assertTrue(check["ok"], check)
        self.assertEqual({check["model"] for check in checks}, {None, "Nano 0.5M", "Nano 1.5M", "Nano 4M"})

    def test_other_threads_and_less_memory_change_nothing(self):
        self.assertEqual(self.verify("--threads", 1, "--activation-memory", 1).returncode, 0)

    def test_provenance_follows_the_schema_and_lists_every_file(self):
        self.assertEqual(schema_complaints("provenance.schema.json", self.out / "provenance.json"), "")
        self.assertEqual(schema_complaints("results.schema.json", self.out / "results.json"), "")
        provenance = json.loads((self.out / "provenance.json").read_text())
        names = {p.name for p in self.out.iterdir()}
        bundle, = (name for name in names if name.endswith(".zip"))
        self.assertEqual({o["name"] for o in provenance["outputs"]}, names - {"provenance.json", bundle})
        for output in provenance["outputs"]:
            self.assertEqual(output["sha256"], sha256(self.out / output["name"]))
        self.assertEqual(provenance["manifest"], (self.root / "ladder.toml").read_text())
        with zipfile.ZipFile(self.out / bundle) as archive:
            self.assertIn("provenance.json", archive.namelist())
        for model in provenance["models"]:
            weights = next(f for f in model["files"] if f["name"] == "model.safetensors")
            folder = self.root / "nano" / model["model"]
            self.assertEqual(model["folder"], str(folder))
            self.assertEqual(weights["hash"], "sha256:" + sha256(folder / "model.safetensors"))
            self.assertEqual([c["used"] for c in model["conversions"]], ["torch.bfloat16"])

    def test_measurement_alone(self):
        out = self.root / "measured"
        done = run("measure", self.root / "nano/nano-0.5m", "--dtype", "float32", "--out", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(schema_complaints("provenance.schema.json", out / "provenance.json"), "")
        self.assertIn(f"written to {out}\n  report.html   all of it to read and explore, in a browser\n  results.json  every number\n  and heads.npz, heads.csv, provenance.json\n", done.stdout)
        self.assertEqual(run("verify", out).returncode, 0)


    def test_every_target_is_held_to_its_bits(self):
        model = self.root / "nano/nano-0.5m"
        refusal = run("measure", model, "--cpu", "none", "-q", "--out", self.root / "none").stderr
        targets = re.search('expected one of: (.*); found "none"', refusal)[1].split(", ")
        products = {}
        for target in targets:
            out = self.root / f"on_{target}"
            done = run("measure", model, "--dtype", "bfloat16", "--cpu", target, "-q", "--out", out)
            self.assertEqual(done.returncode, 0, done.stderr)
            products[target] = json.loads((out / "results.json").read_text())["results"][0]["numerics"]["products"]
            done = run("verify", out)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn(f"measured again: bit for bit ({products[target]})", done.stdout)
        for target, product in products.items():
            fused = not target.startswith(("SSE", "SSSE", "EMU", "SCALAR"))
            self.assertEqual(product, target if target.endswith("-BF16") else "float32 fused multiply-add" if fused
                             else "float32 multiply and add")


class Changed(VerifyTest):
    def test_byte_of_the_weights(self):
        weights = self.restored(self.root / "nano/nano-0.5m/model.safetensors")
        before = sha256(weights)
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
        self.assert_differs(1, f"model.safetensors: expected sha256:{before}, found sha256:{sha256(weights)}",
                            arguments=["--no-recompute"])
        self.assertEqual(self.verify().returncode, 1)

    def test_tokenizer(self):
        tokenizer = self.restored(self.root / "nano/nano-4m/tokenizer.json")
        content = tokenizer.read_text().replace('"add_prefix_space": true', '"add_prefix_space":true ', 1)
        before = sha256(tokenizer)
        tokenizer.write_text(content)
        self.assert_differs(1, f"tokenizer.json: expected sha256:{before}, found sha256:{sha256(tokenizer)}")

    def test_model_that_is_gone(self):
        folder = self.root / "nano/nano-1.5m"
        folder.rename(self.root / "elsewhere")
        self.addCleanup((self.root / "elsewhere").rename, folder)
        self.assert_differs(1, f"folder: expected {folder}, found no such folder")

    def test_edited_index(self):
        honest = json.loads((self.out / "results.json").read_text())["results"][0]["si_mean"]
        self.edit("results.json", lambda r: r["results"][0].update(si_mean=0.33))
        self.trust_results()
        done = self.verify()
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"      index: expected {honest}, found 0.33", self.lines)
        self.assertIn("  ✗ statistics  1 of 12 differ", self.lines)
        self.assertIn("✗ trend       2 of 2 differ", self.lines)
        self.assertIn("✗ verdict     3 of 3 differ", self.lines)

    def test_edited_statistics(self):
        def change(results):
            statistics = results["results"][0]["statistics"]
            statistics["permutation_null"]["p"] = 0.001
            statistics["bootstrap"]["bca_95"][0] += 1e-15
            statistics["readings"]["null"] = "SI shows which head is which"
            results["trend"]["on_log_size"]["slope"] *= 1.5
            results["readings"].pop()
        self.edit("results.json", change)
        self.trust_results()
        self.assert_differs(5, *[f"{what}: expected what the stored entropies give, found other values" for what in
                                 ("trend", "readings", "permutation null", "bootstrap over prompts", "readings")],
                            arguments=["--no-recompute"])

    def test_edited_results_without_care(self):
        before = sha256(self.out / "results.json")
        self.edit("results.json", lambda r: r.update(purpose="another"))
        done = self.verify()
        self.assertEqual(done.returncode, 1)
        self.assertRegex(self.lines[1], "^      results.json: expected [0-9]+ bytes, found [0-9]+ bytes$")
        text = (self.ladder / "results.json").read_text()
        (self.out / "results.json").write_text(text.replace("20", "21", 1))
        self.assert_differs(1, f"results.json: expected sha256:{before}, found sha256:{sha256(self.out / 'results.json')}")

    def test_edited_entropy(self):
        def change(results):
            results["results"][1]["head_entropies_per_prompt"][2][3][4] = 0.5
        honest = json.loads((self.out / "results.json").read_text())["results"][1]["head_entropies_per_prompt"][2][3][4]
        self.edit("results.json", change)
        self.trust_results()
        self.assertEqual(self.verify().returncode, 1)
        self.assertIn("      head means: expected what the stored entropies give, found other values", self.lines)
        self.assertIn(f"      prompt 3: expected layer 3, head 4: 0.5, found {honest}", self.lines)
        self.assertIn("  ✗ entropies   1 of 21 differ", self.lines)

    def test_edited_token_id(self):
        honest = json.loads((self.out / "results.json").read_text())["results"][2]["token_ids"][0][1]
        self.edit("results.json", lambda r: r["results"][2]["token_ids"][0].__setitem__(1, honest + 1))
        self.trust_results()
        self.assert_differs(2, "token ids: expected those of results.json, found others",
                            f"prompt 1: expected token 2: {honest + 1}, found {honest}")

    def test_edited_prompts(self):
        md5 = json.loads((self.out / "results.json").read_text())["methodology"]["prompt_md5"]
        self.edit("results.json", lambda r: r["prompts_text"].__setitem__(0, "Another"))
        self.trust_results()
        self.assertEqual(self.verify().returncode, 1)
        self.assertEqual(self.lines[1], "✗ prompts     1 of 3 differ")
        self.assertRegex(self.lines[2], f"^      MD5 of prompts_text: expected {md5}, found [0-9a-f]{{32}}$")
        self.assertEqual(sum(line.startswith("  ✗ tokens") for line in self.lines), 3)

    def test_edited_figure_and_lost_manifest(self):
        (self.out / "manifest.toml").unlink()
        data = self.out / "figure.dat"
        before = sha256(data)
        data.write_text(data.read_text().replace("0", "1", 1))
        size = (self.ladder / "manifest.toml").stat().st_size
        self.assert_differs(2, f"figure.dat: expected sha256:{before}, found sha256:{sha256(data)}",
                            f"manifest.toml: expected {size} bytes, found no such file", arguments=["--no-recompute"])

    def test_json_names_the_difference(self):
        (self.out / "figure.gp").unlink()
        done = self.verify("--json", "--no-recompute")
        self.assertEqual(done.returncode, 1)
        failed = [check for check in json.loads(done.stdout)["checks"] if not check["ok"]]
        size = (self.ladder / "figure.gp").stat().st_size
        self.assertEqual(failed, [{"what": "outputs: figure.gp", "model": None, "ok": False, "expected": f"{size} bytes",
                                   "found": "no such file"}])

    def test_quiet_shows_only_differences(self):
        self.edit("results.json", lambda r: r["results"][1].update(si_std=0.5))
        self.trust_results()
        self.assertEqual(self.verify("-q", "--no-recompute").returncode, 1)
        self.assertEqual(self.lines[:-1], ["Nano 1.5M", "  ✗ statistics  1 of 12 differ",
                                           "      deviation of the index: expected 0, found 0.5"])

    def test_file_that_cannot_be_read(self):
        weights = self.root / "nano/nano-0.5m/model.safetensors"
        weights.chmod(0)
        self.addCleanup(weights.chmod, 0o644)
        options = {"user": NOBODY} if os.geteuid() == 0 else {}
        self.root.chmod(0o755)
        done = subprocess.run([PROGRAM, "verify", self.out], capture_output=True, text=True, **options)
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertEqual(done.stderr, f"headspec: {weights}: cannot be read (Permission denied); check the path and its "
                                      "permissions\n")

    def test_no_result_folder(self):
        for name in ("provenance.json", "results.json"):
            (self.out / name).unlink()
            done = run("verify", self.out)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stderr, f"headspec: {self.out}: no {name} in it; give a folder that headspec run or "
                                          "measure wrote\n")

    def test_damaged_files(self):
        (self.out / "results.json").write_text("{")
        done = run("verify", self.out)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, rf"^headspec: {self.out}/results\.json: not JSON \(.*\); {NEXT}\n$")
        shutil.copy(self.ladder / "results.json", self.out)
        self.edit("provenance.json", lambda p: p["outputs"][0].update(name="../../etc/passwd"))
        done = run("verify", self.out)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, f"headspec: {self.out}/provenance.json: $.outputs[0].name: expected a plain file name, "
                                      f'found "../../etc/passwd"; {NEXT}\n')


class Mixed(VerifyTest):
    WITH_BOS = ("this ladder mixes models with a beginning-of-sequence token (Nano 4M) and without (Nano 0.5M, Nano 1.5M): "
                "the attention sink falls on BOS in the one and on the first word in the other; compare them with care")
    WITH_TEMPLATE = ("this ladder mixes models with a chat template (Nano 1.5M) and without (Nano 0.5M, Nano 4M): models tuned "
                     "for conversation and base models differ in more than size; compare them with care")

    def setUp(self):
        super().setUp()
        template = self.root / "nano/nano-1.5m/chat_template.jinja"
        template.write_text("{{ messages[0].content }}")
        self.addCleanup(template.unlink)
        file = self.restored(self.root / "nano/nano-4m/tokenizer.json")
        tokenizer = json.loads(file.read_text())
        bos = "<|endoftext|>"
        ids = [t["id"] for t in tokenizer["added_tokens"] if t["content"] == bos]
        sequence = {name: {"Sequence": {"id": name, "type_id": 0}} for name in "AB"}
        special = {"SpecialToken": {"id": bos, "type_id": 0}}
        tokenizer["post_processor"] = {
            "type": "TemplateProcessing", "single": [special, sequence["A"]],
            "pair": [special, sequence["A"], sequence["B"]],
            "special_tokens": {bos: {"id": bos, "ids": ids, "tokens": [bos]}}}
        file.write_text(json.dumps(tokenizer))
        self.mixed = self.root / (self.out.name + "_mixed")

    def test_is_measured_with_a_warning_everywhere(self):
        done = run("run", self.root / "ladder.toml", "--out", self.mixed)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads((self.mixed / "results.json").read_text())
        self.assertEqual(results["warnings"], [self.WITH_BOS, self.WITH_TEMPLATE])
        self.assertEqual(json.loads((self.mixed / "provenance.json").read_text())["warnings"], results["warnings"])
        for warning in results["warnings"]:
            self.assertIn(f"\n⚠ {warning}\n", done.stdout)
            self.assertIn(f"# warning: {warning}\n", (self.mixed / "figure.dat").read_text())
        self.assertRegex((self.mixed / "figure.gp").read_text(), r"foot_note = 'Note: this ladder mixes")
        self.assertEqual(schema_complaints("results.schema.json", self.mixed / "results.json"), "")
        models = [model["provenance"] for model in results["results"]]
        self.assertEqual([m["adds_bos"] for m in models], [False, False, True])
        self.assertEqual([m["has_chat_template"] for m in models], [False, True, False])
        self.assertEqual(models[1]["chat_template_sha256"], hashlib.sha256(b"{{ messages[0].content }}").hexdigest())
        self.assertEqual(run("verify", self.mixed).returncode, 0)

    def test_strict_refuses_it(self):
        error = f"headspec: --strict: {self.WITH_BOS}; {self.WITH_TEMPLATE}; measure them apart, or leave out --strict\n"
        done = run("run", self.root / "ladder.toml", "--strict", "--out", self.mixed)
        self.assertEqual((done.returncode, done.stderr), (2, error))
        self.assertFalse(self.mixed.exists())
        models = [self.root / "nano" / name for name in ("nano-0.5m", "nano-1.5m")]
        done = run("measure", *models, "--json", "--out", self.root / "mixed_json")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: this ladder mixes models with a chat template (nano-1.5m) and without (nano-0.5m)", done.stderr)
        done = run("measure", *models, "--strict", "--chat-template", "-q", "--out", self.mixed)
        self.assertEqual(done.returncode, 2)
        self.assertIn("with their chat template applied (nano-1.5m) and without (nano-0.5m)", done.stderr)
        self.assertFalse(self.mixed.exists())

    def test_strict_lets_one_kind_pass(self):
        done = run("measure", self.root / "nano/nano-4m", "--strict", "-q", "--out", self.mixed)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_measured_with_a_template_verifies(self):
        done = run("measure", self.root / "nano/nano-1.5m", "--chat-template", "-q", "--out", self.mixed)
        self.assertEqual(done.returncode, 0, done.stderr)
        provenance = json.loads((self.mixed / "provenance.json").read_text())["models"][0]
        self.assertTrue(provenance["chat_template_applied"])
        self.assertEqual(run("verify", self.mixed).returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
