#!/usr/bin/env python3
"""A ladder of 60 revisions on a hub of its own, planned, measured and gathered. Usage: ladder60_test.py PROGRAM SOURCE_DIR"""
import collections
import csv
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import ladder60  # noqa: E402
from hub_server import Hub  # noqa: E402

PROGRAM, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
MANIFEST = f"""experiment = "Ladder of 60"

[[sweep]]
models = ["{ladder60.ID}"]
revisions = ["step*"]
dtypes = ["float32"]
"""


class Ladder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix="headspec ladder ")
        cls.folder = Path(cls.scratch.name)
        (cls.folder / "sweep.toml").write_text(MANIFEST)
        cls.hub = Hub([ladder60.repository(SOURCE)]).start()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        cls.environment = kept | {"HF_ENDPOINT": cls.hub.url, "HF_HUB_CACHE": str(cls.folder / "hub"), "NO_COLOR": "1",
                                  "HEADSPEC_CACHE": str(cls.folder / "own")}
        cls.out = cls.folder / "out"
        cls.planned = cls.run_program("plan", "sweep.toml", "--json")
        cls.asked_by_plan = list(cls.hub.requests)
        cls.hub.forget()
        cls.process = cls.run_program("run", "sweep.toml", "--out", "out")
        cls.asked_by_run = list(cls.hub.requests)

    @classmethod
    def tearDownClass(cls):
        cls.hub.stop()
        cls.scratch.cleanup()

    @classmethod
    def run_program(cls, *arguments):
        return subprocess.run([PROGRAM, *map(str, arguments)], cwd=cls.folder, env=cls.environment, capture_output=True, text=True,
                              timeout=600)

    def rows(self):
        with (self.out / "table.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    @staticmethod
    def downloads(requests):
        """How often each file's content was sent: from the CDN, whose addresses have the name in their query, and the hub."""
        names = (re.search(r"UTF-8%27%27(.+?)%3B" if request["server"] == "cdn" else r"/resolve/[^/]+/(.+)", request["path"])
                 for request in requests if request["method"] == "GET" and request["status"] in (200, 206))
        return collections.Counter(name[1] for name in names if name)

    def test_plan_asks_for_little_and_removes_repeats(self):
        self.assertEqual(self.planned.returncode, 0, self.planned.stderr)
        plan = json.loads(self.planned.stdout)
        self.assertEqual([cell["revision"] for cell in plan["cells"]], [f"step{step}" for step in ladder60.STEPS])
        self.assertEqual(len({cell["id"] for cell in plan["cells"]}), ladder60.DISTINCT)
        self.assertEqual(len({cell["commit"] for cell in plan["cells"]}), len(ladder60.STEPS))
        self.assertEqual([r["path"] for r in self.asked_by_plan if r["server"] == "cdn"], [])
        self.assertNotIn("safetensors", " ".join(r["path"] for r in self.asked_by_plan))

    def test_plan_counts_shared_files_once(self):
        made = ladder60.revisions(SOURCE)
        distinct = {content for files in made.values() for name, content in files.items() if name != "README.md"}
        downloads = sum(cell["cost"]["download_bytes"] for cell in json.loads(self.planned.stdout)["cells"])
        self.assertEqual(downloads, sum(map(len, distinct)))

    def test_run_ends_well(self):
        self.assertEqual(self.process.returncode, 0, self.process.stdout + self.process.stderr)

    def test_downloads_are_shared(self):
        sent = self.downloads(self.asked_by_run)
        self.assertEqual(sent["model.safetensors"], ladder60.DISTINCT, sent)
        self.assertLessEqual(sent["tokenizer.json"], 2, sent)
        self.assertLessEqual(sent["config.json"], 2, sent)
        self.assertEqual(sent["README.md"], 0, sent)

    def test_repeats_are_measured_once_and_all_have_a_row(self):
        rows = self.rows()
        self.assertEqual([row["revision"] for row in rows], [f"step{step}" for step in ladder60.STEPS])
        self.assertEqual([row["step"] for row in rows], [str(step) for step in ladder60.STEPS])
        self.assertEqual({row["status"] for row in rows}, {"measured"})
        folders = sorted(folder.name for folder in (self.out / "models").iterdir())
        self.assertEqual(len(folders), ladder60.DISTINCT)
        self.assertEqual(sorted({Path(row["folder"]).name for row in rows}), folders)
        by_step = {int(row["step"]): row for row in rows}
        for step, same in ladder60.REPEATS.items():
            for key in ("si", "entropy", "folder", "id"):
                self.assertEqual(by_step[step][key], by_step[same][key])
            self.assertEqual((by_step[step]["repeat"], by_step[same]["repeat"]), ("true", "false"))

    def test_other_bytes_of_the_same_tokens_change_nothing(self):
        """Entropies fall as attention sharpens, also where tokenizer.json or config.json have other bytes."""
        entropies = {int(row["step"]): float(row["entropy"]) for row in self.rows()}
        for step in (ladder60.OTHER_TOKENIZER, ladder60.OTHER_CONFIG):
            self.assertLess(entropies[step], entropies[step - 1000])
            self.assertGreater(entropies[step], entropies[step + 1000])

    def test_a_cell_is_what_measuring_its_folder_gives(self):
        ladder60.write(SOURCE, self.folder / "folders")
        alone = self.run_program("measure", "folders/step33000", "--dtype", "float32", "--out", "alone")
        self.assertEqual(alone.returncode, 0, alone.stderr)
        row = next(row for row in self.rows() if row["step"] == "33000")
        measured = json.loads((self.folder / "alone/results.json").read_text())["results"][0]
        in_sweep = json.loads((self.out / row["folder"] / "results.json").read_text())["results"][0]
        self.assertEqual(in_sweep["head_entropies"], measured["head_entropies"])
        self.assertEqual(float(row["si"]), measured["si_mean"])

    def test_writes_table_curves_and_page(self):
        names = {file.name for file in self.out.iterdir()}
        self.assertLessEqual({"manifest.toml", "plan.json", "models", "sweep.json", "table.csv", "report.html", "curves.png",
                              "curves.svg", "curves.pdf"}, names)

    def test_again_measures_nothing_and_asks_nobody(self):
        table = (self.out / "table.csv").read_bytes()
        times = {file: file.stat().st_mtime_ns for file in (self.out / "models").rglob("*")}
        self.hub.forget()
        again = self.run_program("run", "sweep.toml", "--out", "out")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.hub.requests, [])
        self.assertEqual({file: file.stat().st_mtime_ns for file in (self.out / "models").rglob("*")}, times)
        self.assertEqual((self.out / "table.csv").read_bytes(), table)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
