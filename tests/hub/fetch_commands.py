"""The commands that download: fetch with its options, and what measures a model that is not there yet."""
import json
import os
import pty
import shutil
import subprocess
import sys
import time

from fetching import FILES, GOOD, ID, MAIN, PROGRAM, PULL, SOURCE, TAGGED, WITH_TOKEN, FetchTest

MANIFEST = """
experiment = "Test"
purpose = "A model of the hub"
[protocol]
dtypes = ["float32"]
[hypothesis]
H0 = "a"
H1 = "b"
target_si = 0.33
tolerance = 0.05
[[model]]
name = "org/name"
revision = "v1"
"""


class Fetch(FetchTest):
    def test_prints_where_it_is(self):
        done = self.check_fetches()
        snapshot = self.cache / "models--org--name/snapshots" / MAIN
        megabytes = sum(len(c) for n, c in FILES[MAIN].items() if n != "README.md") / 1e6
        self.assertEqual(done.stdout, f"{ID} {MAIN} (5 files, {megabytes:.1f} MB)\n  {snapshot}\n")

    def test_json(self):
        done = self.check_fetches(None, f"{ID}@v1", "--json", commit=TAGGED)
        document = self.dir / "fetched.json"
        document.write_text(done.stdout)
        check = subprocess.run([sys.executable, SOURCE / "tests/schema_check.py", SOURCE / "docs/fetch.schema.json", document], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout)
        document.unlink()
        [model] = json.loads(done.stdout)["models"]
        names = sorted(n for n in FILES[TAGGED] if n != "README.md")
        self.assertEqual(model, {"model": ID, "revision": "v1", "commit": TAGGED, "folder": str(self.cache / "models--org--name/snapshots" / TAGGED),
                                 "files": names, "bytes": sum(len(FILES[TAGGED][n]) for n in names), "notes": []})

    def test_json_with_a_note(self):
        self.check_fetches()
        done = self.program("fetch", ID, "--json", "-q", HF_ENDPOINT="http://127.0.0.1:1")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        [note] = json.loads(done.stdout)["models"][0]["notes"]
        self.assertTrue(note.endswith(f"; the cached commit {MAIN} is used"), note)

    def test_several_of_which_one_fails(self):
        self.add("org/bad", {"model.safetensors": b"x"}, commit=MAIN)
        self.add("org/last", FILES[MAIN], commit=MAIN)
        absent = f"headspec: org/none: no such model at {self.hub.url}, or it is private (HTTP 404, {WITH_TOKEN}); check the spelling, and that the token may read it"
        unusable = f"headspec: org/bad at {MAIN[:12]}: no config.json; only checkpoints of transformers can be measured"
        for models, lines, code in (([ID, "org/none", "org/bad", "org/last"], [absent, unusable], 3), (["org/bad", "org/none", ID], [unusable, absent], 2)):
            done = self.program("fetch", *models, "--json")
            self.check_lines(done.stderr, lines)
            self.assertEqual(done.returncode, code)
            self.assertEqual([m["model"] for m in json.loads(done.stdout)["models"]], [m for m in models if m not in ("org/none", "org/bad")])
            self.check_snapshot()
        self.check_snapshot(MAIN, "models--org--last")
        self.check_kept()

    def test_cache_folder(self):
        other = self.dir / "else where"
        self.assertEqual(self.program("fetch", ID, "--cache-dir", other).returncode, 0)
        self.assertFalse(self.cache.exists())
        self.cache = other
        self.check_snapshot()
        self.check_kept()

    def test_offline(self):
        for name, value in (("HF_HUB_OFFLINE", "1"), ("TRANSFORMERS_OFFLINE", "yes")):
            self.check_fails("offline, not in the cache" if value == "1" else None, 3,
                             f'{ID}: no such folder here, no revision "main" of it in the cache {self.cache}, and {name}={value} forbids to ask the hub; '
                             "run it once without it, or give a folder", **{name: value})
        self.check_fails(None, 3, f'{ID}: no such folder here, no revision "main" of it in the cache {self.cache}, and --offline forbids to ask the hub; '
                         "run it once without it, or give a folder", ID, "--offline")
        self.assertEqual(self.hub.requests, [])
        self.check_fetches(None, ID, HF_HUB_OFFLINE="0")
        self.hub.forget()
        self.check_fetches(None, ID, "--offline")
        snapshot = self.cache / "models--org--name/snapshots" / MAIN
        (snapshot / "model.safetensors").unlink()
        self.check_fails("offline, the cached snapshot is not whole", 3, f"{ID}: the cached snapshot {snapshot} lacks weights (model.safetensors), and --offline "
                         "forbids to ask the hub; run it once without it, or give a folder", ID, "--offline")
        self.assertEqual(self.hub.requests, [])

    def test_second_time_downloads_nothing(self):
        self.check_fetches()
        self.hub.forget()
        self.check_fetches()
        self.assertEqual([r["path"] for r in self.hub.requests], [f"/api/models/{ID}/revision/main"])

    def test_user_agent_names_the_program(self):
        self.check_fetches()
        self.assertTrue(all(r["user_agent"].startswith("headspec/") for r in self.hub.requests))


class Measure(FetchTest):
    def measure(self, model, *arguments, **environment):
        return self.program("measure", model, "--dtype", "float32", "--json", *arguments, **environment)

    def test_downloads_first(self):
        for model, commit in ((f"{ID}@v1", TAGGED), (f"{ID}@{PULL}", PULL)):
            done = self.measure(model)
            self.assertEqual(done.returncode, 0, done.stderr)
            [result] = json.loads(done.stdout)["results"]
            self.assertEqual(result["provenance"]["revision"], commit)
            self.check_snapshot(commit)
            self.check_kept(done)

    def test_cached_snapshot_is_not_asked_for(self):
        """A branch that moves does not change a measurement, and nor does a dead hub."""
        self.check_fetches(None, f"{ID}@v1", commit=TAGGED)
        self.repository.refs["v1"] = MAIN
        self.hub.forget()
        for environment in ({}, {"HF_ENDPOINT": "http://127.0.0.1:1"}):
            done = self.measure(f"{ID}@v1", **environment)
            self.assertEqual((done.returncode, json.loads(done.stdout)["results"][0]["provenance"]["revision"]), (0, TAGGED))
        self.assertEqual(self.hub.requests, [])

    def test_failing_download(self):
        done = self.measure("org/none")
        self.assertEqual(done.returncode, 3)
        self.check_lines(done.stderr, [f"headspec: org/none: no such model at {self.hub.url}, or it is private (HTTP 404, {WITH_TOKEN}); check the spelling, "
                                       "and that the token may read it"])

    def test_run_of_a_manifest(self):
        manifest = self.dir / "manifest.toml"
        manifest.write_text(MANIFEST)
        done = self.program("run", manifest, "--out", self.dir / "out")
        self.assertIn(done.returncode, (0, 1), done.stderr)
        self.check_snapshot(TAGGED)
        self.assertTrue((self.dir / "out").is_dir())
        self.check_kept(done)


class Terminal(FetchTest):
    def on_terminal(self, *arguments, **environment):
        """(exit status, what the terminal shows)"""
        control, terminal = pty.openpty()
        process = subprocess.Popen([PROGRAM, "fetch", ID, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=terminal, cwd=self.dir,
                                   env=self.environment(**environment))
        os.close(terminal)
        shown, deadline = b"", time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                block = os.read(control, 65536)
            except OSError:  # the other side is closed
                break
            if not block:
                break
            shown += block
        os.close(control)
        return process.wait(30), shown.decode()

    def test_shows_bytes_and_speed(self):
        self.hub.fault("throttle", server="cdn", rate=700_000)
        status, shown = self.on_terminal()
        self.assertEqual(status, 0)
        self.assertRegex(shown, r"org/name: downloading [█░]+ \d\.\d/1\.1 MB  \d\.\d MB/s  \d+ s left")
        self.assertTrue(shown.endswith("\r\x1b[K"), ascii(shown[-50:]))
        self.assertNotIn(GOOD, shown)
        self.check_snapshot()

    def test_shows_nothing_where_that_is_switched_off(self):
        for arguments, environment in ((["--no-progress"], {}), (["-q"], {}), ([], {"HF_HUB_DISABLE_PROGRESS_BARS": "True"})):
            shutil.rmtree(self.cache, ignore_errors=True)
            self.assertEqual(self.on_terminal(*arguments, **environment), (0, ""))
        shutil.rmtree(self.cache)
        self.assertIn("downloading", self.on_terminal(HF_HUB_DISABLE_PROGRESS_BARS="0")[1])
