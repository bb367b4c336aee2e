#!/usr/bin/env python3
"""A ladder that is stopped and started again, and results that are used again. Usage: resume_test.py PROGRAM SOURCE_DIR"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
NANO = SOURCE / "data/nano"
LINE_REUSED = re.compile(r"^\[(\d)/3\] nano-\S+ +SI .* reused$", re.M)


def exact(path):
    """What was measured: every entropy as its text, and what is made of them."""
    models = json.loads(path.read_text(), parse_float=str)["results"]
    return [{key: model[key] for key in ("model", "head_entropies", "head_entropies_per_prompt", "token_ids", "si_values", "corr_mean",
                                         "statistics", "numerics", "warnings")} for model in models]


class Resume(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="headspec resume ")
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name)
        self.cache = self.dir / "kept"
        self.env = os.environ | {"HEADSPEC_CACHE": str(self.cache)}

    def start(self, *arguments, **options):
        return subprocess.run([PROGRAM, *map(str, arguments)], env=self.env, text=True, timeout=600, **({"capture_output": True} | options))

    def results(self, name, *arguments):
        done = self.start(*arguments, "--out", self.dir / name)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout, exact(self.dir / name / "results.json")

    def entries(self):
        return sorted(self.cache.glob("passes/[0-9a-f]*"))

    def ladder(self):
        """Three models, the last two with so many prompts that there is time to stop them."""
        prompts = self.dir / "many.json"
        prompts.write_text(json.dumps([f"Prompt {i} says " + "word after word " * 30 for i in range(100)]))
        manifest = self.dir / "ladder.toml"
        manifest.write_text("\n".join(['experiment = "three"', "[protocol]", f'prompts = "{prompts}"', 'dtypes = ["bfloat16"]', "sanity_min_si = 0",
                                       *(f'[[model]]\nname = "{name}"\npath = "{NANO / name}"' for name in ("nano-0.5m", "nano-1.5m", "nano-4m"))]))
        return manifest

    # How a shell kills, how a person does, and how the system does.
    def test_a_stopped_ladder_continues(self):
        manifest = self.ladder()
        expected = self.results("expected", "run", manifest, "--fresh")[1]
        for number, kind in ((signal.SIGKILL, "kill"), (signal.SIGINT, "interrupt"), (signal.SIGTERM, "terminate")):
            with self.subTest(kind):
                shutil.rmtree(self.cache)
                command = [str(PROGRAM), "run", str(manifest), "--out", str(self.dir / kind)]
                with subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
                    before = []
                    while not before or not before[-1].startswith("[1/3] "):  # the first model's line
                        before.append(process.stdout.readline())
                        self.assertTrue(before[-1], process.stderr)
                    process.send_signal(number)
                    output, errors = process.communicate(timeout=60)
                self.assertEqual(process.returncode, -number if number == signal.SIGKILL else 130)
                self.assertEqual(errors, "" if number == signal.SIGKILL else "headspec: interrupted: 1 of 3 models is kept; run the same command again to go on\n")
                self.assertFalse((self.dir / kind / "results.json").exists())
                self.assertEqual(len(self.entries()), 2)
                continued, found = self.results(f"{kind} again", "run", manifest)
                self.assertEqual(found, expected)
                self.assertEqual(LINE_REUSED.findall(continued), ["1"])
                repeated, found = self.results(f"{kind} once more", "run", manifest)
                self.assertEqual(found, expected)
                self.assertEqual(LINE_REUSED.findall(repeated), ["1", "2", "3"])

    def test_the_line_says_when_it_was_measured(self):
        first, values = self.results("first", "measure", NANO / "nano-0.5m", "--dtype", "float32")
        again, found = self.results("again", "measure", NANO / "nano-0.5m", "--dtype", "float32")
        self.assertEqual(found, values)
        self.assertNotIn("Reused", first)
        when = re.search(r"^computed (\d{8}_\d{6})$", self.entries()[0].read_text(), re.M)[1]
        day, time_ = when.split("_")
        line = f"  Reused        measured {day[:4]}-{day[4:6]}-{day[6:]} {time_[:2]}:{time_[2:4]}:{time_[4:]}; --fresh measures again"
        self.assertEqual([l for l in again.splitlines() if l not in first.splitlines()], [line, f"written to {self.dir}/again"])
        forward = [json.loads((self.dir / name / "results.json").read_text())["results"][0]["timing"]["forward_seconds"] for name in ("first", "again")]
        self.assertEqual(*forward)

    def test_fresh_measures_again(self):
        self.results("first", "measure", NANO / "nano-0.5m", "--dtype", "float32")
        before = self.entries()[0].stat().st_ino
        self.assertNotIn("Reused", self.results("again", "measure", NANO / "nano-0.5m", "--dtype", "float32", "--fresh")[0])
        self.assertEqual(len(self.entries()), 1)
        self.assertNotEqual(self.entries()[0].stat().st_ino, before)
        self.assertIn("Reused", self.results("third", "measure", NANO / "nano-0.5m", "--dtype", "float32")[0])

    def test_sanity_is_reused_and_fresh_computes(self):
        words = [self.start("sanity", NANO / "nano-0.5m", *options).stdout for options in ([], [], ["--fresh"])]
        self.assertEqual(words[0], words[1])
        self.assertEqual(words[0], words[2])
        self.assertEqual(len(self.entries()), 1)

    def test_damage_is_one_line(self):
        self.results("first", "measure", NANO / "nano-0.5m", "--dtype", "float32")
        entry = self.entries()[0]
        entry.write_bytes(entry.read_bytes()[:-1])
        again, _ = self.results("again", "measure", NANO / "nano-0.5m", "--dtype", "float32")
        line = f"  Warning       kept result {entry} is damaged (checksum differs): measured again"
        self.assertEqual([l for l in again.splitlines() if "kept" in l and "written" not in l], [line])
        self.assertIn("Reused", self.results("third", "measure", NANO / "nano-0.5m", "--dtype", "float32")[0])

    def test_a_cache_that_cannot_be_written_costs_nothing_but_time(self):
        self.cache.write_text("a file")
        for name in ("first", "again"):
            lines = self.results(name, "measure", NANO / "nano-0.5m", "--dtype", "float32")[0].splitlines()
            warnings = [l for l in lines if l.startswith("  Warning")]
            self.assertEqual(len(warnings), 1)
            self.assertRegex(warnings[0], rf"^  Warning       the result is not kept for later runs: cannot write {re.escape(str(self.cache))}"
                                          r"/passes/[0-9a-f]{64} \(Not a directory\)$")
        self.env = {k: v for k, v in os.environ.items() if k not in ("HEADSPEC_CACHE", "XDG_CACHE_HOME", "HOME")}
        lines = self.results("homeless", "measure", NANO / "nano-0.5m", "--dtype", "float32")[0]
        self.assertIn("  Warning       the result is not kept for later runs: none of HEADSPEC_CACHE, XDG_CACHE_HOME and HOME is an absolute path\n", lines)

    def test_writers_at_once_are_harmless(self):
        command = [str(PROGRAM), "measure", str(NANO / "nano-0.5m"), "--dtype", "float32", "-q", "--out"]
        running = [subprocess.Popen([*command, str(self.dir / str(i))], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for i in range(6)]
        for process in running:
            self.assertEqual((process.communicate(timeout=120)[1], process.returncode), (b"", 0))
        self.assertEqual(len({json.dumps(exact(self.dir / str(i) / "results.json")) for i in range(6)}), 1)
        self.assertEqual(len(self.entries()), 1)
        self.assertEqual([p.name for p in self.cache.rglob(".*")], [])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
