"""What the tests of broken input share: a scratch folder, models to break, and the exact failure expected."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import own_cache  # noqa: F401

PROGRAM, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
GOLDEN = SOURCE / "tests/golden/checkpoints"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4665652f\nsize 405152\n"


class HostileTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="headspec hostile ", ignore_cleanup_errors=True)
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        self.out = self.dir / "out"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGINGFACE_", "HEADSPEC_"))}
        kept = tempfile.TemporaryDirectory(prefix="headspec kept ", ignore_cleanup_errors=True)
        self.addCleanup(kept.cleanup)
        self.env |= {"HF_HOME": str(self.dir / "hf"), "HEADSPEC_CACHE": kept.name, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}

    def model(self, golden="phi-mha", name="m"):
        folder = self.dir / name
        shutil.copytree(GOLDEN / golden, folder)
        for file in folder.iterdir():
            file.chmod(0o644)
        return folder

    def write(self, name, content):
        file = self.dir / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    def configure(self, folder, **changes):
        config = json.loads((folder / "config.json").read_text())
        config |= changes
        (folder / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not ...}))

    def start(self, *arguments, **options):
        return subprocess.run([PROGRAM, *map(str, arguments)], env=self.env, stdin=subprocess.DEVNULL, timeout=120,
                              **({"capture_output": True, "cwd": self.dir} | options))

    def run_program(self, *arguments, **options):
        before = sorted(map(str, self.dir.rglob("*")))
        done = self.start(*arguments, **options)
        self.left = sorted(set(map(str, self.dir.rglob("*"))) - set(before))
        return done

    def assert_fails(self, code, error, *arguments, **options):
        """One line on stderr, nothing on stdout, no file anywhere."""
        done = self.run_program(*arguments, **options)
        self.assertEqual(done.stderr.decode(), f"headspec: {error}\n")
        self.assertEqual(done.returncode, code)
        self.assertEqual(done.stdout.decode(), "")
        self.assertEqual(self.left, [])

    def assert_measure_fails(self, code, error, folder, *arguments, **options):
        self.assert_fails(code, error, "measure", folder, "--dtype", "float32", "-q", "--out", self.out, *arguments, **options)


def main():
    unittest.main("__main__", argv=[sys.argv[0], *sys.argv[3:]])
