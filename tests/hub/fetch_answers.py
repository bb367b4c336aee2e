"""Answers that are none: missing and odd headers, pages for people, redirects, and plain attacks."""
import json
import random

from fetching import Attacker, FILES, GOOD, ID, MAIN, SMALL, WEIGHTS, WORDS, FetchTest, Hub, Repository

NOT_A_HUB = "check HF_ENDPOINT, and whether a proxy or a login page stands in between"


class Headers(FetchTest):
    def refused(self, title, file, expected, found, unverified=""):
        self.check_fails(title, 3, f'{ID}: {file}: expected {expected}, found "{found}"{unverified}; check that {self.hub.url} is a hub or a mirror of '
                                   "it, and that no proxy changes its answers")
        self.assertFalse(self.incomplete.exists())
        self.hub.clear()

    def header(self, name, value, path="/resolve/.*/config.json"):
        self.hub.fault("header", path=path, method="HEAD", name=name, value=value)

    def test_missing(self):
        self.hub.fault("missing_commit", path="/config.json")
        self.refused("no X-Repo-Commit", "config.json", "the commit in X-Repo-Commit", "")
        self.hub.fault("missing_etag", path="/config.json")
        self.refused("no ETag", "config.json", "a sha256 or git sha1 as ETag", "", ": the file could not be verified")
        self.hub.fault("missing_size", path="/config.json")
        self.refused("no size", "config.json", "its size in Content-Length", "")

    def test_missing_of_a_large_file(self):
        for name in ("X-Linked-Etag", "X-Linked-Size"):
            self.header(name, None, "/resolve/.*/model.safetensors")
        self.hub.fault("missing_etag", path="/resolve/.*/model.safetensors")
        self.refused(None, "model.safetensors", "a sha256 or git sha1 as ETag", "", ": the file could not be verified")

    def test_another_commit(self):
        self.header("X-Repo-Commit", "f" * 40)
        self.refused("a file of another commit", "config.json", "the commit in X-Repo-Commit", "f" * 40)

    def test_etag_that_leads_elsewhere(self):
        for etag in ("../../x", "/etc/passwd", "../" + "a" * 61, "A" * 64, "a" * 39, "%2e%2e%2fx", "a" * 40 + "/x"):
            self.header("ETag", f'"{etag}"')
            self.refused("an ETag that is a path" if etag == "../../x" else None, "config.json", "a sha256 or git sha1 as ETag", etag,
                         ": the file could not be verified")

    def test_long_values_are_cut(self):
        self.header("X-Repo-Commit", "a" * 5000)
        self.refused(None, "config.json", "the commit in X-Repo-Commit", "a" * 100 + "...")

    def test_words_of_the_server_are_shown_safely(self):
        self.hub.fault("status", path="/api/models", status=403)
        self.hub.fault("header", path="/api/models", name="X-Error-Message", value="a\x1b[31mb\x07")
        self.check_fails("the server's own words", 3, rf"{ID}: {self.hub.url} refuses list of files (HTTP 403: a\x1B[31mb\x07, with the token from "
                         f"HF_TOKEN); see {self.hub.url}/{ID} for who may read it")

    def test_words_of_the_server_in_a_note(self):
        self.check_fetches()
        self.hub.fault("status", path="/api/models", status=403)
        self.hub.fault("header", path="/api/models", name="X-Error-Message", value="a\x1b[31m\xff")
        done = self.program("fetch", ID, "--json")
        self.assertEqual(done.returncode, 0)
        self.assertNotIn("\x1b", done.stderr + done.stdout)
        self.assertIn("HTTP 403", json.loads(done.stdout)["models"][0]["notes"][0])


class Pages(FetchTest):
    def test_login_page_for_the_listing(self):
        self.hub.fault("html", path="/api/models")
        self.check_fails("a page for people instead of the listing", 3, f"{ID}: {self.hub.url}/api/models/{ID}/revision/main did not answer as the hub does: "
                         f"{WORDS}; {NOT_A_HUB}")

    def test_login_page_for_the_files(self):
        self.hub.fault("html", path="/resolve/", method="GET")
        done = self.program("fetch", ID)
        self.assertRegex(done.stderr, r"\Aheadspec: org/name: \S+: expected \d+ bytes, the server sends \d+; the file may be changing just now[^\n]*\n\Z")
        self.assertEqual(done.returncode, 3)
        self.check_kept(done)

    def test_no_hub_at_all(self):
        other = self.start(Hub())
        self.check_fails("a server that is no hub", 3, f"{ID}: {other.url}/nothing has no list of files and does not answer as the hub does (HTTP 404 without "
                         "X-Error-Code); check HF_ENDPOINT", HF_ENDPOINT=f"{other.url}/nothing")


class Redirects(FetchTest):
    def test_loop(self):
        for path, what in (("/api/models", "list of files"), ("/config.json", "config.json"), ("Signature", "model.safetensors")):
            self.hub.fault("redirect_loop", path=path)
            self.check_fails("redirects without end" if "api" in path else None, 3, f"{ID}: {what}: redirected more than 10 times; check HF_ENDPOINT")
            self.hub.clear()

    def test_to_a_third_host(self):
        """It may have the file, and never gets the token."""
        other = self.start(Hub([Repository(ID, FILES[MAIN], MAIN, large=10**9)]))
        self.hub.fault("redirect", path="/resolve/.*/model.safetensors", method="GET", location=f"{other.url}/{ID}/resolve/main/model.safetensors")
        self.check_fetches()
        self.assertEqual([(r["authorization"], r["status"]) for r in other.requests], [(None, 200)])

    def test_listing_from_a_third_host(self):
        other = self.start(Hub())
        self.hub.fault("redirect", path="/api/models", location=f"{other.url}/x")
        self.check_fails(None, 3, f"{ID}: list of files cannot be had from {other.url} (HTTP 404: {WORDS}); try again later")
        self.assertEqual([r["authorization"] for r in other.requests], [None])

    def test_elsewhere(self):
        for location in ("file:///etc/passwd", "ftp://127.0.0.1/x", "http://[::1", "javascript:alert(1)"):
            self.hub.fault("redirect", path="/api/models", location=location)
            self.check_fails("a redirect to file://" if location.startswith("file") else None, 3,
                             f'{ID}: list of files: redirected to "{location}", which is not followed; check HF_ENDPOINT')
            self.hub.clear()

    def test_renamed(self):
        self.hub.rename(ID, "new/name")
        self.check_fetches("a repository that was renamed")

    def test_small_files_elsewhere(self):
        self.hub.resolve_cache = True
        self.check_fetches()


class Sizes(FetchTest):
    def test_absurd(self):
        for size in ("18446744073709551615", "9223372036854775808"):
            self.hub.fault("header", path="/resolve/.*/model.safetensors", method="HEAD", name="X-Linked-Size", value=size)
            self.check_fails(None, 3, f"{ID}: model.safetensors: {int(size) / 1e9:.2f} GB over plain HTTP are refused; use an endpoint with https")
            self.hub.clear()

    def test_zero(self):
        self.hub.fault("header", path="/resolve/.*/model.safetensors", method="HEAD", name="X-Linked-Size", value="0")
        done = self.program("fetch", ID)
        self.assertEqual(done.returncode, 3)
        self.assertTrue(done.stderr.endswith("try another network or endpoint\n"), done.stderr)
        self.check_kept(done)


def answer(body, *headers, status=b"200 OK"):
    return b"\r\n".join([b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers, b"", body])


class Attacks(FetchTest):
    def check_one_line(self, done):
        lines = done.stderr.splitlines()
        self.assertIn(done.returncode, (2, 3), done.stderr)
        self.assertTrue(lines and lines[-1].startswith("headspec: "), done.stderr)
        self.assertEqual([line for line in lines if line.startswith("headspec: ")], lines[-1:])
        self.assertLess(max(map(len, lines)), 1000)
        self.assertTrue(all(c.isprintable() or c in "\n\ufffd" for c in done.stderr), ascii(done.stderr))
        self.check_kept(done)

    def attack(self, raw):
        attacker = self.start(Attacker(raw))
        self.check_one_line(self.program("fetch", ID, HF_ENDPOINT=f"http://{attacker.address}", HF_HUB_ETAG_TIMEOUT="5", HEADSPEC_RETRY_PAUSE="0"))

    def test_bodies_of_the_listing(self):
        commit = b'{"sha": "' + MAIN.encode() + b'", '
        for body in (b"", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 100_000, b'{"sha": "\xff\xff"}', b'{"sha": "' + b"a" * 1_000_000 + b'"}',
                     b'{"sha": {"sha": []}}', b'{"sha": "\\u0000\\u001b[31m"}', b"null", b"1e999999", commit + b'"siblings": null}',
                     commit + b'"siblings": [' + b"[" * 70 + b"]" * 70 + b"]}", commit + b'"siblings": [{"rfilename": {}}]}',
                     commit + b'"siblings": [{"rfilename": "\\ud800"}]}', commit + b'"siblings": ["config.json"]}'):
            with self.subTest(body[:60]):
                self.attack(answer(body))

    def test_heads(self):
        for raw in (b"", b"\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 999 \r\n\r\n", b"HTTP/1.1 -1 x\r\n\r\n", b"\x16\x03\x01" * 50,
                    b"SSH-2.0-x\r\n", b"x" * 200_000, b"HTTP/1.1 200 OK\r\n" + b"A: " + b"b" * 400_000 + b"\r\n\r\n",
                    b"HTTP/1.1 200 OK\r\n" + b"".join(b"H%d: v\r\n" % i for i in range(20_000)) + b"\r\n",
                    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\xff",
                    b"HTTP/1.1 200 OK\r\n: empty\r\n\xff\xfe: \x80\r\n no colon\r\n\r\n{}", answer(b"", status=b"204 No Content"),
                    answer(b"", status=b"304 Not Modified"), answer(b"", b"Location: ", status=b"302 Found"), answer(b"", status=b"302 Found"),
                    answer(b"", b"Location: \xff\x00\x1b", status=b"302 Found"), answer(b"", b"Location: " + b"x" * 50_000, status=b"307 x"),
                    answer(b"no", b"X-Error-Message: " + b"\xff\x9b" * 500, status=b"403 x"), answer(b"no", b"X-Error-Code: GatedRepo", status=b"200 OK"),
                    answer(b"no", b"Retry-After: 99999999999999999999999", status=b"429 x"), answer(b"", status=b"416 Range")):
            with self.subTest(raw[:60]):
                self.attack(raw)

    def test_random_headers(self):
        rng = random.Random(20)
        names = ("X-Repo-Commit", "ETag", "X-Linked-Etag", "X-Linked-Size", "Content-Length", "Location", "Content-Range", "Accept-Ranges")
        letters = "0123456789abcdef/.\"'%\\:;?#<>{}[] \t\x01\x7f\x9b\xff-W" + "a" * 40
        for _ in range(40):
            name, value = rng.choice(names), "".join(rng.choices(letters, k=rng.choice((0, 1, 5, 40, 64, 300))))
            self.hub.fault("header", path="/resolve/", name=name, value=value, method=rng.choice(("HEAD", "GET")))
            with self.subTest(name=name, value=value):
                done = self.program("fetch", ID, HF_HUB_ETAG_TIMEOUT="1", HF_HUB_DOWNLOAD_TIMEOUT="1", HEADSPEC_RETRY_PAUSE="0")
                if done.returncode:
                    self.check_one_line(done)
                else:
                    self.check_snapshot()
            self.hub.clear()
