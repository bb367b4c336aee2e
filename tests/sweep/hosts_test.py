#!/usr/bin/env python3
"""A sweep on several hosts by mpirun: hosts are network namespaces with names and, where storage is not shared, mounts
of their own. Usage: hosts_test.py PROGRAM SOURCE_DIR"""
import os
import shlex
import subprocess
import sys
import unittest
from pathlib import Path

from engines import SKIPPED, Scratch, differences, measured, need, processes_of, write_sweep

PROGRAM, SOURCE = Path(sys.argv[1]), Path(sys.argv[2])
TAG = f"hs{os.getpid() % 100000}"
HOSTS = ["node0", "node1", "node2"]


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Network:
    """A bridge, and behind it a namespace for each host."""

    def __init__(self):
        ip("link", "add", TAG, "type", "bridge")
        ip("link", "set", TAG, "up")
        for i, host in enumerate(HOSTS):
            space = self.space(host)
            ip("netns", "add", space)
            ip("link", "add", f"{TAG}v{i}", "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("link", "set", f"{TAG}v{i}", "master", TAG, "up")
            for words in (["addr", "add", f"10.213.7.{i + 1}/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
                ip("-n", space, *words)

    @staticmethod
    def space(host):
        return f"{TAG}-{host}"

    def remove(self):
        for host in HOSTS:
            subprocess.run(["ip", "netns", "del", self.space(host)], capture_output=True)
        subprocess.run(["ip", "link", "del", TAG], capture_output=True)


class SeveralHosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = Scratch("hosts")
        cls.addClassCleanup(cls.scratch.__exit__)
        cls.dir = cls.scratch.dir
        cls.network = Network()
        cls.addClassCleanup(cls.network.remove)
        cls.manifest = write_sweep(cls.dir / "sweep.toml", SOURCE)
        cls.scratch.run(PROGRAM, "run", cls.manifest, "--out", cls.dir / "expected", check=0)
        subprocess.run(["rm", "-rf", str(cls.scratch.cache)], check=True)
        (cls.dir / "hosts").write_text("".join(f"10.213.7.{i + 1} {host}\n" for i, host in enumerate(HOSTS)) + "127.0.0.1 localhost\n")

    def agent(self, hidden):
        """What mpirun has in place of ssh: `agent HOST COMMAND...`, in the host's network, under its name, with mounts of its own."""
        setup = [f"mount --bind {shlex.quote(str(self.dir / 'hosts'))} /etc/hosts"]
        for folder in map(shlex.quote, map(str, hidden)):
            setup += [f"mkdir -p {folder}", f"mount -t tmpfs none {folder}"]
        script = Path(f"/tmp/{TAG}-agent")  # mpirun takes the name apart at spaces
        script.write_text(f"""#!/usr/bin/env python3
import os, shlex, sys
host, command, setup = sys.argv[1], " ".join(sys.argv[2:]), {" && ".join(setup)!r}
inside = f"hostname {{host}} && {{setup}} && exec sh -c {{shlex.quote(command)}}"
os.execvp("ip", ["ip", "netns", "exec", f"{TAG}-{{host}}", "unshare", "--uts", "--mount", "sh", "-c", inside])
""")
        script.chmod(0o755)
        self.addCleanup(script.unlink)
        return script

    def sweep(self, out, hidden=()):
        """`submit --go` on node0, with ranks on node1 and node2 as well."""
        agent = self.agent(hidden)
        env = {"OMPI_MCA_plm_rsh_agent": str(agent), "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
               "OMPI_MCA_btl_tcp_if_include": "eth0", "OMPI_MCA_oob_tcp_if_include": "eth0"}
        command = shlex.join(map(str, [PROGRAM, "submit", self.manifest, "--hosts", "node0,node1,node2", "--out", out, "--go"]))
        return self.scratch.run("ip", "netns", "exec", f"{TAG}-node0", "unshare", "--uts", "--mount", "sh", "-c",
                                f"hostname node0 && mount --bind {shlex.quote(str(self.dir / 'hosts'))} /etc/hosts && exec {command}", env=env)

    def assert_done(self, out, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("8 of 8 cells measured, 0 failed", done.stdout)
        self.assertEqual(differences(measured(self.dir / "expected"), measured(out)), [])
        self.assertEqual(processes_of(self.scratch.cache), {})

    def test_shared_storage(self):
        out = self.dir / "shared"
        self.assert_done(out, self.sweep(out))

    def test_nothing_shared(self):
        out = self.dir / "apart"
        self.assert_done(out, self.sweep(out, hidden=[out, self.scratch.cache]))


if __name__ == "__main__":
    need("mpirun", "ip", "unshare")
    if os.getuid() != 0 or subprocess.run(["ip", "netns", "add", TAG], capture_output=True).returncode != 0:
        print("skipped: network namespaces cannot be made here")
        sys.exit(SKIPPED)
    subprocess.run(["ip", "netns", "del", TAG], check=True)
    unittest.main(argv=sys.argv[:1])
