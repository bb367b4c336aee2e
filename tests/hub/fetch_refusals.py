"""Who may read, and what is there: accounts, names, revisions, what a repository holds."""
import json

from fetching import FILES, GOOD, ID, MAIN, NO_TOKEN, OUTSIDER, PULL, SMALL, TAGGED, WITH_TOKEN, FetchTest


class Access(FetchTest):
    def gated(self, status, token):
        return f"org/gated: gated, its files go to approved accounts only (HTTP {status}, {token}); ask for access at {self.hub.url}/org/gated"

    def absent(self, id, status, token, next):
        return f"{id}: no such model at {self.hub.url}, or it is private (HTTP {status}, {token}); check the spelling{next}"

    def test_gated(self):
        for closed in (False, True):
            self.add("org/gated", FILES[MAIN], gated=True, gated_api=closed, commit=MAIN)
            self.check_fails(None if closed else "gated, no token", 3, self.gated(401, NO_TOKEN) + ", then set HF_TOKEN to your token",
                             "org/gated", HF_TOKEN="")
            self.check_fails(None if closed else "gated, an account without access", 3,
                             self.gated(403, WITH_TOKEN) + " with the account of that token", "org/gated", HF_TOKEN=OUTSIDER)
        self.assertFalse(self.cache.exists())
        self.assertEqual(self.program("fetch", "org/gated").returncode, 0)
        self.check_kept()

    def test_private(self):
        self.add("org/closed", FILES[MAIN], private=True, commit=MAIN)
        for bare in (False, True):
            self.hub.bare_401 = bare
            self.check_fails(None if bare else "private, no token", 3,
                             self.absent("org/closed", 401, NO_TOKEN, "; for a private model set HF_TOKEN to a token that may read it"),
                             "org/closed", HF_TOKEN="")
        self.check_fails("private, an account without access", 3,
                         self.absent("org/closed", 404, WITH_TOKEN, ", and that the token may read it"), "org/closed", HF_TOKEN=OUTSIDER)
        self.check_snapshot_of("org/closed")

    def check_snapshot_of(self, id):
        self.assertEqual(self.program("fetch", id).returncode, 0)
        self.check_snapshot(MAIN, "models--" + id.replace("/", "--"))
        self.check_kept()

    def test_invalid_token(self):
        self.check_fails("a token that is none, or expired", 3,
                         f"{ID}: {self.hub.url} does not accept the token from HF_TOKEN (HTTP 401); it may be expired or mistyped: make a "
                         "new one on the settings page of the hub, or unset it", HF_TOKEN="hf_WrongSecret")
        file = self.dir / "home/token"
        file.parent.mkdir()
        file.write_text("hf_Wrong\n")
        self.check_fails(None, 3, f"{ID}: {self.hub.url} does not accept the token from {file} (HTTP 401); it may be expired or mistyped: "
                                  "make a new one on the settings page of the hub, or unset it", HF_TOKEN="")

    def test_token_that_would_end_its_header(self):
        self.check_fails("a token with a line break", 2, "HF_TOKEN: a token has no spaces or control characters; copy it again from the "
                         "settings page of the hub", HF_TOKEN=f"{GOOD}\r\nX-Evil: 1")
        self.assertEqual(self.hub.requests, [])

    def test_missing(self):
        self.check_fails("no such model", 3, self.absent("org/none", 401, NO_TOKEN, "; for a private model set HF_TOKEN to a token that "
                         "may read it"), "org/none", HF_TOKEN="")
        self.check_fails("no such model, with a token", 3, self.absent("org/none", 404, WITH_TOKEN, ", and that the token may read it"), "org/none")

    def test_name_without_owner(self):
        self.check_fails("no such model, a name without owner", 3,
                         self.absent("name", 404, WITH_TOKEN, " (most models have an owner: org/name), and that the token may read it"), "name")

    def test_token_by_order(self):
        self.add("org/closed", FILES[MAIN], private=True, commit=MAIN)
        self.check_snapshot_of("org/closed")
        done = self.program("fetch", "org/closed", HF_HUB_DISABLE_IMPLICIT_TOKEN="1", HF_HUB_CACHE=self.dir / "other")
        self.assertEqual(done.returncode, 3)
        self.assertIn(NO_TOKEN, done.stderr)


class Names(FetchTest):
    def test_bad_names(self):
        for name in ("a/b/c", "../x", "org/", "a--b", "http://x/y", "a b", "\x1b[31m", "org/name/", "ä/b", ".", "~"):
            self.check_fails("a name that is none" if name == "a/b/c" else None, 2,
                             f'"{name}": expected org/name or org/name@revision; write it as on its page on the hub'.replace("\x1b", r"\x1B"), name)
        self.check_fails(None, 2, '"": expected org/name or org/name@revision; write it as on its page on the hub', "")

    def test_bad_revisions(self):
        for revision in ("", "../x", "/main", "a/../b", "a\nb"):
            self.check_fails("a revision that is none" if revision == "../x" else None, 2,
                             f'{ID}: "{revision}" is no revision; give a branch, a tag, a commit or refs/pr/N'.replace("\n", r"\x0A"), f"{ID}@{revision}")
        self.check_fails(None, 2, f'{ID}: "../x" is no revision; give a branch, a tag, a commit or refs/pr/N', ID, "--revision", "../x")

    def test_every_name_is_checked_before_the_first_download(self):
        self.check_fails(None, 2, '"a/b/c": expected org/name or org/name@revision; write it as on its page on the hub', ID, "a/b/c")
        self.assertEqual(self.hub.requests, [])

    def test_bad_endpoint(self):
        for value in ("hub.example", "ftp://x", "https://a@b", "https://"):
            done = self.program("fetch", ID, HF_ENDPOINT=value)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
        self.check_fails("an endpoint that is none", 2, 'HF_ENDPOINT: expected https://HOST, found "hub.example"; set it to the address of the hub '
                         "or a mirror, or unset it", HF_ENDPOINT="hub.example")


class Revisions(FetchTest):
    def test_not_there(self):
        self.check_fails("no such revision", 3, f'{ID}: no revision "v9" at {self.hub.url} (HTTP 404); its branches and tags are listed at '
                         f"{self.hub.url}/{ID}/tree/main", f"{ID}@v9")

    def test_not_there_though_another_is_cached(self):
        self.check_fetches()
        self.check_fails(None, 3, f'{ID}: no revision "v9" at {self.hub.url} (HTTP 404); its branches and tags are listed at '
                         f"{self.hub.url}/{ID}/tree/main", f"{ID}@v9")
        self.check_snapshot()

    def test_fetched(self):
        for revision, commit in (("v1", TAGGED), ("refs/pr/1", PULL), (PULL, PULL), ("main", MAIN)):
            self.check_fetches(None, f"{ID}@{revision}", commit=commit)
            ref = self.cache / "models--org--name/refs" / revision
            self.assertEqual(ref.read_text() if ref.exists() else revision, commit)

    def test_commit_that_is_whole_is_not_asked_for(self):
        self.check_fetches()
        self.hub.forget()
        self.check_fetches(None, f"{ID}@{MAIN}")
        self.assertEqual(self.hub.requests, [])

    def test_branch_that_moves(self):
        self.check_fetches()
        self.repository.refs["main"] = TAGGED
        self.check_fetches(commit=TAGGED)
        self.check_snapshot(MAIN)


class Contents(FetchTest):
    def unusable(self, title, files, problem, next=None):
        self.add("org/odd", files, commit=MAIN)
        next = next or (f"look at {self.hub.url}/org/odd/discussions for a converted revision and give it as org/odd@refs/pr/N, or convert it "
                        "with save_pretrained")
        self.check_fails(title, 2, f"org/odd at {MAIN[:12]}: {problem}; {next}", "org/odd")
        self.assertFalse(self.cache.exists())

    def test_other_weights(self):
        self.unusable("weights in another format", SMALL | {"pytorch_model.bin": b"x"}, "no model.safetensors, found pytorch_model.bin")
        self.unusable(None, SMALL | {"a/model.gguf": b"x", "training_args.bin": b"x"}, "no model.safetensors, found a/model.gguf")

    def test_no_weights(self):
        self.unusable("no weights", SMALL, "no model.safetensors, and no other weights")

    def test_no_config(self):
        self.unusable("no config.json", {"model.safetensors": b"x"}, "no config.json", "only checkpoints of transformers can be measured")
        self.unusable(None, {}, "no config.json", "only checkpoints of transformers can be measured")

    def test_file_that_vanished(self):
        self.hub.fault("status", path="/resolve/.*model.safetensors", status=404, body="Entry not found")
        self.hub.fault("header", path="/resolve/.*model.safetensors", name="X-Error-Code", value="EntryNotFound")
        self.check_fails("a file that went away meanwhile", 3, f'{ID}: no file model.safetensors in revision "main" at {self.hub.url} (HTTP 404); its '
                         f"files are listed at {self.hub.url}/{ID}/tree/main")
        self.hub.clear()
        self.check_fetches()

    def index(self, *shards):
        return {"model.safetensors.index.json": json.dumps({"weight_map": {str(i): s for i, s in enumerate(shards)}}).encode()}

    def test_index_with_a_missing_shard(self):
        self.add("org/odd", SMALL | self.index("a.safetensors", "b.safetensors") | {"a.safetensors": b"x"}, commit=MAIN)
        self.check_fails("a shard that is not there", 3, f'org/odd: no file b.safetensors in revision "main" at {self.hub.url} (HTTP 404); its files are '
                         f"listed at {self.hub.url}/org/odd/tree/main", "org/odd")
        self.assertFalse((self.cache / "models--org--odd/refs").exists())

    def test_index_with_unsafe_shards(self):
        snapshot = self.cache / f"models--org--odd/snapshots/{MAIN}"
        for shard in ("../x", "/etc/passwd", "a/../../../x", "x\x00y", ""):
            self.add("org/odd", SMALL | self.index(shard), commit=MAIN)
            self.check_fails("an index that leads out of the folder" if shard == "../x" else None, 2,
                             f"{snapshot}/model.safetensors.index.json: expected weight_map with file names, found {json.dumps(shard)}; "
                             "remove that file and fetch the model again; if the hub has it so, tell the model's authors", "org/odd", HF_HUB_CACHE=self.cache)
            self.assertFalse((self.dir / "x").exists())
            (snapshot / "model.safetensors.index.json").unlink()

    def test_odd_names_in_the_listing_are_left_alone(self):
        self.add("org/odd", FILES[MAIN] | {"../../evil": b"x", "/abs": b"x", "a\x1bb": b"x"}, commit=MAIN)
        self.assertEqual(self.program("fetch", "org/odd").returncode, 0)
        self.check_snapshot(MAIN, "models--org--odd")
        self.check_kept()
