"""What the tests of `headspec fetch` share: a hub with faults, a cache of their own, the exact lines expected, and what
holds after every run, however it ended.

check_fails and check_fetches record what they saw in ROWS under the title they are given: the table of docs/hub.md.
"""
import contextlib
import hashlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
from hub_server import Hub, Repository  # noqa: E402

PROGRAM, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
ID, FOLDER = "org/name", "models--org--name"
MAIN, TAGGED, PULL = "a" * 40, "b" * 40, "c" * 40
GOOD, OUTSIDER = "hf_GoodSecretOfTheTest", "hf_OutsiderSecretOfTheTest"
NO_TOKEN, WITH_TOKEN = "no token was sent", "with the token from HF_TOKEN"
# Stands for the words of a library, which change with its version.
WORDS = "<words>"
NANO = SOURCE / "data/nano/nano-0.5m"
MODELS = {MAIN: NANO, TAGGED: SOURCE / "tests/golden/checkpoints/phi-mha",
          PULL: SOURCE / "tests/golden/checkpoints/phi-two-shards"}
NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "model.safetensors",
          "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
WEIGHTS = (NANO / "model.safetensors").read_bytes()
WEIGHTS_SHA = hashlib.sha256(WEIGHTS).hexdigest()
ROWS = []


def files_of(folder):
    return {name: (folder / name).read_bytes() for name in NEEDED if (folder / name).is_file()} | {"README.md": b"# x\n"}


FILES = {commit: files_of(folder) for commit, folder in MODELS.items()}
SMALL = {name: content for name, content in FILES[MAIN].items() if name != "model.safetensors"}


def blob_id(content):
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def retries(what, why=WORDS, count=5, seconds=0, id=ID):
    return [f"{id}: {what}: {why}; trying again in {seconds} s ({i + 1} of 5)" for i in range(count)]


class Attacker:
    """Answers every connection with the same bytes."""

    def __init__(self, answer):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.answer, self.asked = answer, b""

    def start(self):
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                self.asked += connection.recv(65536)
                connection.sendall(self.answer)

    def stop(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class FetchTest(unittest.TestCase):
    maxDiff = None
    hub_options = {}

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="headspec fetch ", dir=self.scratch(), ignore_cleanup_errors=True)
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        self.cache = self.dir / "home/hub"
        self.blobs = self.cache / FOLDER / "blobs"
        self.incomplete = self.blobs / f"{WEIGHTS_SHA}.incomplete"
        self.repository = Repository(ID, FILES[MAIN], MAIN, {"main": MAIN, "v1": TAGGED, "refs/pr/1": PULL},
                                     commits={c: FILES[c] for c in (TAGGED, PULL)})
        self.hub = self.start(Hub([self.repository], [GOOD], [OUTSIDER], **self.hub_options))

    @staticmethod
    def scratch():
        return None

    def start(self, server):
        server.start()
        self.addCleanup(server.stop)
        return server

    def add(self, id, files=None, **options):
        self.hub.add(Repository(id, SMALL if files is None else files, **options))

    def environment(self, **more):
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and not
                name.startswith(("HF_", "HUGGING", "TRANSFORMERS", "XDG_", "HEADSPEC_", "REQUESTS_", "CURL_", "SSL_"))}
        return {**kept, "HOME": str(self.dir), "HF_HOME": str(self.dir / "home"), "HF_ENDPOINT": self.hub.url,
                "HF_TOKEN": GOOD, "HEADSPEC_RETRY_PAUSE": "0.01", "LC_ALL": "C.UTF-8", **more}

    def program(self, *arguments, preexec_fn=None, **environment):
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, cwd=self.dir, timeout=120,
                              stdin=subprocess.DEVNULL, env=self.environment(**environment), preexec_fn=preexec_fn)

    def started(self, *arguments, **environment):
        """A program in the background that is surely dead afterwards."""
        process = subprocess.Popen([PROGRAM, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, cwd=self.dir, env=self.environment(**environment))

        def end():
            process.kill()
            process.wait()
            process.stdout.close()
            process.stderr.close()
        self.addCleanup(end)
        return process

    def check_lines(self, text, lines):
        """The text consists of these lines; WORDS in them is anything."""
        expected = "".join(line + "\n" for line in lines)
        pattern = re.escape(expected).replace(re.escape(WORDS), r"[^\n]+?")
        if not re.fullmatch(pattern, text):
            self.assertEqual(text, expected)

    def check_fails(self, title, code, error, *arguments, notes=(), **environment):
        earlier = (self.cache / FOLDER / "refs/main").exists() and self.earlier()
        done = self.program("fetch", *(arguments or [ID]), **environment)
        self.check_lines(done.stderr, [*notes, f"headspec: {error}"])
        self.assertEqual((done.returncode, done.stdout), (code, ""))
        self.check_kept(done)
        if earlier:
            self.assertEqual(self.earlier(), earlier, "the snapshot of before changed")
        self.record(title, done.stderr.splitlines()[-1], code)
        return done

    def check_fetches(self, title=None, *arguments, notes=(), commit=MAIN, **environment):
        """Everything that is needed arrives; `notes` are the lines on stderr."""
        done = self.program("fetch", *(arguments or [ID]), **environment)
        self.check_lines(done.stderr, notes)
        self.assertEqual(done.returncode, 0)
        self.check_kept(done)
        self.check_snapshot(commit)
        if title:
            self.record(title, (done.stderr.splitlines() or [""])[-1], 0)
        return done

    def record(self, title, line, code):
        if not title:
            return
        for old, new in ((self.hub.url, "https://huggingface.co"), (self.hub.cdn_url, "https://cdn"),
                         (str(self.cache), "~/.cache/huggingface/hub"), (str(self.dir), "~")):
            line = line.replace(old, new)
        # What differs from run to run and from machine to machine.
        for pattern, new in ((r"127\.0\.0\.1:\d+", "HOST"), (r"127\.0\.0\.1 port \d+ after \d+ ms", "HOST after 0 ms"),
                             (r"([0-9a-f]{12})[0-9a-f]{28,}", r"\1…"), (r"\d+\.\d\d GB (to download|free)", r"N GB \1")):
            line = re.sub(pattern, new, line)
        ROWS.append((type(self).__name__, title, line.removeprefix("headspec: "), code))

    def earlier(self):
        commit = (self.cache / FOLDER / "refs/main").read_text()
        return [(p.name, p.read_bytes() if p.exists() else None) for p in sorted((self.cache / FOLDER / "snapshots" / commit).iterdir())]

    def check_snapshot(self, commit=MAIN, folder=FOLDER, content=None):
        content = FILES[commit] if content is None else content
        snapshot = self.cache / folder / "snapshots" / commit
        names = {p.relative_to(snapshot).as_posix() for p in snapshot.rglob("*") if not p.is_dir()}
        self.assertEqual(names, set(content) - {"README.md"})
        for name in names:  # assertEqual would print the bytes
            self.assertTrue((snapshot / name).read_bytes() == content[name], name)

    def check_kept(self, done=None):
        """After every run: no blob that is not what its name says, no link into nowhere, no token anywhere."""
        seen = done.stdout + done.stderr if done else ""
        for path in self.dir.rglob("*"):
            if path.is_symlink():
                self.assertTrue(path.exists(), f"{path} leads nowhere")
            elif path.is_file():
                if path.stat().st_size < 10_000_000:
                    content = path.read_bytes()
                    self.assertFalse(any(t.encode() in content for t in (GOOD, OUTSIDER)), f"token in {path}")
                    if path.parent.name == "blobs" and path.suffix != ".incomplete":
                        digest = hashlib.sha256(content).hexdigest() if len(path.name) == 64 else blob_id(content)
                        self.assertEqual(path.name, digest)
                self.assertFalse(path.name.endswith(".new"), f"{path} was left behind")
                if path.parent.name == "refs":
                    self.assertTrue((path.parent.parent / "snapshots" / path.read_text()).is_dir(), path)
        for token in (GOOD, OUTSIDER, "Secret"):
            self.assertNotIn(token, seen)
        for request in self.hub.requests:
            self.assertFalse(request["server"] == "cdn" and request["authorization"], "the token went to the CDN")

    def leave_incomplete(self, content):
        self.blobs.mkdir(parents=True, exist_ok=True)
        self.incomplete.write_bytes(content)

    def cdn_requests(self):
        return [r for r in self.hub.requests if r["server"] == "cdn"]

    def ranges(self):
        return [r["range"] for r in self.cdn_requests()]
