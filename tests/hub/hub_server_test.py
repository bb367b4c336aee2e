#!/usr/bin/env python3
"""The loopback hub answers as the public one does: checked with huggingface_hub itself.

Usage: hub_server_test.py, by a Python that has huggingface_hub 0.36; others end with status 77 (skipped). The tests
of the faults use the standard library only and need nothing, but run with the rest.
"""
import hashlib
import http.client
import importlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import warnings
from pathlib import Path
from urllib.parse import urlsplit

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from hub_server import Hub, Repository, make_certificate  # noqa: E402

HOME = tempfile.TemporaryDirectory()
for name in [n for n in os.environ if n.startswith(("HF_", "HUGGING", "TRANSFORMERS")) or n.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ |= {"HF_HOME": HOME.name, "HF_ENDPOINT": "http://127.0.0.1:1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
               "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_VERBOSITY": "critical"}
try:
    import huggingface_hub
    from huggingface_hub.errors import (EntryNotFoundError, GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError,
                                        RepositoryNotFoundError, RevisionNotFoundError)
except ImportError:
    print("huggingface_hub is not installed: skipped")
    sys.exit(77)
file_download = importlib.import_module("huggingface_hub.file_download")

GOOD, OUTSIDER = "hf_good", "hf_outsider"
WEIGHTS = bytes(range(256)) * 4000  # 1 MB
CONFIG = b'{"model_type": "phi"}'
FILES = {"config.json": CONFIG, "model.safetensors": WEIGHTS, "onnx/deep/config.json": b"{}", "empty.txt": b""}
FIRST, SECOND = "1" * 40, "2" * 40


class Case(unittest.TestCase):
    certificate = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.cache = self.folder / "cache"
        self.repository = Repository(
            "org/name", FILES, FIRST, {"main": SECOND, "v1": FIRST, "refs/pr/1": FIRST},
            commits={SECOND: {**FILES, "config.json": b"{}"}})
        self.hub = self.start(Hub([self.repository, Repository("org/private", FILES, private=True),
                                   Repository("org/gated", FILES, gated=True),
                                   Repository("org/closed", FILES, gated=True, gated_api=True)],
                                  [GOOD], [OUTSIDER]))

    def start(self, hub):
        hub.start()
        self.addCleanup(hub.stop)
        return hub

    def download(self, file="config.json", id="org/name", **options):
        options = {"endpoint": self.hub.url, "cache_dir": self.cache, "token": False, **options}
        return Path(huggingface_hub.hf_hub_download(id, file, **options))

    def snapshot(self, id="org/name", **options):
        options = {"endpoint": self.hub.url, "cache_dir": self.cache, "token": False, **options}
        return Path(huggingface_hub.snapshot_download(id, **options))

    def get(self, path, method="GET", hub=None, **headers):
        """One request without following redirects: status, headers, body."""
        address = urlsplit(path if path.startswith("http") else (hub or self.hub).url + path)
        connection = http.client.HTTPConnection(address.netloc, timeout=10)
        try:
            connection.request(method, address.path + ("?" + address.query if address.query else ""),
                               headers={k.replace("_", "-"): v for k, v in headers.items()})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()


class Downloads(Case):
    def test_small_file_is_named_by_its_git_blob_hash(self):
        path = self.download()
        self.assertEqual(path.read_bytes(), b"{}")
        self.assertEqual(path.resolve().name, hashlib.sha1(b"blob 2\0{}").hexdigest())
        self.assertEqual([(r["method"], r["server"]) for r in self.hub.requests], [("HEAD", "hub"), ("GET", "hub")])

    def test_large_file_comes_from_the_cdn_without_the_token(self):
        path = self.download("model.safetensors", token=GOOD)
        self.assertEqual(path.read_bytes(), WEIGHTS)
        self.assertEqual(path.resolve().name, hashlib.sha256(WEIGHTS).hexdigest())
        self.assertEqual([(r["method"], r["server"], r["authorization"]) for r in self.hub.requests],
                         [("HEAD", "hub", f"Bearer {GOOD}"), ("GET", "cdn", None)])

    def test_revisions(self):
        for revision, commit in (("main", SECOND), ("v1", FIRST), ("refs/pr/1", FIRST), (SECOND, SECOND), (None, SECOND)):
            with self.subTest(revision):
                path = self.download(revision=revision)
                self.assertEqual(path.parent.name, commit)
                info = huggingface_hub.HfApi(self.hub.url, token=False).model_info("org/name", revision=revision)
                self.assertEqual((info.sha, info.id, info.private, info.gated), (commit, "org/name", False, False))
        self.assertEqual((self.cache / "models--org--name/refs/refs/pr/1").read_bytes(), FIRST.encode())

    def test_references(self):
        self.hub.add(Repository.of_revisions(
            "org/steps", {f"step{i}": {**FILES, "config.json": b"{}" * i} for i in range(60)} |
            {"main": {**FILES, "config.json": b"{}" * 59}, "v1": {**FILES, "config.json": b"{}"},
             "refs/pr/1": FILES, "refs/convert/parquet": FILES}, tags=["v1"]))
        refs = huggingface_hub.HfApi(self.hub.url, token=False).list_repo_refs("org/steps")
        commits = {ref.name: ref.target_commit for ref in refs.branches}
        self.assertEqual(set(commits), {f"step{i}" for i in range(60)} | {"main"})
        self.assertEqual((len(set(commits.values())), commits["main"]), (60, commits["step59"]))
        self.assertEqual([(ref.name, ref.ref, ref.target_commit) for ref in refs.tags],
                         [("v1", "refs/tags/v1", commits["step1"])])
        self.assertEqual([ref.name for ref in refs.converts], ["parquet"])
        info = huggingface_hub.HfApi(self.hub.url, token=False).model_info("org/steps", revision="step7", files_metadata=True)
        self.assertEqual((info.sha, {s.rfilename: s.size for s in info.siblings}["config.json"]), (commits["step7"], 14))
        # A file that revisions share is one file: its hash is computed once.
        files = [f["model.safetensors"] for f in self.hub.repositories["org/steps"].commits.values()]
        self.assertTrue(all(file is files[0] for file in files))

    def test_references_of_gated_and_missing(self):
        for id, error in (("org/closed", GatedRepoError), ("org/none", RepositoryNotFoundError)):
            with self.assertRaises(error):
                huggingface_hub.HfApi(self.hub.url, token=False).list_repo_refs(id)

    def test_snapshot_holds_every_file(self):
        snapshot = self.snapshot()
        found = {p.relative_to(snapshot).as_posix() for p in snapshot.rglob("*") if p.is_file()}
        self.assertEqual(found, set(FILES))
        self.assertEqual((snapshot / "empty.txt").read_bytes(), b"")
        self.assertEqual(os.readlink(snapshot / "onnx/deep/config.json").count("../"), 4)

    def test_file_information(self):
        info = huggingface_hub.HfApi(self.hub.url, token=False).model_info("org/name", files_metadata=True)
        weights = {s.rfilename: s for s in info.siblings}["model.safetensors"]
        self.assertEqual((weights.size, weights.lfs.sha256), (len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest()))
        tree = list(huggingface_hub.HfApi(self.hub.url, token=False).list_repo_tree("org/name", recursive=True))
        self.assertEqual({file.path for file in tree}, set(FILES))

    def test_renamed_repository(self):
        self.hub.rename("org/name", "new/other")
        self.assertEqual(self.download("model.safetensors").read_bytes(), WEIGHTS)
        self.assertEqual([r["status"] for r in self.hub.requests], [307, 302, 200])
        self.assertTrue((self.cache / "models--org--name").is_dir())
        self.assertEqual(len(list(self.snapshot(cache_dir=self.folder / "other").iterdir())), 4)

    def test_small_files_behind_relative_redirects(self):
        self.hub.resolve_cache = True
        self.assertEqual(self.download(revision="v1").read_bytes(), CONFIG)
        self.assertEqual([r["status"] for r in self.hub.requests], [307, 200, 200])
        self.assertTrue(self.hub.requests[2]["path"].startswith("/api/resolve-cache/models/org/name/" + FIRST))

    def test_xet_headers_can_be_ignored(self):
        self.repository.xet = True
        status, headers, _ = self.get("/org/name/resolve/main/model.safetensors", "HEAD")
        self.assertEqual((status, len(headers["X-Xet-Hash"])), (302, 64))

    def test_large_file_of_holes_is_not_read_into_memory(self):
        path = self.folder / "huge"
        with path.open("wb") as file:
            file.truncate(60 << 30)
        self.hub.add(Repository("org/huge", {"huge": path}, sha256={"huge": "ab" * 32}))
        _, headers, _ = self.get("/org/huge/resolve/main/huge", "HEAD")
        self.assertEqual((headers["X-Linked-Size"], headers["X-Linked-Etag"]), (str(60 << 30), f'"{"ab" * 32}"'))
        status, headers, body = self.get(headers["Location"], Range=f"bytes={(60 << 30) - 5}-")
        self.assertEqual((status, body), (206, bytes(5)))
        with warnings.catch_warnings(), self.assertRaisesRegex(ValueError, "too large to be downloaded"):
            warnings.simplefilter("ignore")  # the disk may be smaller
            self.download("huge", "org/huge")


class Refusals(Case):
    def refused(self, error, words, status, *args, **options):
        for call in (self.download,) if "file" in options else (self.download, self.snapshot):
            with self.subTest(call.__name__), self.assertRaises(error) as raised:
                call(*args, **options)
            self.assertEqual(raised.exception.response.status_code, status)
            self.assertIn(words.lower(), str(raised.exception).lower())

    def test_missing_repository(self):
        self.refused(RepositoryNotFoundError, "Invalid username or password.", 401, id="org/none")
        self.refused(RepositoryNotFoundError, "Repository not found", 404, id="org/none", token=GOOD)

    def test_private_repository(self):
        self.refused(RepositoryNotFoundError, "Invalid username or password.", 401, id="org/private")
        self.refused(RepositoryNotFoundError, "Repository not found", 404, id="org/private", token=OUTSIDER)
        self.assertEqual(self.download(id="org/private", token=GOOD).read_bytes(), CONFIG)

    def test_gated_repository(self):
        for id in ("org/gated", "org/closed"):
            self.refused(GatedRepoError, "Please log in.", 401, id=id)
            self.refused(GatedRepoError, "ask for access.", 403, id=id, token=OUTSIDER)
            self.assertEqual(self.download(id=id, token=GOOD).read_bytes(), CONFIG)
        # What the public hub tells anyone.
        self.assertEqual(json.loads(self.get("/api/models/org/gated")[2])["gated"], "manual")

    def test_invalid_token(self):
        self.refused(HfHubHTTPError, "Invalid credentials in Authorization header", 401, token="hf_wrong")

    def test_missing_revision(self):
        self.refused(RevisionNotFoundError, "Invalid rev id: v9", 404, revision="v9")

    def test_missing_file_is_remembered_by_its_commit(self):
        self.refused(EntryNotFoundError, "Entry not found", 404, file="none.json")
        self.assertTrue((self.cache / "models--org--name/.no_exist" / SECOND / "none.json").is_file())

    def test_401_without_code(self):
        self.hub.bare_401 = True
        status, headers, body = self.get("/org/none/resolve/main/config.json")
        self.assertEqual((status, headers["X-Error-Code"]), (401, None))
        self.assertEqual(json.loads(body), {"error": "Invalid username or password."})

    def test_cdn_wants_its_signature(self):
        location = self.get("/org/name/resolve/main/model.safetensors", "HEAD")[1]["Location"]
        self.assertEqual(self.get(location)[0], 200)
        self.assertEqual(self.get(location.split("?")[0])[0], 403)


class Ranges(Case):
    def test_ranges(self):
        path = "/org/name/resolve/v1/config.json"
        size = len(CONFIG)
        for wanted, start, end in (("bytes=3-", 3, size), ("bytes=3-5", 3, 6), ("bytes=-4", size - 4, size),
                                   ("bytes=3-999", 3, size)):
            status, headers, body = self.get(path, Range=wanted)
            self.assertEqual((status, body), (206, CONFIG[start:end]))
            self.assertEqual(headers["Content-Range"], f"bytes {start}-{end - 1}/{size}")
        status, headers, _ = self.get(path, Range=f"bytes={size}-")
        self.assertEqual((status, headers["Content-Range"]), (416, f"bytes */{size}"))

    def test_connection_is_kept(self):
        connection = http.client.HTTPConnection(urlsplit(self.hub.url).netloc, timeout=10)
        for _ in range(3):
            connection.request("GET", "/org/name/resolve/v1/config.json")
            socket = connection.sock
            self.assertEqual(connection.getresponse().read(), CONFIG)
            self.assertIs(connection.sock, socket)
        connection.close()

    def test_resume_of_a_cut_download(self):
        self.hub.fault("cut", after=300_000, times=1, server="cdn")
        with self.assertRaises(Exception):
            self.download("model.safetensors")
        [incomplete] = (self.cache / "models--org--name/blobs").glob("*.incomplete")
        had = incomplete.stat().st_size
        incomplete.write_bytes(WEIGHTS[:123_456])
        self.assertEqual(self.download("model.safetensors").read_bytes(), WEIGHTS)
        self.assertEqual(self.hub.requests[-1]["range"], "bytes=123456-")
        self.assertFalse(incomplete.exists())
        self.assertLessEqual(had, 300_000)

    def test_server_without_ranges(self):
        blobs = self.cache / "models--org--name/blobs"
        blobs.mkdir(parents=True)
        (blobs / f"{hashlib.sha256(WEIGHTS).hexdigest()}.incomplete").write_bytes(b"x" * 1000)
        self.hub.fault("ignore_range")
        self.assertEqual(self.download("model.safetensors").read_bytes(), WEIGHTS)
        self.assertEqual((self.hub.requests[-1]["range"], self.hub.requests[-1]["status"]), ("bytes=1000-", 200))


class Faults(Case):
    SMALL, LARGE = "/org/name/resolve/v1/config.json", "/org/name/resolve/v1/model.safetensors"

    def large(self):
        return self.get(self.get(self.LARGE, "HEAD")[1]["Location"])

    def test_status_for_so_many_requests(self):
        self.hub.fault("status", status=429, retry_after=7, times=2, path="config")
        for _ in range(2):
            status, headers, _ = self.get(self.SMALL)
            self.assertEqual((status, headers["Retry-After"], headers["X-Error-Code"]), (429, "7", None))
        self.assertEqual(self.get(self.SMALL)[0], 200)

    def test_control_over_http(self):
        def control(**command):
            body = json.dumps(command).encode()
            return urllib.request.urlopen(urllib.request.Request(f"{self.hub.url}/_control", body)).read()
        control(fault="status", status=503, path="config")
        self.assertEqual(self.get(self.SMALL)[0], 503)
        control(clear=True)
        self.assertEqual(self.get(self.SMALL)[0], 200)
        record = json.loads(self.get("/_requests")[2])
        self.assertEqual([(r["path"], r["status"]) for r in record], [(self.SMALL, 503), (self.SMALL, 200)])
        control(forget=True)
        self.assertEqual(self.hub.requests, [])
        control(rename=["org/name", "org/new"])
        self.assertEqual(self.get(self.SMALL)[1]["Location"], "/org/new/resolve/v1/config.json")
        with self.assertRaises(urllib.error.HTTPError):
            control(fault="nonsense")

    def test_cut_meets_the_answer_with_the_file(self):
        for reset, error in ((False, http.client.IncompleteRead), (True, ConnectionResetError)):
            self.hub.fault("cut", path="model.safetensors", after=1000, times=1, reset=reset)
            with self.assertRaises(error):
                self.large()
            self.assertEqual(self.large()[2], WEIGHTS)

    def test_corrupt_byte(self):
        self.hub.fault("corrupt", offset=500_000)
        body = self.large()[2]
        self.assertEqual([i for i in range(len(body)) if body[i] != WEIGHTS[i]], [500_000])
        location = self.get(self.LARGE, "HEAD")[1]["Location"]
        body = self.get(location, Range="bytes=499999-")[2]
        self.assertEqual((body[0] == WEIGHTS[499_999], body[1] == WEIGHTS[500_000]), (True, False))

    def test_stall_throttle_and_delay(self):
        for kind, details in (("stall", {"after": 10, "seconds": 0.3}), ("throttle", {"rate": 3_000_000}),
                              ("delay", {"seconds": 0.3})):
            self.hub.fault(kind, server="cdn", times=1, **details)
            start = time.monotonic()
            self.assertEqual(self.large()[2], WEIGHTS)
            self.assertGreater(time.monotonic() - start, 0.28, kind)

    def test_drop(self):
        self.hub.fault("drop", times=1)
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError)):
            self.get(self.SMALL)

    def test_sizes(self):
        self.hub.fault("wrong_size", delta=5, method="HEAD")
        self.assertEqual(self.get(self.SMALL, "HEAD")[1]["Content-Length"], str(len(CONFIG) + 5))
        self.assertEqual(self.get(self.LARGE, "HEAD")[1]["X-Linked-Size"], str(len(WEIGHTS) + 5))
        self.hub.clear()
        self.hub.fault("truncate", missing=7, times=1)
        status, headers, body = self.large()
        self.assertEqual((status, headers["Content-Length"], body), (200, str(len(WEIGHTS) - 7), WEIGHTS[:-7]))
        self.hub.fault("wrong_size", delta=5, server="cdn")
        with self.assertRaises(http.client.IncompleteRead):
            self.large()

    def test_wrong_range(self):
        self.hub.fault("wrong_range")
        status, headers, body = self.get(self.SMALL, Range="bytes=5-")
        self.assertEqual((status, headers["Content-Range"], body), (206, f"bytes 0-20/{len(CONFIG)}", CONFIG))

    def test_missing_headers(self):
        for kind, names in (("missing_commit", ["X-Repo-Commit"]), ("missing_etag", ["ETag", "X-Linked-Etag"]),
                            ("missing_size", ["Content-Length", "X-Linked-Size"])):
            self.hub.fault(kind, method="HEAD")
            for path in (self.SMALL, self.LARGE):
                headers = self.get(path, "HEAD")[1]
                self.assertEqual([headers[name] for name in names], [None] * len(names))
            with self.assertRaises(LocalEntryNotFoundError):
                self.download()
            self.hub.clear()
        self.hub.fault("header", name="etag", value='W/"../../evil"')
        self.assertEqual(self.get(self.SMALL, "HEAD")[1]["ETag"], 'W/"../../evil"')

    def test_redirects_and_pages(self):
        self.hub.fault("redirect", location="http://127.0.0.1:1/x", times=1)
        self.assertEqual(self.get(self.SMALL)[1]["Location"], "http://127.0.0.1:1/x")
        self.hub.fault("redirect_loop", times=1)
        status, headers, _ = self.get(self.SMALL)
        self.assertEqual((status, headers["Location"]), (307, self.SMALL))
        self.hub.fault("html", path="/api/", times=1)
        status, headers, body = self.get("/api/models/org/name")
        self.assertEqual((status, headers.get_content_type(), body[:2]), (200, "text/html", b"<!"))
        self.assertEqual(json.loads(self.get("/api/models/org/name")[2])["sha"], SECOND)

    def test_stopped_hub_refuses(self):
        self.hub.stop()
        with self.assertRaises(OSError):
            self.get(self.SMALL)


class Tls(Case):
    def test_certificate(self):
        certificate = make_certificate(self.folder)
        hub = self.start(Hub([self.repository], certificate=certificate))
        self.assertTrue(hub.url.startswith("https://127.0.0.1:"))
        with self.assertRaises(urllib.error.URLError):
            urllib.request.urlopen(f"{hub.url}/org/name/resolve/v1/config.json", timeout=10)
        context = ssl.create_default_context(cafile=certificate)
        address = f"{hub.url}/org/name/resolve/v1/model.safetensors"
        self.assertEqual(urllib.request.urlopen(address, context=context, timeout=10).read(), WEIGHTS)


class Program(Case):
    def test_serves_folders(self):
        (self.folder / "model").mkdir()
        (self.folder / "model/config.json").write_bytes(CONFIG)
        program = [sys.executable, Path(__file__).with_name("hub_server.py"), "--repo", f"org/name={self.folder / 'model'}",
                   "--revision", "main", "--revision", "v2", "--token", GOOD, "--gated", "org/name"]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
            try:
                self.hub.url = process.stdout.readline().strip()
                self.assertEqual(self.download(token=GOOD, revision="v2").read_bytes(), CONFIG)
            finally:
                process.kill()

    def test_serves_revisions(self):
        program = [sys.executable, Path(__file__).with_name("hub_server.py"), "--tag", "b"]
        for name in ("a", "b", "c"):
            (self.folder / name).mkdir()
            (self.folder / name / "config.json").write_bytes(name.encode())
            program += ["--repo", f"org/steps@{name}={self.folder / name}"]
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
            try:
                self.hub.url = process.stdout.readline().strip()
                for name in ("a", "b", "c"):
                    self.assertEqual(self.download(id="org/steps", revision=name).read_bytes(), name.encode())
                refs = huggingface_hub.HfApi(self.hub.url, token=False).list_repo_refs("org/steps")
                self.assertEqual(([r.name for r in refs.branches], [r.name for r in refs.tags]), (["a", "c"], ["b"]))
            finally:
                process.kill()


if __name__ == "__main__":
    unittest.main()
