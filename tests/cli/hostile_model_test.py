#!/usr/bin/env python3
"""Broken model folders: the one line on stderr, the exit code, and nothing left behind.

Usage: hostile_model_test.py PROGRAM SOURCE_DIR [unittest arguments]
"""
import json
import os
import re
import shutil
import struct
import subprocess
import unittest

from hostile import POINTER, PROGRAM, SOURCE, HostileTest, main

DOWNLOAD = "; download the file again or correct it"
OTHER_MODEL = "; config.json and the weights belong to different models, or the file is damaged"
DAMAGED = "; the file is damaged or its writer is at fault: download or export it again"


class Folder(HostileTest):
    def test_missing(self):
        self.assert_measure_fails(3, f"{self.dir}/none: no such folder; give a folder that holds a Hugging Face checkpoint, or org/name",
                                  self.dir / "none")

    def test_is_said_once_whatever_the_command(self):
        error = f"{self.dir}/none: no such folder; give a folder that holds a Hugging Face checkpoint, or org/name"
        for command in (["measure", "--out", self.out], ["sanity"], ["inspect"], ["sanity", "--json"], ["measure", "--json", "--out", self.out]):
            self.assert_fails(3, error, command[0], self.dir / "none", *command[1:])

    def test_is_a_file(self):
        file = self.write("file", "")
        self.assert_measure_fails(3, f"{file}: a file, not a folder; give a folder that holds a Hugging Face checkpoint, or org/name", file)

    def test_empty(self):
        (self.dir / "m").mkdir()
        self.assert_measure_fails(3, f"{self.dir}/m: config.json: none in {self.dir}/m; give a folder that holds a Hugging Face "
                                     "checkpoint (config.json, tokenizer.json, model.safetensors)", self.dir / "m")

    def test_link_to_itself(self):
        (self.dir / "m").symlink_to("m")
        self.assert_measure_fails(3, f"{self.dir}/m: no such folder; give a folder that holds a Hugging Face checkpoint, or org/name", self.dir / "m")

    def absent(self, name, revision="main", reason="--offline"):
        return (f'{name}: no such folder here, no revision "{revision}" of it in the cache {self.dir}/hf/hub, and {reason} forbids to ask the '
                "hub; run it once without it, or give a folder")

    def test_name_that_is_too_long(self):
        name = "a" * 300
        self.assert_measure_fails(3, self.absent(name), name, "--offline")

    def test_not_in_the_cache(self):
        self.assert_measure_fails(3, self.absent("org/name"), "org/name", "--offline")
        self.assert_measure_fails(3, self.absent("org/name", "v2"), "org/name", "--revision", "v2", "--offline")
        self.assert_measure_fails(3, f'org/name@v2: {self.absent("org/name", "v2")}', "org/name@v2", "--offline")
        self.env["HF_HUB_OFFLINE"] = "1"
        self.assert_measure_fails(3, self.absent("org/name", reason="HF_HUB_OFFLINE=1"), "org/name")

    def test_name_that_would_leave_the_cache(self):
        self.assert_measure_fails(3, "../../none-such: no such folder; give a folder that holds a Hugging Face checkpoint, or org/name", "../../none-such")

    def test_name_that_would_repaint_the_terminal(self):
        self.assert_measure_fails(3, r"a\x1B[31m\x0Ab: no such folder; give a folder that holds a Hugging Face checkpoint, or org/name", "a\x1b[31m\nb")


class Config(HostileTest):
    def assert_refused(self, error, code=2, folder=None):
        folder = folder or self.dir / "m"
        self.assert_measure_fails(code, f"{folder}: {error}", folder)

    def setUp(self):
        super().setUp()
        self.folder = self.model()

    def assert_key_refused(self, error, **changes):
        self.configure(self.folder, **changes)
        key, sep, rest = error.partition("; ")
        self.assert_refused(f'config.json: {key} in {self.folder}{sep}{rest}')

    def test_missing(self):
        (self.folder / "config.json").unlink()
        self.assert_refused(f"config.json: none in {self.folder}; give a folder that holds a Hugging Face checkpoint (config.json, "
                            "tokenizer.json, model.safetensors)", 3)

    def test_is_a_folder(self):
        (self.folder / "config.json").unlink()
        (self.folder / "config.json").mkdir()
        self.assert_refused(f"config.json: cannot be read in {self.folder}/config.json; check that it is a file and its permissions", 3)

    def test_is_a_link_to_nothing(self):
        (self.folder / "config.json").unlink()
        (self.folder / "config.json").symlink_to("../blobs/gone")
        self.assert_refused(f"config.json: a link to a missing file in {self.folder}/config.json; download the file again", 3)

    def test_not_json(self):
        for content in ("", '{"a":', "<html>", "\0" * 100, "[1,2"):
            (self.folder / "config.json").write_text(content)
            done = self.start("inspect", self.folder)
            self.assertRegex(done.stderr.decode(), rf"\Aheadspec: config\.json: not JSON in {re.escape(str(self.folder))} \([^\n]*\); "
                                                   r"download the file again or correct it\n\Z")
            self.assertEqual((done.returncode, done.stdout), (2, b""))

    def test_not_an_object(self):
        (self.folder / "config.json").write_text("[1]")
        self.assert_refused(f"config.json: expected an object, found array in {self.folder}{DOWNLOAD}")

    def test_git_lfs_pointer(self):
        (self.folder / "config.json").write_text(POINTER)
        self.assert_refused(f"config.json: a Git-LFS pointer instead of the file in {self.folder}/config.json; run git lfs pull there, or download the file again")

    SIZES = {"num_hidden_layers": 16384, "hidden_size": 1048576, "intermediate_size": 1048576, "vocab_size": 16777216,
             "num_attention_heads": 16384}

    def test_missing_size_is_the_default_of_the_class(self):
        def shape(tensor, expected, found):
            return f'tensor "model.{tensor}.weight": expected {expected}, found {found} in model.safetensors{OTHER_MODEL}'
        kinds = "F32, F16 or BF16"
        # The default of 32 heads leaves them two values each, of which half cannot be rotated.
        whole_heads = {"partial_rotary_factor": 1}
        for key, changes, error in (
                ("num_hidden_layers", {}, shape("layers.4.input_layernorm", "[64]", "nothing")),
                ("hidden_size", {}, shape("embed_tokens", f"{kinds} [512, 2048]", "BF16 [512, 64]")),
                ("intermediate_size", {}, shape("layers.0.mlp.fc1", f"{kinds} [8192, 64]", "BF16 [128, 64]")),
                ("vocab_size", {}, shape("embed_tokens", f"{kinds} [51200, 64]", "BF16 [512, 64]")),
                ("num_attention_heads", whole_heads, shape("layers.0.self_attn.k_proj", f"{kinds} [8, 64]", "BF16 [64, 64]"))):
            with self.subTest(key):
                folder = self.model(name=key)
                self.configure(folder, **{key: ...}, **changes)
                self.assert_refused(error, folder=folder)

    def test_null_size(self):
        for key in self.SIZES:
            with self.subTest(key):
                folder = self.model(name=key)
                self.configure(folder, **{key: None})
                self.assert_refused(f'config.json: "{key}": expected a value, found null in {folder}; give the value, or remove the key for '
                                    "its default", folder=folder)

    def test_sizes_of_every_kind(self):
        for key, most in self.SIZES.items():
            for value, shown in ((-1, "-1"), (0, "0"), (10**12, "1000000000000"), (2**64 - 1, "18446744073709551615"), (1.5, "1.5"),
                                 ("64", '"64"'), (True, "true"), ([64], "[64]"), (2**31, "2147483648")):
                with self.subTest(key=key, value=value):
                    folder = self.model(name=f"{key} {value}")
                    self.configure(folder, **{key: value})
                    self.assert_refused(f'config.json: "{key}": expected an integer from 1 to {most}, found {shown} in {folder}{DOWNLOAD}',
                                        folder=folder)

    def test_sizes_that_do_not_fit_each_other(self):
        for error, changes in (
                ('"num_attention_heads": expected a divisor of hidden_size 63, found 4; correct the configuration', {"hidden_size": 63}),
                ('"num_key_value_heads": expected an integer from 1 to 3, found 4' + DOWNLOAD, {"num_attention_heads": 3}),
                ('"num_key_value_heads": expected a divisor of num_attention_heads 4, found 3; correct the configuration',
                 {"num_key_value_heads": 3}),
                ('"partial_rotary_factor": expected an even number of rotated values, found 0 of a head of 1; correct the value',
                 {"num_attention_heads": 64})):
            with self.subTest(changes):
                self.configure(self.folder, hidden_size=64, num_attention_heads=4, num_key_value_heads=4)
                self.assert_key_refused(error, **changes)

    def test_model_type(self):
        self.configure(self.folder, model_type="")
        error = self.start("inspect", self.folder).stderr.decode()
        self.assertTrue(error.startswith('headspec: config.json: "model_type": expected one of: '), error)
        supported = error.partition("expected one of: ")[2].partition("; ")[0]
        self.assertLessEqual({"phi", "llama", "gpt2", "bert"}, set(supported.split(", ")))
        for value, found in (("t5", '"t5"'), ("", "nothing"), (..., "nothing"), (None, "nothing"), ("phi\n\x1b[31m", r'"phi\x0A\x1B[31m"')):
            with self.subTest(value):
                self.configure(self.folder, model_type=value)
                self.assert_refused(f'config.json: "model_type": expected one of: {supported}; found {found} in {self.folder}; this version '
                                    "measures only these families")
        self.assert_key_refused('"model_type": expected a string, found 7' + DOWNLOAD, model_type=7)

    def test_rotary_scaling(self):
        for scaling in ({"type": "ntk", "factor": 4}, {"rope_type": "ntk"}, {"rope_type": "su"}):
            self.configure(self.folder, rope_scaling=scaling)
            key, name = next(iter(scaling.items()))
            self.assert_refused(f'config.json: "rope_scaling.{key}": expected one of: default, linear, dynamic, yarn, longrope, llama3; found '
                                f'"{name}" in {self.folder}; this rotary scaling changes attention and is not supported')
        self.assert_key_refused('"rope_scaling": expected an object, found 4' + DOWNLOAD, rope_scaling=4)
        for name in ("linear", "dynamic", "yarn", "llama3"):
            error = '"rope_scaling.factor": expected a number of at least 1, found '
            self.assert_key_refused(error + "nothing; add the scaling factor", rope_scaling={"type": name})
            self.assert_key_refused(error + "0.5; correct the scaling factor", rope_scaling={"type": name, "factor": 0.5})
        self.configure(self.folder, rope_scaling={"factor": 4})
        self.assert_refused('config.json: "rope_scaling.rope_type": expected one of: default, linear, dynamic, yarn, longrope, llama3; '
                            f"found nothing in {self.folder}; name the kind of scaling, or remove the key if there is none")
        for factors, found in ((..., "nothing"), (1, "1"), (["a"] * 4, '"a" in it'), ([1, 1], "2 values")):
            scaling = {"type": "longrope"} if factors is ... else {"type": "longrope", "short_factor": factors}
            self.assert_key_refused(f'"rope_scaling.short_factor": expected a list of 4 numbers, found {found}' + DOWNLOAD, rope_scaling=scaling)
        self.assert_key_refused('"rope_scaling.long_factor": expected positive numbers, found 0; correct the scaling factor',
                                rope_scaling={"type": "longrope", "short_factor": [1] * 4, "long_factor": [0] * 4})
        llama3 = {"type": "llama3", "factor": 8}
        self.assert_key_refused('"rope_scaling.original_max_position_embeddings": expected an integer from 1 to 1073741824, found nothing' +
                                DOWNLOAD, rope_scaling=llama3)
        self.assert_key_refused('"rope_scaling.high_freq_factor": expected a number above low_freq_factor 4, found 1; correct the scaling factor',
                                rope_scaling=llama3 | {"low_freq_factor": 4, "high_freq_factor": 1, "original_max_position_embeddings": 64})

    def test_rotary(self):
        self.assert_key_refused('"rope_theta": expected a positive number, found -1; correct the value', rope_theta=-1)
        self.assert_key_refused('"partial_rotary_factor": expected a number in (0, 1], found 2; correct the value', partial_rotary_factor=2,
                                rope_theta=10000)

    def test_other_keys(self):
        self.assert_key_refused('"layer_norm_eps": expected a number of at least 0, found -1; correct the value', layer_norm_eps=-1)
        self.assert_key_refused('"qk_layernorm": expected true or false, found "yes"' + DOWNLOAD, layer_norm_eps=..., qk_layernorm="yes")

    def test_activation(self):
        for name in ("tanh", ""):
            self.configure(self.folder, hidden_act=name)
            self.assert_refused('config.json: "hidden_act": expected one of: gelu, gelu_pytorch_tanh, gelu_new, gelu_fast, quick_gelu, silu, swish, '
                                f'relu; found "{name}" in {self.folder}; this activation is not supported')
        self.assert_key_refused('"hidden_act": expected a string, found 5' + DOWNLOAD, hidden_act=5)

    def test_deep_nesting(self):
        deep = '{"a":' * 200000 + "1" + "}" * 200000
        for key in ("hidden_size", "rope_scaling"):
            folder = self.model(name=key)
            text = (folder / "config.json").read_text()
            (folder / "config.json").write_text(re.sub(rf'"{key}": [^,]*', lambda found: f'"{key}": {deep}', text))
            self.assertEqual(self.start("inspect", folder).returncode, 2)

    def test_pipe(self):
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            folder = self.model(name=f"pipe as {name}")
            (folder / name).unlink()
            os.mkfifo(folder / name)
            done = subprocess.run([PROGRAM, "inspect", folder], capture_output=True, timeout=3)
            self.assertIn(done.returncode, (2, 3))


class Weights(HostileTest):
    def setUp(self):
        super().setUp()
        self.folder = self.model()
        self.file = self.folder / "model.safetensors"

    def assert_refused(self, error, code=2):
        named = error.startswith(f"{self.folder}:") or error.startswith(f"{self.folder}/")
        self.assert_measure_fails(code, error if named else f"{self.folder}: {error}", self.folder)

    def header(self):
        data = self.file.read_bytes()
        length = struct.unpack("<Q", data[:8])[0]
        return json.loads(data[8:8 + length]), data[8 + length:]

    def rewrite(self, header, data):
        text = json.dumps(header).encode()
        self.file.write_bytes(struct.pack("<Q", len(text)) + text + data)

    def test_missing(self):
        self.file.unlink()
        self.assert_refused(f"{self.folder}: no weights: looked for model.safetensors and model.safetensors.index.json; check the path, or "
                            "download the model", 3)

    def test_pickled(self):
        self.file.rename(self.folder / "pytorch_model.bin")
        self.assert_refused(f"{self.folder}: found pytorch_model.bin but no model.safetensors: pickled weights are not read, since reading them "
                            "runs the code in them; convert it once, if you trust it: python -c \"import sys; from transformers import "
                            "AutoModelForCausalLM as M; f = sys.argv[1]; M.from_pretrained(f, torch_dtype='auto').save_pretrained(f, "
                            f"safe_serialization=True)\" '{self.folder}'")

    def test_gguf(self):
        self.file.rename(self.folder / "m.gguf")
        self.assert_refused(f'{self.folder}: found "m.gguf" but neither model.safetensors nor model.safetensors.index.json: only safetensors as '
                            "transformers writes them are read; download the model that it was made from")

    def test_quantised(self):
        """The config says so, whatever tensors there are."""
        self.file.unlink()
        for method in ("gptq", "awq", "bitsandbytes", "compressed-tensors", "mxfp4"):
            self.configure(self.folder, quantization_config={"quant_method": method, "bits": 4})
            self.assert_refused('config.json: "quantization_config.quant_method": expected full-precision weights or "fp8", found '
                                f'"{method}" in {self.folder}; measure the model that it was made from, or dequantise it first')

    def test_git_lfs_pointer(self):
        self.file.write_text(POINTER)
        self.assert_refused(f"{self.file}: GitLfsPointer: a Git-LFS pointer of {len(POINTER)} bytes, not the file it points to (size 405152); run "
                            "'git lfs pull' in its folder")

    def test_truncated(self):
        whole = self.file.read_bytes()
        header = 8 + struct.unpack("<Q", whole[:8])[0]
        for size in (0, 1, 7):
            self.file.write_bytes(whole[:size])
            self.assert_refused(f"{self.file}: HeaderTooSmall: expected at least 8 bytes, found {size}; download the file again")
        for size in (8, 9, header - 1):
            self.file.write_bytes(whole[:size])
            self.assert_refused(f"{self.file}: InvalidHeaderLength: truncated: expected at least {header} bytes for the header, found {size}; "
                                "download the file again")
        for size in (header, header + 1, len(whole) // 2, len(whole) - 1):
            self.file.write_bytes(whole[:size])
            self.assert_refused(f"{self.file}: MetadataIncompleteBuffer: truncated: expected {len(whole)} bytes, found {size}; download the file "
                                "again")

    def test_too_long(self):
        size = self.file.stat().st_size
        with self.file.open("ab") as file:
            file.write(b"x")
        self.assert_refused(f"{self.file}: MetadataIncompleteBuffer: trailing bytes: expected {size} bytes, found {size + 1}{DAMAGED}")

    def test_damaged_header(self):
        whole = self.file.read_bytes()
        self.file.write_bytes(whole[:20] + b"\xff" + whole[21:])
        self.assert_refused(f"{self.file}: InvalidHeader: header byte 13 is not valid UTF-8{DAMAGED}")
        self.file.write_bytes(b"\xff" * 8 + whole[8:])
        self.assert_refused(f"{self.file}: HeaderTooLarge: header length 18446744073709551615 exceeds 100000000 bytes; this is no safetensors "
                            "file, or a damaged one: download it again")
        self.file.write_bytes(whole[:8] + b"[" + whole[9:])
        self.assert_refused(f'{self.file}: InvalidHeaderStart: expected the header to begin with "{{", found "["{DAMAGED}')

    def test_web_page(self):
        self.file.write_text("<!DOCTYPE html><html>Sign in")
        self.assert_refused(f'{self.file}: HtmlPage: a web page ("<!DOCTYPE html>"), not a model file; the download link needs a login or is '
                            "wrong: download the file again")

    def test_missing_tensor(self):
        header, data = self.header()
        header["model.layers.1.renamed"] = header.pop("model.layers.1.mlp.fc1.weight")
        self.rewrite(header, data)
        self.assert_refused('tensor "model.layers.1.mlp.fc1.weight": expected [128, 64], found nothing in model.safetensors' + OTHER_MODEL)

    def test_surplus_tensor(self):
        header, data = self.header()
        header["model.layers.0.extra"] = {"dtype": "F32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}
        self.rewrite(header, data + b"\0" * 4)
        self.assert_refused('tensor "model.layers.0.extra": not part of a phi model with 4 layers in model.safetensors (1 such tensor in all)' +
                            OTHER_MODEL)

    def test_fewer_layers_than_stored(self):
        self.configure(self.folder, num_hidden_layers=3)
        self.assert_refused('tensor "model.layers.3.input_layernorm.bias": not part of a phi model with 3 layers in model.safetensors (14 such '
                            "tensors in all)" + OTHER_MODEL)

    def test_more_layers_than_stored(self):
        self.configure(self.folder, num_hidden_layers=16384)
        self.assert_refused('tensor "model.layers.4.input_layernorm.weight": expected [64], found nothing in model.safetensors' + OTHER_MODEL)

    def test_other_shape(self):
        self.configure(self.folder, hidden_size=32)
        self.assert_refused('tensor "model.embed_tokens.weight": expected F32, F16 or BF16 [512, 32], found BF16 [512, 64] in model.safetensors' +
                            OTHER_MODEL)

    def test_integers(self):
        header, data = self.header()
        header["model.embed_tokens.weight"]["dtype"] = "I16"
        self.rewrite(header, data)
        self.assert_refused('tensor "model.embed_tokens.weight": expected F32, F16 or BF16 [512, 64], found I16 [512, 64] in model.safetensors; '
                            "quantised and integer weights are not supported")

    def test_folder_pipe_and_links(self):
        self.file.unlink()
        self.file.mkdir()
        self.assert_refused(f"{self.file}: expected a file, found a folder; remove it and download the file again")
        self.file.rmdir()
        os.mkfifo(self.file)
        self.assert_refused(f"{self.file}: expected a file, found a device or pipe; remove it and download the file again")
        self.file.unlink()
        self.file.symlink_to("model.safetensors")
        self.assert_refused(f"{self.file}: cannot open: Too many levels of symbolic links; check the disk and try again", 3)
        self.file.unlink()
        self.file.symlink_to("nowhere")
        self.assert_refused(f"{self.file}: cannot open: No such file or directory; check the path, or download the file again", 3)


class Shards(HostileTest):
    def setUp(self):
        super().setUp()
        self.folder = self.model("phi-two-shards")
        self.index = self.folder / "model.safetensors.index.json"

    def assert_refused(self, error, code=2):
        self.assert_measure_fails(code, f"{self.index}: {error}", self.folder)

    def test_missing(self):
        (self.folder / "model-00002-of-00002.safetensors").unlink()
        self.assert_refused('1 of 2 shards missing: "model-00002-of-00002.safetensors"; download them', 3)

    def test_named_otherwise(self):
        self.index.write_text(self.index.read_text().replace("model-00002-of-00002", "model-00003-of-00003"))
        self.assert_refused('1 of 2 shards missing: "model-00003-of-00003.safetensors"; download them', 3)

    def test_elsewhere(self):
        self.index.write_text(json.dumps({"weight_map": {"a": "../m/model-00001-of-00002.safetensors"}}))
        self.assert_refused('IndexShardName: weight_map: "a": "../m/model-00001-of-00002.safetensors" is not the plain name of a file in this '
                            "folder; do not trust this checkpoint: download it from its publisher")

    def test_no_index(self):
        for content, problem in (("{}", "no weight_map in it"), ('{"weight_map": {}}', "weight_map is empty"),
                                 ('{"weight_map": []}', "weight_map: expected an object, found an array")):
            self.index.write_text(content)
            self.assert_refused(f"IndexInvalid: {problem}; download the index again")

    def test_deep_nesting(self):
        self.index.write_text("[" * 200000)
        done = self.start("inspect", self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr.decode(), r"\Aheadspec: [^\n]*IndexInvalid[^\n]*\n\Z")


class Tokenizer(HostileTest):
    def setUp(self):
        super().setUp()
        self.folder = self.model()
        self.file = self.folder / "tokenizer.json"

    def assert_refused(self, error, code=2):
        self.assert_measure_fails(code, f"{self.folder}: tokenizer.json: {error}", self.folder)

    def test_missing(self):
        self.file.unlink()
        self.assert_refused(f"missing, and CodeGenTokenizer is read from nothing else but vocab.json with merges.txt, in {self.folder}; download it, or convert once: python -c "
                            f"\"from transformers import AutoTokenizer as T; T.from_pretrained('{self.folder}').save_pretrained('{self.folder}')\"")

    def test_is_a_folder(self):
        self.file.unlink()
        self.file.mkdir()
        self.assert_refused(f"cannot be read in {self.file}; check that it is a file and its permissions", 3)

    def test_not_json(self):
        self.file.write_text('{"a"')
        self.assert_refused(f"not JSON (EOF while parsing an object at line 1 column 4) in {self.file}; download the file again")

    def test_other_json(self):
        self.file.write_text("{}")
        self.assert_refused(f"not a tokenizer of the tokenizers library (Model missing. at line 1 column 2) in {self.file}; download the file again")

    def test_deep_nesting(self):
        self.file.write_text("[" * 200000)
        done = self.start("inspect", self.folder)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr.decode(), r"\Aheadspec: tokenizer\.json: [^\n]*\n\Z")

    def test_git_lfs_pointer(self):
        self.file.write_text(POINTER)
        self.assert_refused(f"a Git-LFS pointer instead of the file in {self.file}; run git lfs pull there, or download the file again")

    def test_of_another_vocabulary(self):
        shutil.copy(SOURCE / "tests/data/tokenizers/phi-2/tokenizer.json", self.file)
        self.assert_refused(f"expected token ids below vocab_size 512 of config.json, found 50294 in {self.folder}; the tokenizer belongs to "
                            "another model")


if __name__ == "__main__":
    main()
