#!/usr/bin/env python3
"""--keep-attention and the roles of tokens, end to end. Usage: attention_test.py PROGRAM SOURCE_DIR"""
import ast
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import own_cache  # noqa: F401

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
CHECKPOINTS = SOURCE / "tests/golden/checkpoints"
MODEL = CHECKPOINTS / "phi-mha"
SIZE = "--keep-attention: 521.5 kB for phi-mha: 4 layers x 4 heads x 10 prompts\n"


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=600)


def read_attention(file):
    """{"0/prompt_0": (shape, bytes)} of an archive of uint8 arrays."""
    arrays = {}
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            length, = struct.unpack("<H", data[8:10])
            header = ast.literal_eval(data[10:10 + length].decode())
            assert (header["descr"], header["fortran_order"]) == ("|u1", False), header
            arrays[name.removesuffix(".npy")] = header["shape"], data[10 + length:]
    return arrays


def reference_attention(checkpoint):
    """float32 probabilities of the first prompt, flat, (layers, heads, T, T)."""
    data = (checkpoint / "attention.safetensors").read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header, values = json.loads(data[8:8 + length]), []
    for layer in range(len(header)):
        if f"float32.layer.{layer}" in header:
            begin, end = (8 + length + at for at in header[f"float32.layer.{layer}"]["data_offsets"])
            values += struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
    return values


def schema_complaints(file):
    check = subprocess.run([sys.executable, SOURCE / "tests/schema_check.py", SOURCE / "docs/results.schema.json", file],
                           capture_output=True, text=True)
    return "" if check.returncode == 0 else check.stdout + check.stderr


class AttentionTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)
        self.out = self.root / "out"

    def assert_arrays_of(self, arrays, results):
        """Shapes are those of the results, masked keys 0, and every row adds up to 1 as far as bytes do."""
        expected = {f"{i}/prompt_{p}": (m["num_layers"], m["num_heads"], t, t)
                    for i, m in enumerate(results["results"]) for p, t in enumerate(m["valid_lengths"])}
        self.assertEqual({name: shape for name, (shape, _) in arrays.items()}, expected)
        for name, (shape, data) in arrays.items():
            tokens = shape[-1]
            self.assertEqual(len(data), shape[0] * shape[1] * tokens * tokens)
            for row in range(len(data) // tokens):
                weights = data[row * tokens:(row + 1) * tokens]
                self.assertEqual(set(weights[row % tokens + 1:]) - {0}, set(), name)
                self.assertLessEqual(abs(sum(weights) / 255 - 1), tokens / 510, name)

    def test_measure_keeps_the_references_attention(self):
        done = run("measure", MODEL, "--dtype", "float32", "--keep-attention", "--out", self.out)
        self.assertEqual((done.returncode, done.stderr), (0, SIZE))
        self.assertRegex(done.stdout, rf"written to {self.out}\n(  .*\n)*  and .*attention\.npz")
        arrays = read_attention(self.out / "attention.npz")
        self.assert_arrays_of(arrays, json.loads((self.out / "results.json").read_text()))
        self.assertEqual(sum(len(data) for _, data in arrays.values()), 521456)
        reference, (_, data) = reference_attention(MODEL), arrays["0/prompt_0"]
        self.assertEqual(len(data), len(reference))
        for byte, weight in zip(data, reference):
            self.assertLessEqual(abs(byte / 255 - weight), 1 / 510 + 1e-5)
        self.assertIn("attention.npz", {o["name"] for o in json.loads((self.out / "provenance.json").read_text())["outputs"]})
        self.assertEqual(run("verify", self.out).returncode, 0)
        content = bytearray((self.out / "attention.npz").read_bytes())
        content[-1] ^= 1
        (self.out / "attention.npz").write_bytes(content)
        self.assertIn("attention.npz: expected sha256:", run("verify", self.out, "--no-recompute").stdout)

    def test_nothing_is_written_unasked(self):
        self.assertEqual(run("measure", MODEL, "--dtype", "float32", "--out", self.out).stderr, "")
        self.assertFalse((self.out / "attention.npz").exists())

    def test_run_bundles_it_by_option_and_by_manifest(self):
        done = run("run", "--keep-attention", "--out", self.out, "-q")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assert_arrays_of(read_attention(self.out / "attention.npz"), json.loads((self.out / "results.json").read_text()))
        bundle, = self.out.glob("*.zip")
        with zipfile.ZipFile(bundle) as archive:
            self.assertEqual(archive.read("attention.npz"), (self.out / "attention.npz").read_bytes())
        shutil.copytree(SOURCE / "data/nano", self.root / "nano")
        manifest = (SOURCE / "experiments/nano-ladder.toml").read_text().replace("../data/nano", "nano")
        (self.root / "m.toml").write_text(manifest.replace("[protocol]\n", "[protocol]\nkeep_attention = true\nattention_limit = 4\n"))
        done = run("run", self.root / "m.toml", "--out", self.root / "again")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("--keep-attention: "), 3)
        self.assertEqual((self.root / "again/attention.npz").read_bytes(), (self.out / "attention.npz").read_bytes())
        done = run("run", self.root / "m.toml", "--attention-limit", "2", "--out", self.root / "refused")
        self.assertEqual((done.returncode, done.stdout.count("SANITY")), (2, 0))
        self.assertEqual(done.stderr.splitlines()[-1], "headspec: --keep-attention: expected at most 2.0 MB "
                         "(--attention-limit), found 3.5 MB for 3 models; measure fewer prompts, lower --max-length, or "
                         "raise --attention-limit")
        self.assertFalse((self.root / "refused").exists())

    def test_compare_keeps_it_of_what_it_measures(self):
        done = run("compare", MODEL, CHECKPOINTS / "phi-rope-linear", "--dtype", "float32", "--keep-attention", "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(done.stderr.startswith(SIZE), done.stderr)
        self.assert_arrays_of(read_attention(self.out / "attention.npz"), json.loads((self.out / "measured.json").read_text()))

    def test_refusals_are_one_line(self):
        (self.root / "p.json").write_text(json.dumps(["word " * 200] * 30))
        for code, message, arguments in (
                (2, "headspec: --keep-attention: expected at most 1.0 MB (--attention-limit), found 7.9 MB for phi-mha: 4 "
                    "layers x 4 heads x 30 prompts; measure fewer prompts, lower --max-length, or raise --attention-limit",
                 ("--keep-attention", "--attention-limit", 1, "--prompts", self.root / "p.json")),
                (2, "headspec: --attention-limit: no attention is kept; add --keep-attention, or leave it out",
                 ("--attention-limit", 1)),
                (2, "headspec: --keep-attention: keeps the attention of prompts without padding, found --padding max-length; "
                    "leave one of them out", ("--keep-attention", "--padding", "max-length"))):
            done = run("measure", MODEL, "--dtype", "float32", *arguments, "--out", self.out)
            self.assertEqual((done.returncode, done.stderr.splitlines()[-1]), (code, message))
            self.assertFalse(self.out.exists())

    def test_roles_of_tokens(self):
        model = self.root / "m"
        shutil.copytree(MODEL, model)
        config = json.loads((model / "tokenizer_config.json").read_text())
        config["chat_template"] = "{{ bos_token }}s:{{ messages[0]['content'] }}!"
        (model / "tokenizer_config.json").unlink()
        (model / "tokenizer_config.json").write_text(json.dumps(config))
        (self.root / "p.json").write_text(json.dumps(["it is"]))
        options = ("--prompts", self.root / "p.json", "--chat-template")
        shown = run("inspect", model, *options)
        self.assertIn(" {bos <|endoftext|>} {template s :} it Ġis {template !}\n", shown.stdout)
        roles = ["bos", "template", "template", "text", "text", "template"]
        self.assertEqual(json.loads(run("inspect", model, *options, "--json").stdout)["token_roles"], [roles])
        done = run("measure", model, "--dtype", "float32", *options, "--out", self.out)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(schema_complaints(self.out / "results.json"), "")
        results = json.loads((self.out / "results.json").read_text())
        self.assertEqual(results["results"][0]["token_roles"], [roles])
        keys = list(results["results"][0])
        self.assertEqual(keys[keys.index("tokens") + 1], "token_roles")
        self.assertEqual(run("verify", self.out).returncode, 0)
        text = (self.out / "results.json").read_text()
        for change, message in ((lambda r: r[0].__setitem__(1, "text"), "roles of prompt 1: expected token 2: text, found template"),
                                (None, None)):
            if change is None:  # as older files are
                del results["results"][0]["token_roles"]
            else:
                change(results["results"][0]["token_roles"])
            (self.out / "results.json").write_text(json.dumps(results))
            done = run("verify", self.out)
            self.assertEqual(done.returncode, 1)  # of the file's hash, at least
            self.assertEqual("roles of prompt" in done.stdout, message is not None, done.stdout)
            self.assertIn(message or "results.json", done.stdout)
        (self.out / "results.json").write_text(text)
        self.assertEqual(run("verify", self.out).returncode, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
