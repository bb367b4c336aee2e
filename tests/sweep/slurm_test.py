#!/usr/bin/env python3
"""A sweep under Slurm: array, requeue and merge, on a cluster of one node that lives as long as the test. Usage: slurm_test.py PROGRAM SOURCE_DIR"""
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

from engines import Scratch, SKIPPED, differences, measured, need, write_sweep

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """munged, slurmctld and slurmd of their own, in a folder without spaces, as Slurm's configuration wants them."""

    def __init__(self, folder):
        self.folder, self.daemons = folder, []
        self.env = {"SLURM_CONF": str(folder / "slurm.conf")}
        folder.chmod(0o755)
        self.start_munge()
        self.write_configuration()

    def spawn(self, *command):
        with open(self.folder / f"{Path(command[0]).name}.out", "w") as log:
            self.daemons.append(subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, env=os.environ | self.env))

    def start_munge(self):
        folder = self.folder / "munge"
        folder.mkdir(mode=0o755)
        (folder / "key").write_bytes(secrets.token_bytes(1024))
        (folder / "key").chmod(0o400)
        self.socket = folder / "socket"
        self.spawn("munged", "--foreground", "--force", f"--key-file={folder}/key", f"--socket={self.socket}", f"--pid-file={folder}/pid",
                   f"--log-file={folder}/log", f"--seed-file={folder}/seed")
        self.wait(self.socket.exists, "munged")

    def write_configuration(self):
        host, folder = socket.gethostname().split(".")[0], self.folder
        for name in ("state", "spool"):
            (folder / name).mkdir()
        (folder / "slurm.conf").write_text("\n".join([
            "ClusterName=headspec", f"SlurmctldHost={host}(127.0.0.1)", "SlurmUser=root", "AuthType=auth/munge",
            f"AuthInfo=socket={self.socket},cred_expire=5", "CredType=cred/munge", f"StateSaveLocation={folder}/state",
            f"SlurmdSpoolDir={folder}/spool", f"SlurmctldPidFile={folder}/slurmctld.pid", f"SlurmdPidFile={folder}/slurmd.pid",
            f"SlurmctldLogFile={folder}/slurmctld.log", f"SlurmdLogFile={folder}/slurmd.log", f"SlurmctldPort={free_port()}",
            f"SlurmdPort={free_port()}", "ProctrackType=proctrack/pgid", "TaskPlugin=task/none", "SelectType=select/cons_tres",
            "SelectTypeParameters=CR_Core", "SchedulerType=sched/backfill", "SchedulerParameters=sched_interval=1,bf_interval=1",
            "ReturnToService=2", "JobAcctGatherType=jobacct_gather/none", "AccountingStorageType=accounting_storage/none", "MpiDefault=none",
            "KillWait=2", "MinJobAge=300", f"NodeName={host} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} RealMemory=1000 State=UNKNOWN",
            "PartitionName=short Nodes=ALL Default=YES MaxTime=INFINITE State=UP"]) + "\n")

    def start(self):
        self.spawn("slurmctld", "-D")
        self.spawn("slurmd", "-D")
        self.wait(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%T"), "the node")

    def ask(self, *command):
        return subprocess.run(command, env=os.environ | self.env, capture_output=True, text=True).stdout

    def wait(self, ready, what, seconds=120):
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end:
                logs = "\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in sorted(self.folder.glob("slurm*.log")))
                raise AssertionError(f"{what} is not ready after {seconds} s\n{self.ask('squeue')}\n{logs}")
            time.sleep(0.2)

    def wait_for_jobs(self):
        self.wait(lambda: not self.ask("squeue", "-h", "-o", "%i").strip(), "the queue", 300)

    def stop(self):
        self.ask("scancel", "--me")
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


class Slurm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch("slurm")
        cls.addClassCleanup(cls.scratch.__exit__)
        cls.dir = cls.scratch.dir
        cls.plain = Scratch("cluster")
        cls.addClassCleanup(cls.plain.__exit__)
        folder = cls.plain.dir.with_name(cls.plain.dir.name.replace(" ", "-"))
        folder.mkdir()
        cls.addClassCleanup(lambda: subprocess.run(["rm", "-rf", str(folder)]))
        cls.cluster = Cluster(folder)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.start()
        cls.scratch.env |= cls.cluster.env

    def submit(self, manifest, out, *options):
        done = self.scratch.run(PROGRAM, "submit", manifest, "--slurm", "--out", out, "--cpus-per-task", 1, "--mem", "500M",
                                "--time", "00:10:00", "--partition", "short", *options, check=0)
        return done.stdout

    def test_array_and_merge(self):
        manifest = write_sweep(self.dir / "sweep.toml", SOURCE)
        self.scratch.run(PROGRAM, "run", manifest, "--out", self.dir / "expected", check=0)
        out = self.dir / "50% of it's"
        said = self.submit(manifest, out, "--jobs", 3, "--at-once", 2, "--sbatch", "--comment='two words'")
        self.assertIn("8 cells in 3 jobs", said)
        self.assertEqual(self.cluster.ask("squeue", "-h"), "")  # without --go nothing was started
        said = self.submit(manifest, out, "--jobs", 3, "--at-once", 2, "--sbatch", "--comment='two words'", "--go")
        self.assertRegex(said, r"array job \d+, then job \d+ merges")
        array = re.search(r"array job (\d+)", said)[1]
        job = self.cluster.ask("scontrol", "show", "job", array)
        self.assertIn("Comment=two words", job)
        self.cluster.wait_for_jobs()
        self.assertEqual(sorted(log.name for log in (out / "slurm").glob("*.log")), ["array-1.log", "array-2.log", "array-3.log", "merge.log"])
        self.assertIn("8 of 8 cells measured, 0 failed", (out / "slurm/merge.log").read_text())
        self.assertEqual(differences(measured(self.dir / "expected"), measured(out)), [])
        self.assertEqual(len(json.loads((out / "sweep.json").read_text())["cells"]), 8)

    def test_a_job_that_is_requeued_goes_on(self):
        manifest = write_sweep(self.dir / "slow.toml", SOURCE, prompts=60)
        self.scratch.run(PROGRAM, "run", manifest, "--out", self.dir / "slow expected", check=0)
        subprocess.run(["rm", "-rf", str(self.scratch.cache)], check=True)
        out = self.dir / "requeued"
        array = re.search(r"array job (\d+)", self.submit(manifest, out, "--jobs", 1, "--go"))[1]
        log = out / "slurm/array-1.log"
        self.cluster.wait(lambda: log.exists() and "[1/8]" in log.read_text(), "the first cell")
        self.cluster.ask("scontrol", "requeue", f"{array}_1")
        self.cluster.wait_for_jobs()
        text = log.read_text()
        self.assertEqual(text.count("cells to measure"), 2, text)  # appended to, and what was measured is not measured again
        self.assertNotIn("8 of 8 cells to measure", text[text.rindex("engines:"):])
        self.assertIn("8 of 8 cells measured", (out / "slurm/merge.log").read_text())
        self.assertEqual(differences(measured(self.dir / "slow expected"), measured(out)), [])


if __name__ == "__main__":
    need("slurmctld", "slurmd", "munged", "sbatch")
    if os.getuid() != 0:
        print("skipped: the daemons of a cluster want to be root's")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
