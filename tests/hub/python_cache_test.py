#!/usr/bin/env python3
"""One cache, two programs: what huggingface_hub and transformers download, headspec reads, and the other way round.

Usage: python_cache_test.py PROGRAM SOURCE_DIR, by a Python that has the packages of requirements.txt; others end with
status 77 (skipped). Both sides download from a hub on the loopback interface. The trees that both make are compared
file by file; the allowed differences are those of IGNORED and the markers that check_markers describes.
"""
import contextlib
import hashlib
import importlib.util
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from hub_server import Hub, Repository  # noqa: E402

PROGRAM, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
ID = "org/name"
FOLDER = "models--org--name"
MAIN, TAGGED, PULL = "a" * 40, "b" * 40, "c" * 40
REVISIONS = {"main": MAIN, "v1": TAGGED, "refs/pr/1": PULL, PULL: PULL}
MODELS = {MAIN: SOURCE / "data/nano/nano-0.5m", TAGGED: SOURCE / "data/nano/nano-1.5m",
          PULL: SOURCE / "tests/golden/checkpoints/phi-two-shards"}
TOKENIZER = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}
SHARDS = {"model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}
NEEDED = {MAIN: {"config.json", "model.safetensors"} | TOKENIZER, TAGGED: {"config.json", "model.safetensors"} | TOKENIZER,
          PULL: {"config.json"} | SHARDS | TOKENIZER}
# What a repository holds beside the model, and nobody needs to measure it.
DECOYS = {"README.md": b"# A model\n", ".gitattributes": b"*.safetensors filter=lfs\n", "pytorch_model.bin": b"no" * 80_000,
          "onnx/model.onnx": b"onnx" * 50_000, "onnx/deep/config.json": b"{}"}
# What from_pretrained downloads of a model in safetensors.
PRETRAINED = ["config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer*",
              "special_tokens_map.json"]
# Locks stay behind, as either program likes; the Python library never reads them as content.
IGNORED = {".locks"}

DOWNLOAD = """
import json, sys, huggingface_hub
from huggingface_hub import constants
options = json.loads(sys.argv[1])
constants.DOWNLOAD_CHUNK_SIZE = options.pop("chunk", 10 << 20)
print(huggingface_hub.snapshot_download(**options))
"""
DOWNLOAD_FILES = """
import json, sys, huggingface_hub
options = json.loads(sys.argv[1])
for name in options.pop("files"):
    print(huggingface_hub.hf_hub_download(filename=name, **options))
"""
FROM_PRETRAINED = """
import json, sys, transformers, huggingface_hub
options = json.loads(sys.argv[1])
id, files = options.pop("repo_id"), options.pop("files", [])
config = transformers.AutoConfig.from_pretrained(id, **options)
tokenizer = transformers.AutoTokenizer.from_pretrained(id, **options)
tensors = []
for name in files:
    path = huggingface_hub.hf_hub_download(id, name, **options)
    if name.endswith(".safetensors"):
        with __import__("safetensors").safe_open(path, "numpy") as weights:
            tensors += list(weights.keys())
print(json.dumps({"layers": config.num_hidden_layers, "tokens": tokenizer("One cache, two programs")["input_ids"],
                  "tensors": len(tensors)}))
"""


def files_of(commit):
    folder = MODELS[commit]
    names = NEEDED[commit] | {"README.md"}
    return {**DECOYS, **{name: folder / name for name in names if (folder / name).is_file()}}


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        refs = {name: commit for name, commit in REVISIONS.items() if name != commit}
        self.repository = Repository(ID, files_of(MAIN), MAIN, refs, commits={c: files_of(c) for c in (TAGGED, PULL)})
        self.hub = Hub([self.repository]).start()
        self.addCleanup(self.hub.stop)
        self.home = self.folder / "home"

    def environment(self, home=None, **more):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("HF_", "HUGGING", "TRANSFORMERS", "XDG_")) and not name.lower().endswith("_proxy")}
        return {**kept, "HOME": str(self.folder), "HF_HOME": str(home or self.home), "HF_ENDPOINT": self.hub.url,
                "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1", **more}

    def python(self, script, home=None, offline=False, check=True, **options):
        options = {"repo_id": ID, **options}
        process = subprocess.run([sys.executable, "-c", script, json.dumps(options)], capture_output=True, text=True,
                                 env=self.environment(home, HF_HUB_OFFLINE=str(int(offline))), timeout=300)
        if check:
            self.assertEqual(process.returncode, 0, process.stderr[-3000:])
        return process

    def headspec(self, *arguments, status=0, **environment):
        process = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, cwd=self.folder,
                                 env=self.environment(**environment), timeout=300)
        self.assertEqual(process.returncode, status, f"{arguments}: {process.stdout[-1500:]}\n{process.stderr[-1500:]}")
        return process

    def fetch(self, model=ID, *arguments, **options):
        return self.headspec("fetch", model, *arguments, **options)

    def measure(self, model=ID, *arguments, **options):
        return self.headspec("measure", model, *arguments, "--dtype", "float32", "--json", "--fresh", **options)

    def check_measures(self, model, commit):
        """Offline and with a hub in reach: the same commit, and the hub is not asked."""
        for arguments in (["--offline"], []):
            self.hub.forget()
            [result] = json.loads(self.measure(model, *arguments).stdout)["results"]
            self.assertEqual(result["provenance"]["revision"], commit)
            self.assertEqual(self.hub.requests, [])

    def cache(self, home=None):
        return (home or self.home) / "hub"

    def fetched(self, commit, home=None):
        folder = self.cache(home) / FOLDER / "snapshots" / commit
        return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}

    def downloads(self):
        """Requests since forget() that ask for the content of files."""
        return [r for r in self.hub.requests if r["method"] == "GET" and "/api/models/" not in r["path"]]

    def check_markers(self, home=None):
        """A marker in .no_exist is an empty file and true: either program may or may not leave some."""
        folder = self.cache(home) / FOLDER / ".no_exist"
        for path in folder.rglob("*"):
            if path.is_file():
                commit, name = path.relative_to(folder).as_posix().split("/", 1)
                self.assertEqual(path.read_bytes(), b"", path)
                self.assertNotIn(name, self.repository.commits[commit])

    def tree(self, home=None):
        """{path: what it is} of everything in the cache but IGNORED and the markers."""
        cache, found = self.cache(home), {}
        for path in sorted(cache.rglob("*")):
            name = path.relative_to(cache).as_posix()
            if name.split("/")[0] in IGNORED or "/.no_exist" in name:
                continue
            if path.is_symlink():
                found[name] = f"-> {os.readlink(path)}"
            elif path.is_file():
                content = path.read_bytes() if path.stat().st_size < 100 else hashlib.sha256(path.read_bytes()).hexdigest()
                found[name] = (content, oct(stat.S_IMODE(path.stat().st_mode)))
            else:
                found[name + "/"] = "folder"
        return found

    def check_same_tree(self, home, *, steps):
        """The cache in `home` is the one that huggingface_hub makes of `steps`, (revision, files) one after another."""
        other = self.folder / "other"
        for revision, files in steps:
            self.python(DOWNLOAD_FILES, other, revision=revision, files=sorted(files))
        self.assertEqual(self.tree(home), self.tree(other))
        self.check_markers(home)

    def check_python_reads(self, revision, commit, home=None):
        files = sorted(self.fetched(commit, home))
        folder = self.python(DOWNLOAD, home, offline=True, revision=revision, local_files_only=True).stdout.strip()
        self.assertEqual(Path(folder), self.cache(home) / FOLDER / "snapshots" / commit)
        paths = self.python(DOWNLOAD_FILES, home, offline=True, revision=revision, files=files).stdout.split()
        self.assertEqual([Path(path).relative_to(folder).as_posix() for path in paths], files)
        read = json.loads(self.python(FROM_PRETRAINED, home, offline=True, revision=revision, files=files).stdout)
        config = json.loads((MODELS[commit] / "config.json").read_text())
        self.assertEqual(read["layers"], config["num_hidden_layers"])
        self.assertGreater(read["tensors"], 10)
        self.assertTrue(read["tokens"])

    @contextlib.contextmanager
    def started(self, command, **environment):
        """A program that is surely dead afterwards."""
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder,
                                   env=self.environment(**environment))
        try:
            yield process
        finally:
            process.kill()
            process.communicate()



class PythonDownloadsHeadspecReads(Case):
    def test_snapshot(self):
        self.python(DOWNLOAD)
        self.check_measures(ID, MAIN)
        self.hub.stop()
        self.measure(ID, "--offline")
        self.measure(ID, HF_HUB_OFFLINE="1")

    def test_what_from_pretrained_downloads(self):
        self.python(FROM_PRETRAINED, files=["model.safetensors"])
        self.assertTrue((self.cache() / FOLDER / ".no_exist" / MAIN).is_dir())
        self.check_measures(ID, MAIN)

    def test_snapshot_by_patterns_of_every_revision(self):
        for revision, commit in REVISIONS.items():
            with self.subTest(revision):
                self.python(DOWNLOAD, revision=revision, allow_patterns=PRETRAINED)
                self.check_measures(f"{ID}@{revision}", commit)

    def test_file_by_file(self):
        self.python(DOWNLOAD_FILES, files=sorted(NEEDED[MAIN] | {"onnx/deep/config.json"}))
        self.check_measures(ID, MAIN)

    def test_another_revision_is_not_taken(self):
        self.python(DOWNLOAD, revision="v1")
        for arguments, environment in ((["--offline"], {}), ([], {"HF_HUB_OFFLINE": "true"})):
            self.hub.forget()
            process = self.measure(ID, *arguments, status=3, **environment)
            self.assertEqual(len(process.stderr.strip().splitlines()), 1, process.stderr)
            self.assertEqual(self.hub.requests, [])

    def test_other_places_of_the_cache(self):
        self.python(DOWNLOAD)
        self.measure(ID, "--offline", home=self.folder / "nowhere", HF_HUB_CACHE=str(self.cache()))
        self.measure(ID, "--offline", "--cache-dir", str(self.cache()), home=self.folder / "nowhere")


class HeadspecFetchesPythonReads(Case):
    def check_fetched(self, revision, commit):
        fetched = self.fetched(commit)
        self.assertLessEqual(NEEDED[commit], fetched)
        self.assertNotIn("pytorch_model.bin", fetched)
        self.check_same_tree(self.home, steps=[(revision, fetched)])
        self.check_python_reads(revision, commit)
        self.check_measures(ID if revision == "main" else f"{ID}@{revision}", commit)

    def test_main(self):
        self.fetch()
        self.check_fetched("main", MAIN)
        self.assertEqual((self.cache() / FOLDER / "refs/main").read_bytes(), MAIN.encode())

    def test_tag(self):
        self.fetch(f"{ID}@v1")
        self.check_fetched("v1", TAGGED)

    def test_tag_as_an_option(self):
        self.fetch(ID, "--revision", "v1")
        self.check_fetched("v1", TAGGED)

    def test_pull_request_with_two_shards(self):
        self.fetch(f"{ID}@refs/pr/1")
        self.check_fetched("refs/pr/1", PULL)

    def test_commit_leaves_no_ref(self):
        self.fetch(f"{ID}@{PULL}")
        self.check_fetched(PULL, PULL)

    def test_small_files_behind_relative_redirects(self):
        self.hub.resolve_cache = True
        self.fetch()
        self.check_fetched("main", MAIN)

    def test_renamed_repository_keeps_the_name_that_was_asked_for(self):
        self.hub.rename(ID, "new/name")
        self.fetch()
        self.check_fetched("main", MAIN)

    def test_cache_folder_as_an_option(self):
        self.fetch(ID, "--cache-dir", str(self.cache()), home=self.folder / "nowhere")
        self.assertFalse((self.folder / "nowhere").exists())
        self.check_fetched("main", MAIN)

    def test_second_time_downloads_nothing(self):
        self.fetch()
        before = self.tree()
        self.hub.forget()
        self.fetch()
        self.assertEqual(self.downloads(), [])
        self.python(DOWNLOAD, allow_patterns=sorted(self.fetched(MAIN)))
        self.assertEqual(self.downloads(), [])
        self.assertEqual(self.tree(), before)

    def test_offline_fetch_asks_nobody(self):
        self.fetch()
        self.hub.forget()
        self.fetch(ID, "--offline")
        self.fetch(f"{ID}@v1", "--offline", status=3)
        self.assertEqual(self.hub.requests, [])

    def test_branch_that_moves_shares_blobs(self):
        self.fetch()
        first = self.fetched(MAIN)
        self.repository.refs["main"] = TAGGED
        self.hub.forget()
        self.fetch()
        # Both commits have the same tokenizer: its blobs are here already.
        self.assertEqual([r["path"] for r in self.downloads() if "tokenizer" in r["path"]], [])
        self.assertEqual((self.cache() / FOLDER / "refs/main").read_bytes(), TAGGED.encode())
        self.repository.refs["main"] = MAIN
        self.python(DOWNLOAD_FILES, self.folder / "other", files=sorted(first))
        self.repository.refs["main"] = TAGGED
        self.check_same_tree(self.home, steps=[("main", self.fetched(TAGGED))])


class Together(Case):
    def setUp(self):
        super().setUp()
        self.weights = (MODELS[MAIN] / "model.safetensors").read_bytes()
        self.blobs = self.cache() / FOLDER / "blobs"
        self.incomplete = self.blobs / (hashlib.sha256(self.weights).hexdigest() + ".incomplete")

    def leave_incomplete(self, content):
        self.blobs.mkdir(parents=True)
        self.incomplete.write_bytes(content)

    def wait_for_incomplete(self, process):
        """Until bytes of the weights are in the cache."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if self.incomplete.is_file() and self.incomplete.stat().st_size:
                return
            time.sleep(0.02)
        self.fail(f"{self.incomplete.name} has no bytes; exit status {process.poll()}")

    def test_python_completes_what_headspec_fetched(self):
        self.fetch()
        first = self.fetched(MAIN)
        self.hub.forget()
        self.python(DOWNLOAD)
        self.assertEqual(self.fetched(MAIN), set(self.repository.commits[MAIN]))
        self.assertEqual(len(self.downloads()), len(set(self.repository.commits[MAIN]) - first))
        self.check_same_tree(self.home, steps=[("main", self.repository.commits[MAIN])])
        self.check_measures(ID, MAIN)

    def test_headspec_completes_what_python_fetched(self):
        self.python(DOWNLOAD_FILES, files=["config.json", "model.safetensors", "onnx/deep/config.json"])
        self.hub.forget()
        self.fetch()
        self.assertEqual([r["path"] for r in self.downloads() if r["server"] == "cdn"], [])
        self.assertEqual([r["path"] for r in self.downloads() if "/config.json" in r["path"]], [])
        self.check_same_tree(self.home, steps=[("main", self.fetched(MAIN))])
        self.check_python_reads("main", MAIN)

    def test_headspec_resumes_what_python_started(self):
        self.hub.fault("cut", path="model.safetensors", after=700_000, times=1)
        # Python writes by whole chunks of 10 MiB, and gives up when the connection is cut in the middle of a body.
        process = self.python(DOWNLOAD, check=False, chunk=65_536, allow_patterns=["model.safetensors"])
        self.assertNotEqual(process.returncode, 0)
        size = self.incomplete.stat().st_size
        self.assertTrue(0 < size < len(self.weights))
        self.hub.forget()
        self.fetch()
        [download] = [r for r in self.downloads() if r["server"] == "cdn"]
        self.assertEqual(download["range"], f"bytes={size}-")
        self.assertFalse(self.incomplete.exists())
        self.check_same_tree(self.home, steps=[("main", self.fetched(MAIN))])

    def test_python_resumes_what_headspec_started(self):
        self.hub.fault("stall", path="model.safetensors", after=700_000, seconds=600, times=1)
        with self.started([PROGRAM, "fetch", ID]) as process:
            self.wait_for_incomplete(process)
            time.sleep(0.5)  # the rest of the 700,000 bytes
            process.send_signal(signal.SIGKILL)
        size = self.incomplete.stat().st_size
        self.assertTrue(0 < size <= 700_000, size)
        # assertEqual would print the bytes.
        self.assertTrue(self.incomplete.read_bytes() == self.weights[:size], "what is there is not the file's beginning")
        self.hub.forget()
        self.python(DOWNLOAD_FILES, files=sorted(NEEDED[MAIN]))
        [download] = [r for r in self.downloads() if r["server"] == "cdn"]
        self.assertEqual(download["range"], f"bytes={size}-")
        self.check_same_tree(self.home, steps=[("main", self.fetched(MAIN))])
        self.check_measures(ID, MAIN)

    def test_headspec_finishes_a_file_that_python_has_whole_but_not_named(self):
        """A process that ended between the last byte and the renaming leaves such a file."""
        self.leave_incomplete(self.weights)
        self.fetch()
        self.assertEqual([r for r in self.downloads() if r["server"] == "cdn"], [])
        self.check_same_tree(self.home, steps=[("main", self.fetched(MAIN))])

    # The Python library would keep the first of these as the blob and stop at the second.
    def test_headspec_does_not_trust_a_wrong_beginning(self):
        self.leave_incomplete(bytes(1000))
        self.fetch()
        self.check_same_tree(self.home, steps=[("main", self.fetched(MAIN))])

    def test_headspec_does_not_trust_a_beginning_that_is_too_long(self):
        self.leave_incomplete(self.weights + b"more")
        self.fetch()
        self.check_same_tree(self.home, steps=[("main", self.fetched(MAIN))])

    def test_both_at_the_same_time(self):
        self.hub.fault("throttle", path="model.safetensors", rate=1_000_000)
        options = json.dumps({"repo_id": ID, "allow_patterns": sorted(NEEDED[MAIN])})
        with (self.started([sys.executable, "-c", DOWNLOAD, options]) as python,
              self.started([PROGRAM, "fetch", ID]) as fetch):
            for process in (python, fetch):
                _, errors = process.communicate(timeout=120)
                self.assertEqual(process.returncode, 0, errors[-2000:])
        self.hub.clear()
        # The lock keeps the second from downloading what the first is downloading.
        self.assertEqual(len([r for r in self.downloads() if r["server"] == "cdn"]), 1)
        self.check_same_tree(self.home, steps=[("main", self.fetched(MAIN))])


if __name__ == "__main__":
    for package in ("huggingface_hub", "transformers", "tokenizers", "safetensors"):
        if not importlib.util.find_spec(package):
            print(f"{package} is not installed: skipped")
            sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
