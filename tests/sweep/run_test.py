#!/usr/bin/env python3
"""A sweep of folders by one process: what changed since it was planned is refused, what was damaged is measured again, and what
would give other numbers or none is refused at once. Usage: run_test.py PROGRAM SOURCE_DIR"""
import json
import shutil
import sys
import unittest
from pathlib import Path

from engines import Scratch, differences, measured

PROGRAM, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
STEPS = ("step0", "step16")


class OfFolders(unittest.TestCase):
    def setUp(self):
        self.scratch = Scratch("run")
        self.addCleanup(self.scratch.__exit__)
        self.dir = self.scratch.dir
        for step in STEPS:
            shutil.copytree(SOURCE / "data/family/neox-30k" / step, self.dir / "models" / step)
        self.manifest = self.dir / "sweep.toml"
        self.manifest.write_text('experiment = "folders"\n[[sweep]]\nmodels = ["models"]\nrevisions = ["step*"]\ndtypes = ["float32"]\n')
        self.out = self.dir / "out"

    def sweep(self, *options, code=0, **keywords):
        return self.scratch.run(PROGRAM, "run", self.manifest, "--out", self.out, *options, check=code, **keywords)

    def cell(self, step):
        [found] = [cell for cell in json.loads((self.out / "plan.json").read_text())["cells"] if cell["revision"] == step]
        return found

    def test_a_folder_that_changed_is_refused_until_it_is_back(self):
        self.sweep("--shard", "1/2")
        [left] = [step for step in STEPS if not (self.out / "models" / self.cell(step)["folder"]).exists()]
        [other] = [step for step in STEPS if step != left]
        weights = self.dir / "models" / left / "model.safetensors"
        before = weights.read_bytes()
        shutil.copy(self.dir / "models" / other / "model.safetensors", weights)
        done = self.sweep(code=1)
        self.assertIn(f"{weights.parent}: its files are not those that the sweep was planned with; restore them, or run the manifest "
                      "into another folder", done.stderr)
        cell = self.cell(left)
        self.assertFalse((self.out / "models" / cell["folder"]).exists())
        self.assertTrue((self.out / "failed" / f"{cell['id']}.json").exists())
        weights.write_bytes(before)
        self.assertIn("2 of 2 cells measured", self.sweep().stdout)
        self.assertFalse((self.out / "failed" / f"{cell['id']}.json").exists())

    def test_a_damaged_point_is_measured_again_and_kept_beside(self):
        self.sweep()
        expected = measured(self.out)
        folder = self.out / "models" / self.cell("step16")["folder"]
        for damage in ("", "{}", (folder / "point.json").read_text()[:100]):
            (folder / "point.json").write_text(damage)
            done = self.scratch.run(PROGRAM, "merge", self.out, check=1)
            self.assertIn("point.json", done.stderr)
            self.assertIn("it counts as missing", done.stderr)
            done = self.sweep()
            self.assertIn("1 of 2 cells to measure", done.stdout)
            beside = folder.with_name(folder.name + ".damaged")
            self.assertEqual((beside / "point.json").read_text(), damage)
            shutil.rmtree(beside)
            self.assertEqual(differences(expected, measured(self.out)), [])

    def test_what_is_refused_before_anything_is_measured(self):
        for options, complaint in (
                (["--fast-bf16"], "--fast-bf16: a sweep's cells have the same numbers on every machine; leave it out, or measure single "
                                  "models with it"),
                (["--shard", ""], "--shard: is empty, expected i/n with 1 <= i <= n; a variable of the job script may be unset")):
            self.assertEqual(self.sweep(*options, code=2).stderr, f"headspec: {complaint}\n")
        done = self.sweep("--shard", "1/2", code=2, env={"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"})
        self.assertEqual(done.stderr, "headspec: --shard: not under mpirun, which hands out the cells itself; leave it out\n")
        self.assertFalse(self.out.exists())

    def test_submit_needs_what_it_starts(self):
        for engine, program, script in ((["--slurm"], "sbatch", "slurm/submit.sh"), (["--hosts", "localhost"], "mpirun", "mpirun/mpirun.sh")):
            out = self.dir / program
            done = self.scratch.run(PROGRAM, "submit", self.manifest, *engine, "--go", "--out", out, env={"PATH": "/nonexistent"}, check=3)
            self.assertIn(f"headspec: {program}: not found in PATH; where it is installed: sh '{out / script}'\n", done.stderr)
            self.assertTrue((out / script).exists())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
