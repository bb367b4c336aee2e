#!/usr/bin/env python3
"""`headspec plan` against a hub on the loopback interface and folders: which cells, which ids, what is asked, what is
downloaded, and the one line when something is wrong.

Usage: sweep_plan_test.py PROGRAM SOURCE_DIR [unittest arguments]
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
PROGRAM, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
sys.path.insert(0, str(SOURCE / "tests/hub"))
from hub_server import Hub, Repository  # noqa: E402

NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "model.safetensors",
          "model.safetensors.index.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
NANO, SHARDED = SOURCE / "data/nano/nano-0.5m", SOURCE / "tests/golden/checkpoints/phi-two-shards"
STEPS = [1000 * i for i in range(60)]
GOOD = "hf_GoodSecretOfTheTest"


def files_of(folder):
    return {name: (folder / name).read_bytes() for name in NEEDED if (folder / name).is_file()} | {"README.md": b"# x\n"}


def weights(files, number):
    """The same model with other weights: the last eight bytes are a number."""
    content = files["model.safetensors"]
    return {**files, "model.safetensors": content[:-8] + number.to_bytes(8, "little")}


BASE = files_of(NANO)
WEIGHT_BYTES = len(BASE["model.safetensors"])
SMALL_BYTES = sum(len(BASE[name]) for name in NEEDED[:4] if name in BASE)


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="headspec plan ")
        self.addCleanup(scratch.cleanup)
        self.dir = Path(scratch.name).resolve()
        self.cache = self.dir / "home/hub"
        revisions = {f"step{step}": weights(BASE, step) for step in STEPS}
        revisions |= {"main": revisions["step59000"], "v1": revisions["step1000"], "refs/pr/1": weights(BASE, 7),
                      "refs/convert/parquet": BASE}
        self.repository = Repository.of_revisions("org/nano-0.5m", revisions, tags=["v1"])
        self.hub = Hub([self.repository, Repository("org/sharded", files_of(SHARDED)),
                        Repository("org/gated", BASE, gated=True)], [GOOD]).start()
        self.addCleanup(self.hub.stop)

    def write(self, *tables, head=""):
        """sweep.toml of these [[sweep]]s."""
        path = self.dir / "sweep.toml"
        path.write_text('experiment = "Test sweep"\n' + head + "".join(f"[[sweep]]\n{table}\n" for table in tables))
        return path

    def run_program(self, *arguments, **environment):
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy") and not
                name.startswith(("HF_", "HUGGING", "TRANSFORMERS", "XDG_", "HEADSPEC_"))}
        return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, cwd=self.dir, timeout=300,
                              env={**kept, "HOME": str(self.dir), "HF_HOME": str(self.dir / "home"),
                                   "HF_ENDPOINT": self.hub.url, "HEADSPEC_RETRY_PAUSE": "0.01", "LC_ALL": "C.UTF-8",
                                   "HEADSPEC_CACHE": str(self.dir / "own"), **environment})

    def plan(self, *tables, options=(), head="", notes=(), **environment):
        """The plan as JSON, checked against its schema."""
        done = self.run_program("plan", self.write(*tables, head=head), "--json", *options, **environment)
        self.assertEqual(done.stderr, "".join(f"{note}\n" for note in notes))
        self.assertEqual(done.returncode, 0)
        file = self.dir / "plan.json"
        file.write_text(done.stdout)
        check = subprocess.run([sys.executable, SOURCE / "tests/schema_check.py", SOURCE / "docs/plan.schema.json", file],
                               capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        return json.loads(done.stdout)

    def assert_fails(self, code, error, *tables, head="", options=(), **environment):
        done = self.run_program("plan", self.write(*tables, head=head), *options, **environment)
        self.assertEqual(done.stderr.replace(str(self.dir), "~").replace(self.hub.url, "HUB"), f"headspec: {error}\n")
        self.assertEqual((done.returncode, done.stdout), (code, ""))


class OfTheHub(Case):
    TABLE = 'models = ["org/nano-0.5m"]\nrevisions = ["step*", "main"]\ndtypes = ["float32"]'
    SAME = "note: org/nano-0.5m main is step59000 (the same content): measured once"

    def test_sixty_revisions(self):
        plan = self.plan(self.TABLE, notes=[self.SAME])
        cells = plan["cells"]
        self.assertEqual([cell["revision"] for cell in cells], [f"step{step}" for step in STEPS] + ["main"])
        self.assertEqual([cell["step"] for cell in cells], STEPS + [None])
        self.assertEqual([cell["commit"] for cell in cells], [self.repository.refs[cell["revision"]] for cell in cells])
        self.assertEqual({(cell["curve"], cell["model"], cell["size"], cell["dtype"], cell["path"]) for cell in cells},
                         {("org/nano-0.5m", "org/nano-0.5m", "0.5m", "float32", None)})
        self.assertEqual(len({cell["id"] for cell in cells}), 60)
        self.assertEqual((cells[-1]["id"], cells[-1]["folder"]), (cells[-2]["id"], cells[-2]["folder"]))
        self.assertEqual(cells[1]["folder"], f"org--nano-0.5m@step1000-float32-{cells[1]['id']}")
        self.assertEqual((plan["totals"]["cells"], plan["totals"]["measurements"]), (61, 60))
        # Files that revisions share are downloaded once.
        self.assertEqual([cell["cost"]["download_bytes"] for cell in cells],
                         [WEIGHT_BYTES + SMALL_BYTES] + 59 * [WEIGHT_BYTES] + [0])
        self.assertEqual({cell["cost"]["weight_bytes"] for cell in cells}, {WEIGHT_BYTES})
        self.assertEqual(plan["totals"]["download_bytes"], 60 * WEIGHT_BYTES + SMALL_BYTES)
        asked = [request["path"] for request in self.hub.requests]
        listings = [path for path in asked if "/revision/" in path]
        self.assertEqual((asked[0], len(listings), len(asked)), ("/api/models/org/nano-0.5m/refs", 60, 62))
        self.assertTrue(all(path.endswith("?blobs=true") for path in listings))
        self.assertEqual(asked[-1].rsplit("/", 1)[1], "config.json")

    def test_a_second_plan_asks_for_branches_only(self):
        first = self.plan(self.TABLE, notes=[self.SAME])
        self.hub.forget()
        again = self.plan(self.TABLE, notes=[self.SAME])
        self.assertEqual([request["path"] for request in self.hub.requests], ["/api/models/org/nano-0.5m/refs"])
        self.assertEqual([cell["id"] for cell in again["cells"]], [cell["id"] for cell in first["cells"]])
        # What was asked before helps where the hub may not be asked, as far as weights are there.
        self.assert_fails(3, "~/sweep.toml:4: sweep[0].revisions: the cache ~/home/hub has no whole snapshot of org/nano-0.5m at "
                             "step*, main, and --offline forbids to ask the hub; fetch them first, or set missing = \"skip\"",
                          self.TABLE, options=["--offline"])

    def test_interrupted_listing_goes_on(self):
        self.hub.fault("status", path="/revision/" + self.repository.refs["step30000"], status=404)
        done = self.run_program("plan", self.write(self.TABLE))
        self.assertEqual(done.returncode, 3)
        had = [r for r in self.hub.requests if "/revision/" in r["path"] and r["status"] == 200]
        self.assertGreater(len(had), 20)
        self.hub.clear()
        self.hub.forget()
        self.plan(self.TABLE, notes=[self.SAME])
        asked = [r for r in self.hub.requests if "/revision/" in r["path"]]
        self.assertLessEqual(len(asked), 60 - len(had) + 6)  # those in flight when it failed

    def test_rate_limit(self):
        self.hub.fault("status", path="/revision/", status=429, times=2, retry_after=0)
        done = self.run_program("plan", self.write(self.TABLE), "--no-progress")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(len(re.findall(r"list of files: HTTP 429; trying again in 0 s \(1 of 5\)", done.stderr)), 2)

    def test_ids_do_not_depend_on_the_place(self):
        online = self.plan('models = ["org/nano-0.5m"]\ndtypes = ["float32"]')["cells"][0]
        self.assertEqual(self.run_program("fetch", "org/nano-0.5m").returncode, 0)
        # From the snapshot alone: what the hub said is forgotten.
        shutil.rmtree(self.dir / "own")
        self.hub.forget()
        offline = self.plan('models = ["org/nano-0.5m"]\ndtypes = ["float32"]', options=["--offline"])["cells"][0]
        self.assertEqual((offline["id"], offline["commit"]), (online["id"], online["commit"]))
        self.assertEqual((offline["cost"]["download_bytes"], offline["cost"]["operations"]), (0, online["cost"]["operations"]))
        self.assertEqual(self.hub.requests, [])
        some = self.plan('models = ["org/nano-0.5m"]\nrevisions = ["step*", "main"]\nmissing = "skip"\ndtypes = ["float32"]',
                         options=["--offline"], notes=["note: org/nano-0.5m: left out, not there: step*"])
        self.assertEqual([cell["id"] for cell in some["cells"]], [online["id"]])
        # Fetched by its commit, it has its name from what the first plan saw.
        early = self.plan('models = ["org/nano-0.5m"]\nrevisions = ["step1000"]\ndtypes = ["float32"]')["cells"][0]
        self.assertEqual(self.run_program("fetch", "org/nano-0.5m@" + early["commit"]).returncode, 0)
        self.hub.forget()
        again = self.plan('models = ["org/nano-0.5m"]\nrevisions = ["step?000", "v1"]\ndtypes = ["float32"]', options=["--offline"],
                          notes=["note: org/nano-0.5m v1 is step1000 (the same content): measured once"])
        self.assertEqual([(cell["revision"], cell["id"]) for cell in again["cells"]], [("step1000", early["id"]), ("v1", early["id"])])
        self.assertEqual(self.hub.requests, [])
        # Another repository with these files is the same measurement.
        self.hub.add(Repository("other/copy", weights(BASE, 59000)))
        self.assertEqual(self.plan('models = ["other/copy"]\ndtypes = ["float32"]')["cells"][0]["id"], online["id"])

    def test_what_decides_the_id(self):
        table = 'models = ["org/nano-0.5m"]\n'
        (self.dir / "more.txt").write_text("One prompt.\nAnother one.\n")
        (self.dir / "same.txt").write_text("One prompt.\n\nAnother one.")
        ids = {}
        for name, more, head in (("base", 'dtypes = ["float32"]', ""), ("bf16", 'dtypes = ["bfloat16"]', ""), ("auto", "", ""),
                                 ("prompts", 'dtypes = ["float32"]\nprompts = ["more.txt"]', ""),
                                 ("same", 'dtypes = ["float32"]\nprompts = ["same.txt"]', ""),
                                 ("length", 'dtypes = ["float32"]', "[protocol]\nmax_length = 64\n"),
                                 ("seeds", 'dtypes = ["float32"]', "[protocol]\nseeds = [1]\n"),
                                 ("chat", 'dtypes = ["float32"]\n[[sweep.protocol]]\nname = "chat"\nchat_template = true', ""),
                                 ("padded", 'dtypes = ["float32"]\n[[sweep.protocol]]\nname = "p"\npadding = "max-length"', ""),
                                 ("received", 'dtypes = ["float32"]\n[[sweep.protocol]]\nname = "r"\nmetrics = "received"', ""),
                                 ("exact", 'dtypes = ["float32"]\n[[sweep.protocol]]\nname = "e"\nnumerics = "exact"', ""),
                                 ("named", 'dtypes = ["float32"]\n[[sweep.protocol]]\nname = "n"', ""),
                                 ("purpose", 'dtypes = ["float32"]', 'purpose = "another"\n')):
            ids[name] = self.plan(table + more, head=head)["cells"][0]["id"]
        self.assertEqual(ids["same"], ids["prompts"])
        self.assertEqual((ids["named"], ids["purpose"]), (ids["base"], ids["base"]))
        different = [value for name, value in ids.items() if name not in ("same", "named", "purpose")]
        self.assertEqual(len(set(different)), len(different))

    def test_axes(self):
        (self.dir / "more.txt").write_text("One prompt.\n")
        plan = self.plan('models = ["org/nano-0.5m"]\nrevisions = ["step{0..2000..1000}"]\ndtypes = ["float32", "bfloat16"]\n'
                         'prompts = ["standard-10-v3", "more.txt"]\nsplit_prompts = 500\n'
                         '[[sweep.protocol]]\nname = "raw"\n[[sweep.protocol]]\nname = "chat"\nchat_template = true\nmax_length = 64')
        self.assertEqual(len(plan["cells"]), 3 * 2 * 2 * 2)
        curves = list(dict.fromkeys(cell["curve"] for cell in plan["cells"]))
        self.assertEqual(curves, [f"org/nano-0.5m, {dtype}, {prompts}, {variant}" for dtype in ("float32", "bfloat16")
                                  for prompts in ("standard-10-v3", "more.txt") for variant in ("raw", "chat")])
        self.assertEqual([cell["protocol"] for cell in plan["cells"]], [i // 3 for i in range(24)])
        self.assertEqual(plan["split_prompts"], 500)
        self.assertEqual([(p["dtypes"], p["prompt_count"], p["chat_template"], p["max_length"]) for p in plan["protocols"]],
                         [([dtype], count, chat, 64 if chat else 128) for dtype in ("float32", "bfloat16")
                          for count in (10, 1) for chat in (False, True)])

    def test_names_of_revisions(self):
        commit = self.repository.refs["step5000"]
        plan = self.plan('models = ["org/nano-0.5m", "org/nano-0.5m@step2000"]\ndtypes = ["float32"]\n'
                         f'revisions = ["v1", "{commit}", "refs/pr/1", "step{{3000,1000}}"]',
                         notes=["note: org/nano-0.5m v1 is step1000 (the same content): measured once"])
        self.assertEqual([(cell["revision"], cell["step"]) for cell in plan["cells"]],
                         [("step1000", 1000), ("step3000", 3000), ("v1", None), (commit, None), ("refs/pr/1", None), ("step2000", 2000)])
        self.assertEqual(plan["cells"][4]["commit"], self.repository.refs["refs/pr/1"])
        self.assertEqual([cell["display"] for cell in plan["cells"]][-1], "nano-0.5m step2000")

    def test_shards_and_several_models(self):
        plan = self.plan('models = ["org/{nano-0.5m,sharded}"]\nsizes = ["1.5m"]\ndtypes = ["float32"]\n',
                         'models = ["org/sharded"]\ndtypes = ["float32"]',
                         notes=["note: 1 measurement is stated twice and planned once"])
        self.assertEqual([(cell["model"], cell["size"]) for cell in plan["cells"]],
                         [("org/nano-0.5m", "1.5m"), ("org/sharded", "1.5m")])
        shards = sum((SHARDED / name).stat().st_size for name in NEEDED[6:])
        self.assertEqual(plan["cells"][1]["cost"]["weight_bytes"], shards)

    def test_table_for_people(self):
        done = self.run_program("plan", self.write(self.TABLE), "--ranks", "4")
        self.assertEqual((done.returncode, done.stderr), (0, self.SAME + "\n"))
        lines = done.stdout.splitlines()
        self.assertEqual(lines[:2], ["Test sweep", "float32, Standard-10 v3 (10 prompts), at most 128 tokens of each"])
        lines = lines[1:]
        self.assertEqual(lines[2].split(), ["Curve", "Revisions", "Cells", "Repeats", "Download", "Weights", "Time", "Memory"])
        self.assertRegex(lines[3], r"^org/nano-0.5m  step0 to main +61 +1 +66 MB +66 MB +\d")
        self.assertRegex(lines[4], r"^all +61 +1 +66 MB +66 MB +\d")
        self.assertEqual(lines[6], "60 measurements to make, 66 MB to download.")
        self.assertRegex(lines[7], r"^Expected: .+ in one process on this machine, .+ in 4 like it, downloads not counted\.$")
        verbose = self.run_program("plan", self.write(self.TABLE), "-v").stdout.splitlines()
        self.assertEqual(len([line for line in verbose if line.startswith("org/nano-0.5m ")]), 61)
        self.assertRegex(verbose[64], r"^org/nano-0.5m  main +[0-9a-f]{12} +[0-9a-f]{16} .* repeat ")

    def test_too_little_space(self):
        table = 'models = ["org/nano-0.5m"]\nrevisions = ["step1000"]\ndtypes = ["float32"]'
        self.assertNotIn("warning", self.run_program("plan", self.write(table)).stderr)
        shutil.rmtree(self.dir / "own")
        self.repository.commits[self.repository.refs["step1000"]]["model.safetensors"].size = 1 << 60
        done = self.run_program("plan", self.write(table))
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr, r"^warning: 1152921\.5 TB to download, .+ free in ")

    def test_missing_revisions(self):
        place = "~/sweep.toml:4: sweep[0].revisions: org/nano-0.5m has no branch or tag "
        listed = "; its 62 are listed at HUB/org/nano-0.5m/tree/main; correct the list, or set missing = \"skip\""
        models = 'models = ["org/nano-0.5m"]\n'
        self.assert_fails(2, place + "step500, step1500, step2500 and 1 more" + listed, models + 'revisions = ["step{0..3500..500}"]')
        self.assert_fails(2, place + "nightly-*" + listed, models + 'revisions = ["nightly-*"]')
        self.assert_fails(2, place + "mian; did you mean main?", models + 'revisions = ["mian"]')
        self.assert_fails(2, "Test sweep: nothing is left to measure; see which revisions there are, or take missing = \"skip\" out",
                          models + 'revisions = ["nightly-*"]\nmissing = "skip"')
        plan = self.plan(models + 'revisions = ["step{0..3500..500}"]\nmissing = "skip"\ndtypes = ["float32"]',
                         notes=["note: org/nano-0.5m: left out, not there: step500, step1500, step2500 and 1 more"])
        self.assertEqual([cell["step"] for cell in plan["cells"]], [0, 1000, 2000, 3000])

    def test_what_cannot_be_measured(self):
        self.assert_fails(3, "org/none: no such model at HUB, or it is private (HTTP 401, no token was sent); check the spelling; for a "
                             "private model set HF_TOKEN to a token that may read it", 'models = ["org/none"]')
        self.assert_fails(3, "org/gated: gated, its files go to approved accounts only (HTTP 401, no token was sent); ask for access at "
                             "HUB/org/gated, then set HF_TOKEN to your token", 'models = ["org/gated"]')
        self.plan('models = ["org/gated"]', HF_TOKEN=GOOD)
        self.hub.add(Repository("org/pickled", {"config.json": b"{}", "pytorch_model.bin": b"x"}, "4" * 40))
        self.assert_fails(2, "org/pickled at 444444444444: no model.safetensors, found pytorch_model.bin; look at "
                             "HUB/org/pickled/discussions for a converted revision and give it as org/pickled@refs/pr/N, or convert it "
                             "with save_pretrained", 'models = ["org/pickled"]')
        self.hub.add(Repository("org/strange", {**BASE, "config.json": b'{"model_type": "strange"}'}))
        done = self.run_program("plan", self.write('models = ["org/strange"]'))
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r'^headspec: config\.json: "model_type": .*strange.* in org/strange@main;')
        self.hub.fault("corrupt", offset=3, path="/config.json")
        config = (SHARDED / "config.json").read_bytes()
        blob = hashlib.sha1(b"blob %d\0" % len(config) + config).hexdigest()
        self.assert_fails(3, f"org/sharded: config.json: expected bytes of hash {blob}, the hub sends others; check that HUB is a hub or a "
                             "mirror of it, and that no proxy changes its answers", 'models = ["org/sharded"]')

    def test_answers_that_are_none(self):
        for path, body, complaint in (
                ("/refs", "[]", "/refs did not answer as the hub does: expected a list of branches"),
                ("/refs", '{"branches": [{"name": "main", "targetCommit": "1"}]}',
                 '/refs did not answer as the hub does: expected a commit as targetCommit of main, found "1"'),
                ("/revision/", '{"sha": "%s"}' % ("a" * 40), "?blobs=true did not answer as the hub does: expected a list of files as siblings"),
                ("/revision/", '{"sha": "%s", "siblings": [{"rfilename": "config.json"}]}' % ("a" * 40),
                 '?blobs=true did not answer as the hub does: expected the git hash of config.json, found ""'),
                ("/revision/", '{"sha": "%s", "siblings": [{"rfilename": "config.json", "blobId": "%s", "size": -1}]}' % ("a" * 40, "b" * 40),
                 "?blobs=true did not answer as the hub does: expected the size of config.json, found -1")):
            self.hub.clear()
            self.hub.fault("status", path=path, status=200, body=body)
            done = self.run_program("plan", self.write('models = ["org/nano-0.5m"]'))
            self.assertEqual(done.returncode, 3, body)
            self.assertIn(complaint + "; check HF_ENDPOINT, and whether", done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)


class OfFolders(Case):
    def setUp(self):
        super().setUp()
        for step in (500, 1500, 1000):
            shutil.copytree(NANO, self.dir / f"runs/a/checkpoint-{step}")
            path = self.dir / f"runs/a/checkpoint-{step}/model.safetensors"
            path.write_bytes(path.read_bytes()[:-8] + step.to_bytes(8, "little"))
        shutil.copytree(NANO, self.dir / "runs/b-3k")
        (self.dir / "runs/a/logs").mkdir()

    def test_subfolders_are_revisions(self):
        plan = self.plan('models = ["runs/a"]\nrevisions = ["checkpoint-*"]\ndtypes = ["float32"]')
        self.assertEqual([(cell["revision"], cell["step"], cell["commit"], cell["path"]) for cell in plan["cells"]],
                         [(f"checkpoint-{step}", step, None, f"{self.dir}/runs/a/checkpoint-{step}") for step in (500, 1000, 1500)])
        self.assertEqual(plan["cells"][0]["folder"], f"runs--a@checkpoint-500-float32-{plan['cells'][0]['id']}")
        self.assertEqual((plan["totals"]["download_bytes"], self.hub.requests), (0, []))

    def test_patterns_of_folders(self):
        plan = self.plan('models = ["runs/*", "runs/a/*"]\ndtypes = ["float32"]')
        self.assertEqual([(cell["model"], cell["size"], cell["revision"]) for cell in plan["cells"]],
                         [("runs/b-3k", "3k", None)] + [(f"runs/a/checkpoint-{step}", "", None) for step in (500, 1000, 1500)])

    def test_ids_do_not_depend_on_the_place(self):
        here = self.plan('models = ["runs/b-3k"]\ndtypes = ["float32"]')["cells"][0]
        shutil.move(self.dir / "runs/b-3k", self.dir / "elsewhere")
        there = self.plan('models = ["elsewhere"]\ndtypes = ["float32"]')["cells"][0]
        self.assertEqual(here["id"], there["id"])
        # A snapshot of the cache as a folder: its small files are named by git there, and hashed all the same.
        self.hub.add(Repository("org/same", BASE))
        self.run_program("fetch", "org/same")
        [snapshot] = (self.cache / "models--org--same/snapshots").iterdir()
        self.assertEqual(self.plan(f'models = ["{snapshot}"]\ndtypes = ["float32"]')["cells"][0]["id"], here["id"])

    def test_errors(self):
        place = "~/sweep.toml:3: sweep[0].models: "
        self.assert_fails(2, place + '"runs/c-*": no folder with a config.json matches it in ~; correct the pattern; models of the hub are '
                                     "named one by one, or as org/name-{a,b}", 'models = ["runs/c-*"]')
        self.assert_fails(2, place + '"./runs/c": no such folder in ~, and no name of a model on the hub; give a folder, or org/name or '
                                     "org/name@revision", 'models = ["./runs/c"]')
        self.assert_fails(2, "~/sweep.toml:4: sweep[0].revisions: ~/runs/a has no folder with a config.json named checkpoint-7; correct the "
                             'list, leave it out for a folder that is a model itself, or set missing = "skip"',
                          'models = ["runs/a"]\nrevisions = ["checkpoint-7"]')


class Manifests(Case):
    MODELS = 'models = ["org/nano-0.5m"]\n'

    def test_keys(self):
        for error, table, head in (
                ('4: sweep[0].dtype: unknown key; did you mean "dtypes"?', 'dtype = ["float32"]', ""),
                ('5: sweep[0].protocol[0].chat: unknown key; known keys here: name, chat_template, numerics, max_length, padding, '
                 "padding_side, metrics", '[[sweep.protocol]]\nchat = true', ""),
                ("4: sweep[0].protocol[0].name: expected a string, found nothing; add it to the manifest", "[[sweep.protocol]]", ""),
                ('7: sweep[0].protocol[1].name: "a" twice; give each its own', '[[sweep.protocol]]\nname = "a"\n[[sweep.protocol]]\nname = "a"', ""),
                ('6: sweep[0].protocol[0].metrics: expected received, prompts, all, found "some"; use one of these',
                 '[[sweep.protocol]]\nname = "a"\nmetrics = "some"', ""),
                ('4: sweep[0].dtypes: expected bfloat16, float16 or float32, found "int8"; use one of these', 'dtypes = ["int8"]', ""),
                ('4: sweep[0].dtypes: "float32" twice; remove one of them', 'dtypes = ["float32", "float32"]', ""),
                ('4: sweep[0].revisions: expected at least one, found none; leave it out, or fill it', "revisions = []", ""),
                ('4: sweep[0].missing: expected error, skip, found "ignore"; use one of these', 'missing = "ignore"', ""),
                ("4: sweep[0].sizes: expected 1, one for each of models, found 2; correct the list, or leave it out: sizes are then taken "
                 "from the names", 'sizes = ["1m", "2m"]', ""),
                ('4: sweep[0].revisions: "step{1..": braces do not match; write each as {1..9}, {0..100..10} or {a,b}, not one in another',
                 'revisions = ["step{1.."]', ""),
                ('4: sweep[0].revisions: "step{9..1}": no numbers in {9..1}; write it as {FROM..TO} or {FROM..TO..BY}, upwards',
                 'revisions = ["step{9..1}"]', ""),
                ('4: sweep[0].revisions: "{1..1000000}": expected at most 100000 names, found more; take fewer, or larger steps',
                 'revisions = ["{1..1000000}"]', ""),
                ("2: hypothesis: a sweep has neither a ladder nor a verdict; put it into a manifest without [[sweep]]", "",
                 '[hypothesis]\nH0 = "a"\n'),
                ("3: protocol.keep_attention: a sweep keeps no attention; leave it out, and measure the models that you want to look at "
                 "with headspec measure", "", "[protocol]\nkeep_attention = true\n")):
            with self.subTest(error):
                self.assert_fails(2, "~/sweep.toml:" + error, self.MODELS + table, head=head)
        self.assert_fails(2, "~/sweep.toml:3: sweep[0].models: expected at least one, found none; for example models = "
                             '["EleutherAI/pythia-70m"]', "models = []")
        self.assert_fails(2, "~/sweep.toml:8: sweep[1].split_prompts: expected 5 as before, found 6; state it once, it holds for the whole "
                             "sweep", self.MODELS + "split_prompts = 5\n", self.MODELS + "split_prompts = 6")

    def test_one_name_for_two_ways(self):
        variant = '[[sweep.protocol]]\nname = "a"\n'
        self.assert_fails(2, 'Test sweep: "org/nano-0.5m" is measured in two ways; give the [[sweep.protocol]] of each its own name',
                          self.MODELS + variant, self.MODELS + 'revisions = ["v1"]\n' + variant + "max_length = 64")

    def test_too_many(self):
        for i in range(400):
            (self.dir / f"m{i}").mkdir()
            os.symlink(NANO / "config.json", self.dir / f"m{i}/config.json")
        variants = "".join(f'[[sweep.protocol]]\nname = "{i}"\nmax_length = {i + 1}\n' for i in range(251))
        self.assert_fails(2, "~/sweep.toml:3: sweep[0].models: expected at most 100000 measurements in all, found more; make several sweeps "
                             "of it", 'models = ["m*"]\n' + variants)

    def test_ladders_are_none(self):
        done = self.run_program("plan", SOURCE / "experiments/nano-ladder.toml")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"nano-ladder\.toml:1: sweep: expected at least one \[\[sweep\]\], found none; add the models to measure$")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
