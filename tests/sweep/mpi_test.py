#!/usr/bin/env python3
"""A sweep under mpirun: the same bits as one process, with and without shared storage. Usage: mpi_test.py PROGRAM SOURCE_DIR"""
import json
import os
import shutil
import signal
import sys
import time
import unittest
from pathlib import Path
import subprocess

from engines import Scratch, differences, end, measured, mpirun, need, processes_of, write_sweep

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])


class Mpi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch("mpi")
        cls.addClassCleanup(cls.scratch.__exit__)
        cls.dir = cls.scratch.dir
        cls.manifest = write_sweep(cls.dir / "sweep.toml", SOURCE)
        cls.scratch.run(PROGRAM, "run", cls.manifest, "--out", cls.dir / "expected", check=0)
        cls.expected = measured(cls.dir / "expected")

    def setUp(self):
        shutil.rmtree(self.scratch.cache, ignore_errors=True)

    def assert_same(self, folder):
        self.assertEqual(differences(self.expected, measured(folder)), [])

    def test_ranks_give_the_bits_of_one_process(self):
        for ranks in (2, 5):
            with self.subTest(ranks=ranks):
                out = self.dir / f"ranks {ranks}"
                done = self.scratch.run(*mpirun("-n", ranks), PROGRAM, "run", self.manifest, "--out", out, check=0)
                self.assert_same(out)
                self.assertIn("8 of 8 cells measured, 0 failed", done.stdout)
                self.assertEqual(list(out.glob(".headspec-job-*")), [])
                self.assertTrue((out / "report.html").exists())
                again = self.scratch.run(*mpirun("-n", ranks), PROGRAM, "run", self.manifest, "--out", out, check=0)
                self.assertIn("0 of 8 cells to measure", again.stdout)
                self.scratch.run(PROGRAM, "verify", next(iter(sorted((out / "models").iterdir()))), check=0)

    def test_prompts_in_parts(self):
        whole = write_sweep(self.dir / "whole.toml", SOURCE, prompts=9, dtypes=["float32"])
        self.scratch.run(PROGRAM, "run", whole, "--out", self.dir / "in one piece", check=0)
        expected = measured(self.dir / "in one piece")
        split = write_sweep(self.dir / "split.toml", SOURCE, prompts=9, dtypes=["float32"], split=4)
        for shared in (True, False):
            with self.subTest(shared=shared):
                shutil.rmtree(self.scratch.cache, ignore_errors=True)
                out = self.dir / f"in parts {shared}"
                program = PROGRAM if shared else self.without_sharing("parts", split)
                command = [program] if not shared else [program, "run", split, "--out", out]
                self.scratch.run(*mpirun("-n", 3), *command, check=0)
                found = measured(out if shared else self.dir / "parts 0")
                self.assertEqual(differences(expected, found), [])

    # A rank that sees neither rank 0's folder nor its cache.
    def without_sharing(self, name, manifest):
        script = self.dir / f"{name}.sh"
        script.write_text("#!/bin/sh\n"
                          f"export HEADSPEC_CACHE='{self.scratch.cache}'/$OMPI_COMM_WORLD_RANK TMPDIR='{self.dir}'\n"
                          f"exec '{PROGRAM}' run '{manifest}' --out '{self.dir}/{name} '$OMPI_COMM_WORLD_RANK\n")
        script.chmod(0o755)
        return script

    def test_without_shared_storage(self):
        self.scratch.run(*mpirun("-n", 3), self.without_sharing("apart", self.manifest), check=0)
        self.assert_same(self.dir / "apart 0")
        self.assertFalse((self.dir / "apart 1").exists())
        self.assertEqual(list(self.dir.glob("headspec-rank-*")), [])

    def test_a_model_that_fails_fails_alone(self):
        text = self.manifest.read_text().replace("models = [", f'models = ["{self.dir}/broken", ')
        broken = self.dir / "broken.toml"
        broken.write_text(text)
        shutil.copytree(SOURCE / "data/nano/nano-0.5m", self.dir / "broken")
        weights = self.dir / "broken" / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-8] + b"other id")
        out = self.dir / "with broken"
        # Planned while it is whole, as a download that goes wrong is.
        self.scratch.run(PROGRAM, "submit", broken, "--hosts", "localhost", "--out", out, check=0)
        weights.write_bytes(weights.read_bytes()[:-1000])
        done = self.scratch.run(*mpirun("-n", 2), PROGRAM, "run", broken, "--out", out)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("8 of 10 cells measured, 2 failed", done.stdout)
        self.assertEqual(len(list((out / "failed").iterdir())), 2)
        self.assert_same(out)

    def test_a_silent_rank_is_done_without(self):
        slow = write_sweep(self.dir / "slow.toml", SOURCE, prompts=30, dtypes=["float32"])
        self.scratch.run(PROGRAM, "run", slow, "--out", self.dir / "slow expected", check=0)
        shutil.rmtree(self.scratch.cache)
        out = self.dir / "slow"
        command = [*mpirun("--enable-recovery", "-n", 3), str(PROGRAM), "run", str(slow), "--out", str(out), "--threads", "1"]
        env = self.scratch.env | {"HEADSPEC_SILENCE": "1"}
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as job:
            silent = []
            while not silent:  # a rank other than 0: the last to have been started
                ranks = [pid for pid, words in processes_of(self.scratch.cache).items() if Path(words[0]).name == "headspec" and "run" in words]
                workers = [pid for pid, words in processes_of(self.scratch.cache).items() if "sweep-worker" in words]
                silent = [max(ranks)] if len(ranks) == 3 and len(workers) == 3 else []
            os.kill(silent[0], signal.SIGSTOP)
            while (out / "sweep.json").exists() is False and job.poll() is None:
                time.sleep(0.1)
            end_of = time.monotonic() + 10
            while job.poll() is None and time.monotonic() < end_of:
                time.sleep(0.1)
            os.kill(silent[0], signal.SIGKILL)
            output, errors = job.communicate(timeout=60)
        end(self.scratch.cache)
        self.assertIn("4 of 4 cells measured, 0 failed", output, errors)
        self.assertRegex(errors, r"rank [12] on \S+ has not answered for")
        self.assertEqual(differences(measured(self.dir / "slow expected"), measured(out)), [])

    def test_an_interrupted_job_goes_on(self):
        slow = write_sweep(self.dir / "long.toml", SOURCE, prompts=60)
        out = self.dir / "interrupted"
        command = [*mpirun("-n", 2), str(PROGRAM), "run", str(slow), "--out", str(out), "--threads", "1"]
        with subprocess.Popen(command, env=self.scratch.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as job:
            while not job.stdout.readline().startswith("[1/8]"):
                self.assertIsNone(job.poll())
            job.send_signal(signal.SIGINT)
            _, errors = job.communicate(timeout=60)
        self.assertNotEqual(job.returncode, 0)
        self.assertEqual(processes_of(self.scratch.cache), {})
        self.assertGreaterEqual(len(measured(out)), 1)
        again = self.scratch.run(*mpirun("-n", 2), PROGRAM, "run", slow, "--out", out, check=0)
        self.assertNotIn("8 of 8 cells to measure", again.stdout)
        self.assertIn("8 of 8 cells measured, 0 failed", again.stdout)

    def test_a_host_where_no_worker_begins_leaves(self):
        """Its own copy of the program has no data, and so no prompts."""
        script = self.dir / "one is broken.sh"
        script.write_text(f"#!/bin/sh\nexport HEADSPEC_CACHE='{self.scratch.cache}'/$OMPI_COMM_WORLD_RANK TMPDIR='{self.dir}'\n"
                          "[ $OMPI_COMM_WORLD_RANK = 0 ] || export HEADSPEC_DATA=/nonexistent\n"
                          f"exec '{PROGRAM}' run '{self.manifest}' --out '{self.dir}/broken host '$OMPI_COMM_WORLD_RANK\n")
        script.chmod(0o755)
        done = self.scratch.run(*mpirun("--enable-recovery", "-n", 2), script)
        self.assertIn("8 of 8 cells measured, 0 failed", done.stdout, done.stderr)
        self.assertIn("no worker can begin", done.stderr)
        self.assert_same(self.dir / "broken host 0")

    def test_a_ladder_is_refused_once(self):
        done = self.scratch.run(*mpirun("-n", 3), PROGRAM, "run", SOURCE / "experiments/nano-ladder.toml")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("has no [[sweep]], and only sweeps are handed out to ranks"), 1)
        self.assertEqual(processes_of(self.scratch.cache), {})

    def test_without_the_plugin(self):
        lonely = self.dir / "bin" / "headspec"
        lonely.parent.mkdir()
        shutil.copy2(PROGRAM, lonely)
        env = {"HEADSPEC_DATA": str(SOURCE / "data")}
        done = self.scratch.run(*mpirun("-n", 3), lonely, "run", self.manifest, "--out", self.dir / "never", env=env)
        self.assertEqual(done.returncode, 3)
        self.assertEqual(done.stderr.count("libheadspec-mpi.so is not there"), 1, done.stderr)
        self.assertFalse((self.dir / "never").exists())


class Shards(unittest.TestCase):
    def test_shards_and_merge(self):
        with Scratch("shards") as scratch:
            manifest = write_sweep(scratch.dir / "sweep.toml", SOURCE)
            scratch.run(PROGRAM, "run", manifest, "--out", scratch.dir / "expected", check=0)
            folders = [scratch.dir / f"shard {i}" for i in (1, 2, 3)]
            for i, folder in enumerate(folders, 1):
                done = scratch.run(PROGRAM, "run", manifest, "--out", folder, "--shard", f"{i}/3", check=0)
                self.assertIn(f"shard {i}/3: ", done.stdout)
            done = scratch.run(PROGRAM, "merge", folders[0])
            self.assertEqual(done.returncode, 1)
            self.assertIn("not tried yet", done.stdout)
            done = scratch.run(PROGRAM, "merge", *folders, "--out", scratch.dir / "merged", check=0)
            self.assertIn("8 of 8 cells measured", done.stdout)
            cells = {}
            for folder in folders:
                here = measured(folder)
                self.assertFalse(here.keys() & cells.keys())
                cells |= here
            self.assertEqual(differences(measured(scratch.dir / "expected"), cells), [])
            for shard in ("0/3", "4/3", "1", "a/b", "1/3x"):
                done = scratch.run(PROGRAM, "run", manifest, "--out", scratch.dir / "no", "--shard", shard)
                self.assertEqual((done.returncode, done.stderr.count(f"--shard: found {shard}, expected i/n")), (2, 1))
            other = write_sweep(scratch.dir / "other.toml", SOURCE, dtypes=["float32"])
            scratch.run(PROGRAM, "run", other, "--out", scratch.dir / "other", check=0)
            done = scratch.run(PROGRAM, "merge", folders[0], scratch.dir / "other")
            self.assertEqual(done.returncode, 2)
            self.assertIn("is another one than that of", done.stderr)


if __name__ == "__main__":
    need("mpirun")
    unittest.main(argv=sys.argv[:1], verbosity=1)
