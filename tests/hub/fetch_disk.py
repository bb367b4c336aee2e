"""Disks, locks and processes that end: what is kept, and how the next run goes on."""
import fcntl
import hashlib
import os
import resource
import shutil
import signal
import subprocess
import time

from fetching import FILES, FOLDER, ID, MAIN, PROGRAM, SMALL, WEIGHTS, WEIGHTS_SHA, FetchTest, Hub, Repository, blob_id

GB = 10**9
# head -c 4500000000 /dev/zero | sha256sum
SHA_OF_HOLES = "de96a177da94dfdcc02a8ef33ae17ac637df47124748819cd5994850030abe9d"
KEPT = f"headspec: interrupted: what arrived of {ID} is kept; run it again to go on\n"


class Disk(FetchTest):
    def test_file_too_large_for_the_user(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))
        done = self.program("fetch", ID, preexec_fn=limit)
        error = f"headspec: cache: cannot write {self.incomplete} (File too large); check its permissions, or name another folder with --cache-dir"
        self.assertEqual((done.stderr, done.returncode), (error + "\n", 3))
        self.check_kept(done)
        self.record("a file above ulimit -f", error, 3)
        self.assertEqual(self.incomplete.stat().st_size, 600_000)
        self.check_fetches()
        self.assertEqual(self.ranges()[1:], ["bytes=600000-"])

    def test_full(self):
        """A small disk of its own. The file that an earlier try left is as long as the whole one, so the
        check of the space finds nothing to download; but it is wrong."""
        home = self.dir / "home"
        home.mkdir()
        script = f'mount -t tmpfs -o size=1m tmpfs "$1" && mkdir -p "$2" && truncate -s {len(WEIGHTS)} "$3" && "$4" fetch {ID}; code=$?; ls -s "$2"; exit $code'
        private = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-r", "-m"]
        if not shutil.which("unshare") or subprocess.run([*private, "mount", "-t", "tmpfs", "tmpfs", home], capture_output=True).returncode:
            self.skipTest("a small disk cannot be mounted here: that takes root, or namespaces for everybody")
        done = subprocess.run([*private, "sh", "-c", script, "sh", home, self.blobs, self.incomplete, PROGRAM], capture_output=True, text=True, env=self.environment(), timeout=60)
        error = f"headspec: cache: cannot write {self.incomplete} (No space left on device); free some space and run it again: what arrived is kept"
        self.check_lines(done.stderr, [f"{ID}: model.safetensors: expected sha256 {WEIGHTS_SHA}, received {hashlib.sha256(bytes(len(WEIGHTS))).hexdigest()}; "
                                       "starting it over", error])
        self.assertEqual(done.returncode, 3)
        self.assertNotIn(f"{WEIGHTS_SHA}\n", done.stdout)
        self.assertIn(f"{WEIGHTS_SHA}.incomplete\n", done.stdout)
        self.record("a disk that is full", error, 3)

    def sparse(self, count, size):
        paths = {}
        for i in range(count):
            paths[f"{i}.safetensors"] = self.dir / f"{i}"
            paths[f"{i}.safetensors"].touch()
            os.truncate(self.dir / f"{i}", size)
        index = '{"weight_map": {' + ", ".join(f'"{i}": "{i}.safetensors"' for i in range(count)) + "}}"
        return SMALL | paths | {"model.safetensors.index.json": index.encode()}, {f"{i}.safetensors": f"{i:064x}" for i in range(count)}

    def test_too_small(self):
        count = shutil.disk_usage(self.dir).free // (40 * GB) + 2
        files, digests = self.sparse(count, 40 * GB)
        self.add("org/huge", files, commit=MAIN, sha256=digests)
        done = self.program("fetch", "org/huge")
        self.assertRegex(done.stderr, rf"\Aheadspec: org/huge: {count * 40}\.00 GB to download, \d+\.\d\d GB free in [^\n]*/home/hub; free some space, or name "
                                      r"another folder with --cache-dir\n\Z")
        self.assertEqual(done.returncode, 3)
        self.assertEqual([r for r in self.hub.requests if r["server"] == "cdn"], [])
        self.record("more than the disk has space for", done.stderr.strip(), 3)

    def test_too_large_for_plain_http(self):
        files, digests = self.sparse(1, 51 * GB)
        self.add("org/huge", files, commit=MAIN, sha256=digests)
        self.check_fails("more than 50 GB over plain HTTP", 3, "org/huge: 0.safetensors: 51.00 GB over plain HTTP are refused; use an endpoint with https", "org/huge")

    def test_file_in_place_of_the_cache(self):
        (self.dir / "file").write_text("")
        lock = self.dir / "file/.locks" / FOLDER / f"{blob_id(FILES[MAIN]['config.json'])}.lock"
        self.check_fails("a cache that cannot be written", 3, f"cache: cannot write {lock} (Not a directory); check its permissions and free space, or name "
                         "another folder with --cache-dir", HF_HUB_CACHE=str(self.dir / "file"))

    def test_folder_in_place_of_the_partial_file(self):
        self.incomplete.mkdir(parents=True)
        self.check_fails(None, 3, f"cache: cannot write {self.incomplete} (Is a directory); check its permissions, or name another folder with --cache-dir")

    def test_whole_snapshot_in_a_cache_of_others(self):
        """What the hub does not have cannot be remembered there: that is no reason to fail."""
        self.check_fetches()
        marks = self.cache / FOLDER / ".no_exist"
        shutil.rmtree(marks)
        marks.write_text("")
        self.check_fetches()

    def test_link_whose_blob_is_gone(self):
        self.check_fetches()
        (self.blobs / WEIGHTS_SHA).unlink()
        self.check_fetches()
        other = self.cache / FOLDER / "snapshots" / MAIN / "pytorch_model.bin"
        other.symlink_to("../../blobs/gone")
        self.assertEqual(self.program("fetch", ID, "--json").returncode, 0)


class Large(FetchTest):
    """4.5 GB of holes, of which the last 10 MB are downloaded: no size passes through 32 bits."""

    @staticmethod
    def scratch():
        """In memory if possible: reading holes there takes no pages, which makes it many times faster."""
        return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

    def prepare(self, size, left):
        weights = self.dir / "weights"
        weights.touch()
        os.truncate(weights, size)
        self.add("org/large", SMALL | {"model.safetensors": weights}, commit=MAIN, sha256={"model.safetensors": SHA_OF_HOLES})
        blobs = self.cache / "models--org--large/blobs"
        blobs.mkdir(parents=True)
        partial = blobs / f"{SHA_OF_HOLES}.incomplete"
        partial.touch()
        os.truncate(partial, left)
        return blobs, partial

    def test_interrupted_while_what_is_there_is_read(self):
        _, partial = self.prepare(49 * GB, 49 * GB - 10**6)
        process = self.started("fetch", "org/large")
        time.sleep(1)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        self.assertEqual((process.wait(60), process.stderr.read()), (130, KEPT.replace(ID, "org/large")))
        self.assertLess(time.monotonic() - start, 5)
        self.assertEqual(partial.stat().st_size, 49 * GB - 10**6)

    def test_resumed(self):
        size, left = 4_500_000_000, 4_490_000_000
        blobs, partial = self.prepare(size, left)
        done = self.program("fetch", "org/large")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(self.ranges(), [f"bytes={left}-"])
        self.assertEqual((blobs / SHA_OF_HOLES).stat().st_size, size)
        self.assertFalse(partial.exists())


class Together(FetchTest):
    def wait_for(self, condition, process):
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            self.assertIsNone(process.poll(), "it ended")
            time.sleep(0.02)

    def arrived(self):
        return self.incomplete.stat().st_size if self.incomplete.exists() else 0

    def test_two_at_once(self):
        self.hub.fault("throttle", server="cdn", rate=1_500_000)
        both = [self.started("fetch", ID) for _ in range(2)]
        errors = "".join(process.communicate(timeout=60)[1] for process in both)
        self.assertEqual([process.returncode for process in both], [0, 0], errors)
        self.assertIn(f"{ID}: model.safetensors: another process is downloading it; waiting\n", errors)
        self.assertEqual(self.ranges(), [None])
        self.check_snapshot()
        self.check_kept()

    def test_lock_of_python(self):
        lock = self.cache / ".locks" / FOLDER / f"{WEIGHTS_SHA}.lock"
        lock.parent.mkdir(parents=True)
        note = f"{ID}: model.safetensors: another process is downloading it; waiting\n"
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            process = self.started("fetch", ID)
            self.assertEqual(process.stderr.readline(), note)
            time.sleep(0.3)
            self.assertIsNone(process.poll())
            self.assertEqual(self.cdn_requests(), [])
            fcntl.flock(file, fcntl.LOCK_UN)
            self.assertEqual((process.wait(30), process.stderr.read()), (0, ""))
        self.record("another process downloads the same file", note.strip(), 0)
        self.check_snapshot()

    def test_killed_in_the_middle(self):
        self.hub.fault("throttle", server="cdn", rate=1_000_000, times=1)
        process = self.started("fetch", ID)
        self.wait_for(lambda: self.arrived() > 200_000, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept = self.arrived()
        self.assertTrue(self.incomplete.read_bytes() == WEIGHTS[:kept])
        self.assertFalse((self.cache / FOLDER / "refs").exists())
        self.check_kept()
        self.check_fetches()
        self.assertEqual(self.ranges(), [None, f"bytes={kept}-"])

    def test_interrupted(self):
        for signal_sent in (signal.SIGINT, signal.SIGTERM):
            self.hub.fault("throttle", server="cdn", rate=1_000_000, times=1)
            before = self.arrived()
            process = self.started("fetch", ID)
            self.wait_for(lambda: self.arrived() > before + 100_000, process)
            process.send_signal(signal_sent)
            out, errors = process.communicate(timeout=30)
            self.assertEqual((process.returncode, out, errors), (130, "", KEPT))
            self.check_kept()
        self.record("Ctrl-C", KEPT.strip(), 130)
        kept = self.arrived()
        self.check_fetches()
        self.assertEqual(self.ranges()[-1], f"bytes={kept}-")

    def test_interrupted_while_waiting(self):
        lock = self.cache / ".locks" / FOLDER / f"{WEIGHTS_SHA}.lock"
        lock.parent.mkdir(parents=True)
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            process = self.started("fetch", ID)
            process.stderr.readline()
            process.send_signal(signal.SIGINT)
            self.assertEqual((process.wait(30), process.stderr.read()), (130, KEPT))

    def test_interrupted_between_tries(self):
        self.hub.fault("status", path="/api/models", status=429, retry_after=100)
        process = self.started("fetch", ID)
        self.assertEqual(process.stderr.readline(), f"{ID}: list of files: HTTP 429; trying again in 100 s (1 of 5)\n")
        process.send_signal(signal.SIGINT)
        self.assertEqual((process.wait(30), process.stderr.read()), (130, KEPT))
