"""A network that misbehaves: busy servers, broken connections, wrong bytes, proxies, certificates."""
import hashlib
import shutil

from fetching import (Attacker, FILES, GOOD, ID, MAIN, WEIGHTS, WEIGHTS_SHA, WITH_TOKEN, WORDS, FetchTest, Hub, Repository, blob_id,
                      retries)
from hub_server import make_certificate

LISTING, WEIGHTS_FILE = "list of files", "model.safetensors"
UNREACHABLE = "check the network; what has arrived is kept and the next try goes on from there"
CHANGING = "the file may be changing just now, or a proxy changes it: try again later"
CHANGED = "nothing of it was kept; a proxy or a mirror changes the bytes: try another network or endpoint"
CACHED = f"; the cached commit {MAIN} is used"


def changed(content, offset):
    return content[:offset] + bytes([content[offset] ^ 0x40]) + content[offset + 1:]


class Busy(FetchTest):
    def test_rate_limit_that_passes(self):
        self.hub.fault("status", path="/api/models", status=429, retry_after=1, times=1)
        self.check_fetches("429 once, Retry-After 1", notes=retries(LISTING, "HTTP 429", 1, seconds=1))

    def test_rate_limit_that_stays(self):
        self.hub.fault("status", path="/api/models", status=429)
        self.check_fails("429 that stays", 3, f"{ID}: {self.hub.url} limits the rate of requests (HTTP 429, {WITH_TOKEN}); try again in some minutes",
                         notes=retries(LISTING, "HTTP 429"))
        self.assertEqual(len(self.hub.requests), 6)

    def test_rate_limit_of_an_hour(self):
        self.hub.fault("status", path="/api/models", status=429, retry_after=3600)
        self.check_fails("429, Retry-After 3600", 3, f"{ID}: {self.hub.url} limits the rate of requests (HTTP 429, {WITH_TOKEN}); try again in 3600 s")
        self.check_fails("429, Retry-After 3600, no token", 3, f"{ID}: {self.hub.url} limits the rate of requests (HTTP 429, no token was sent); try "
                         "again in 3600 s, or with HF_TOKEN set", HF_TOKEN="")

    def test_server_errors(self):
        for status in (500, 502, 503, 504, 408):
            self.hub.fault("status", path="/api/models", status=status, times=2)
            self.check_fetches("500 twice" if status == 500 else None, notes=retries(LISTING, f"HTTP {status}", 2))
        shutil.rmtree(self.cache)
        self.hub.fault("status", path="/api/models", status=503)
        self.check_fails("503 that stays", 3, f"{ID}: list of files cannot be had from {self.hub.url} (HTTP 503); try again later",
                         notes=retries(LISTING, "HTTP 503"))

    def test_refusal_of_the_cdn(self):
        self.hub.fault("status", server="cdn", status=403)
        self.check_fails("a CDN that refuses", 3, f"{ID}: {WEIGHTS_FILE} cannot be had from {self.hub.cdn_url} (HTTP 403); try again later")

    def test_server_errors_of_the_cdn(self):
        self.hub.fault("status", server="cdn", status=503, times=1)
        self.check_fetches(notes=retries(WEIGHTS_FILE, "HTTP 503", 1))
        shutil.rmtree(self.cache)
        self.hub.fault("status", server="cdn", status=503)
        self.check_fails("503 of the CDN that stays", 3, f"{ID}: {WEIGHTS_FILE} cannot be had from {self.hub.cdn_url} (HTTP 503); try again later",
                         notes=retries(WEIGHTS_FILE, "HTTP 503"))

    def test_with_a_cached_snapshot(self):
        self.check_fetches()
        self.hub.fault("status", path="/api/models", status=503)
        self.check_fetches("503 that stays, the revision is cached",
                           notes=[*retries(LISTING, "HTTP 503"),
                                  f"note: {ID}: list of files cannot be had from {self.hub.url} (HTTP 503); try again later{CACHED}"])


class Connections(FetchTest):
    def refused(self, url="http://127.0.0.1:1"):
        return f"{ID}: list of files: {url} cannot be reached ({WORDS}); {UNREACHABLE}"

    def test_refused(self):
        self.check_fails("no connection", 3, self.refused(), notes=retries(LISTING), HF_ENDPOINT="http://127.0.0.1:1")

    def test_refused_with_a_cached_snapshot(self):
        self.check_fetches()
        self.hub.forget()
        self.check_fetches("no connection, the revision is cached", notes=[*retries(LISTING), f"note: {self.refused()}{CACHED}"],
                           HF_ENDPOINT="http://127.0.0.1:1")
        self.check_fails(None, 3, self.refused(), f"{ID}@v1", notes=retries(LISTING), HF_ENDPOINT="http://127.0.0.1:1")
        self.check_snapshot()

    def test_dropped(self):
        self.hub.fault("drop", path="/api/models", times=1)
        self.hub.fault("drop", server="cdn", times=2)
        self.check_fetches("connections dropped now and then", notes=[*retries(LISTING, count=1), *retries(WEIGHTS_FILE, count=2)])

    def test_dropped_between_questions(self):
        """Of a connection in use already, libcurl itself tries once more, and there is nothing to say."""
        self.hub.fault("drop", path="/resolve/.*/tokenizer.json", method="HEAD", times=1)
        done = self.program("fetch", ID, "-q")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.check_snapshot()

    def test_always_dropped(self):
        self.hub.fault("drop", server="cdn")
        self.check_fails("connections to the CDN dropped always", 3, f"{ID}: {WEIGHTS_FILE}: {self.hub.cdn_url} cannot be reached ({WORDS}); "
                         f"{UNREACHABLE}", notes=retries(WEIGHTS_FILE))

    def test_cut_in_the_middle(self):
        """More often than tries are counted: what arrives sets the count back."""
        self.hub.fault("cut", server="cdn", after=150_000, times=7)
        self.check_fetches("a download cut seven times", notes=[retries(WEIGHTS_FILE, count=1)[0]] * 7)
        self.assertEqual(self.ranges(), [None, *(f"bytes={150_000 * i}-" for i in range(1, 8))])

    def test_reset_in_the_middle(self):
        self.hub.fault("cut", server="cdn", after=500_000, reset=True, times=1)
        self.check_fetches(notes=retries(WEIGHTS_FILE, count=1))

    def test_always_cut_at_once(self):
        self.hub.fault("cut", server="cdn", after=0)
        self.check_fails("every download cut before the first byte", 3, f"{ID}: {WEIGHTS_FILE}: {self.hub.cdn_url} cannot be reached ({WORDS}); "
                         f"{UNREACHABLE}", notes=retries(WEIGHTS_FILE))

    def test_stall(self):
        self.hub.fault("stall", server="cdn", after=300_000, seconds=60, times=1)
        self.check_fetches("silence in the middle", notes=retries(WEIGHTS_FILE, "silent for 1 s", 1), HF_HUB_DOWNLOAD_TIMEOUT="1")
        self.assertEqual(self.ranges(), [None, "bytes=300000-"])

    def test_slow_answer(self):
        self.hub.fault("delay", path="/api/models", seconds=30, times=1)
        self.check_fetches(notes=retries(LISTING, "silent for 1 s", 1), HF_HUB_ETAG_TIMEOUT="1")


class Bytes(FetchTest):
    def differs(self, content, twice=False):
        return f"{ID}: {WEIGHTS_FILE}: expected sha256 {WEIGHTS_SHA}, received {hashlib.sha256(content).hexdigest()}" + (
            f", twice; {CHANGED}" if twice else "; starting it over")

    def test_range_that_is_ignored(self):
        self.leave_incomplete(WEIGHTS[:400_000])
        self.hub.fault("ignore_range", server="cdn")
        self.check_fetches()
        self.assertEqual(self.ranges(), ["bytes=400000-"])

    def test_wrong_range(self):
        self.leave_incomplete(WEIGHTS[:400_000])
        self.hub.fault("wrong_range", server="cdn")
        self.check_fails("another range than was asked for", 3, f'{ID}: {WEIGHTS_FILE}: expected Content-Range bytes 400000-..., found "bytes '
                         f'0-{len(WEIGHTS) - 1}/{len(WEIGHTS)}"; remove {self.incomplete} and try again')
        self.assertEqual(self.incomplete.read_bytes(), WEIGHTS[:400_000])

    def test_corrupt_once(self):
        self.hub.fault("corrupt", server="cdn", offset=5000, times=1)
        self.check_fetches("wrong bytes once", notes=[self.differs(changed(WEIGHTS, 5000))])
        self.assertEqual(self.ranges(), [None, None])

    def test_corrupt_always(self):
        self.hub.fault("corrupt", server="cdn", offset=5000)
        wrong = changed(WEIGHTS, 5000)
        self.check_fails("wrong bytes always", 3, self.differs(wrong, True), notes=[self.differs(wrong)])
        self.assertFalse((self.blobs / WEIGHTS_SHA).exists())
        self.assertEqual(self.incomplete.stat().st_size, 0)
        self.hub.clear()
        self.check_fetches()

    def test_corrupt_small_file(self):
        config = FILES[MAIN]["config.json"]
        self.hub.fault("corrupt", path="/config.json", offset=3)
        line = f"{ID}: config.json: expected git sha1 {blob_id(config)}, received {blob_id(changed(config, 3))}"
        self.check_fails("wrong bytes of a small file", 3, f"{line}, twice; {CHANGED}", notes=[f"{line}; starting it over"])

    def test_truncated(self):
        self.hub.fault("truncate", server="cdn", missing=1000)
        self.check_fails("a shorter file than announced", 3, f"{ID}: {WEIGHTS_FILE}: expected {len(WEIGHTS)} bytes, the server sends {len(WEIGHTS) - 1000}; "
                         f"{CHANGING}")

    def test_wrong_sizes(self):
        for delta in (5, -5):
            self.hub.clear()
            self.hub.fault("wrong_size", server="hub", path=WEIGHTS_FILE, delta=delta)
            self.check_fails(f"a size that is not the file's ({delta:+})", 3, f"{ID}: {WEIGHTS_FILE}: expected {len(WEIGHTS) + delta} bytes, the server "
                             f"sends {len(WEIGHTS)}; {CHANGING}")

    def test_beginning_that_is_wrong(self):
        self.leave_incomplete(bytes(1000))
        self.check_fetches("a partial file with other content", notes=[self.differs(bytes(1000) + WEIGHTS[1000:])])
        self.assertEqual(self.ranges(), ["bytes=1000-", None])

    def test_beginning_that_is_too_long(self):
        self.leave_incomplete(WEIGHTS + b"more")
        self.check_fetches()
        self.assertEqual(self.ranges(), [None])

    def test_beginning_that_is_everything(self):
        self.leave_incomplete(WEIGHTS)
        self.check_fetches()
        self.assertEqual(self.ranges(), [])

    def test_everything_but_wrong(self):
        self.leave_incomplete(bytes(len(WEIGHTS)))
        self.check_fetches(notes=[self.differs(bytes(len(WEIGHTS)))])
        self.assertEqual(self.ranges(), [None])

    def test_address_that_expired(self):
        """After wrong bytes the hub is asked for a new address: the old one may be hours old."""
        self.hub.fault("corrupt", server="cdn", offset=0, times=1)
        self.check_fetches(notes=[self.differs(changed(WEIGHTS, 0))])
        self.assertEqual(len([r for r in self.hub.requests if r["method"] == "GET" and f"/{WEIGHTS_FILE}" in r["path"] and r["server"] == "hub"]), 2)


class Proxies(FetchTest):
    def test_not_reachable(self):
        for scheme in ("http", "https"):
            self.check_fails("a proxy that is not there" if scheme == "https" else None, 3,
                             f"{ID}: list of files: the proxy on the way to {scheme}://hub.example fails ({WORDS}); check https_proxy, http_proxy and "
                             "no_proxy", HF_ENDPOINT=f"{scheme}://hub.example", **{f"{scheme}_proxy": "http://127.0.0.1:9"})

    def test_not_reachable_though_the_revision_is_cached(self):
        self.check_fetches()
        self.check_fails(None, 3, f"{ID}: list of files: the proxy on the way to http://hub.example fails ({WORDS}); check https_proxy, http_proxy and "
                         "no_proxy", HF_ENDPOINT="http://hub.example", http_proxy="http://127.0.0.1:9")

    def test_that_wants_a_password(self):
        self.hub.fault("status", status=407)
        self.check_fails("a proxy that wants a password", 3, f"{ID}: the proxy wants a name and a password (HTTP 407); put them into https_proxy as "
                         "http://NAME:PASSWORD@HOST:PORT", HF_ENDPOINT="http://hub.example", http_proxy=self.hub.url)

    def test_that_refuses_to_connect(self):
        for status in (b"403 Forbidden", b"407 Proxy Authentication Required", b"503 Busy"):
            proxy = self.start(Attacker(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"))
            self.check_fails("a proxy that refuses" if b"403" in status else None, 3, f"{ID}: list of files: the proxy on the way to https://hub.example fails "
                             f"({WORDS}); check https_proxy, http_proxy and no_proxy", HF_ENDPOINT="https://hub.example",
                             https_proxy=f"http://name:word@{proxy.address}")
            self.assertIn(b"CONNECT hub.example:443", proxy.asked)
            self.assertNotIn(GOOD.encode(), proxy.asked)

    def test_left_out(self):
        self.check_fetches(http_proxy="http://127.0.0.1:9", no_proxy="127.0.0.1")


class Certificates(FetchTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("openssl"):
            self.skipTest("the program openssl is not installed: no certificate can be made")
        self.certificate = make_certificate(self.dir)
        self.hub = self.start(Hub([Repository(ID, FILES[MAIN], MAIN)], [GOOD], certificate=self.certificate))

    def unsafe(self, **environment):
        return (f"{ID}: list of files: no safe connection to {self.hub.url} ({WORDS}); check the machine's date and certificates; for a company's own, "
                "set REQUESTS_CA_BUNDLE to its file")

    def test_that_nobody_trusts(self):
        self.check_fails("a certificate that is not trusted", 3, self.unsafe())
        self.assertEqual(self.hub.requests, [])

    def test_handshake_that_breaks_off(self):
        """The network is at fault, not the certificate: it is tried again."""
        silent = self.start(Attacker(b""))
        self.check_fails("a connection that breaks off before it is safe", 3, f"{ID}: list of files: https://{silent.address} cannot be reached ({WORDS}); "
                         f"{UNREACHABLE}", notes=retries(LISTING), HF_ENDPOINT=f"https://{silent.address}")

    def test_server_without_certificates(self):
        plain = self.start(Attacker(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        done = self.program("fetch", ID, HF_ENDPOINT=f"https://{plain.address}")
        self.assertRegex(done.stderr, r"headspec: org/name: list of files: no safe connection to https://\S+ \([^\n]+wrong version number\); [^\n]+\n\Z")
        self.assertEqual(done.returncode, 3)

    def test_cut_in_the_middle(self):
        self.hub.fault("cut", server="cdn", after=300_000, times=3)
        self.check_fetches(notes=[retries(WEIGHTS_FILE, count=1)[0]] * 3, REQUESTS_CA_BUNDLE=str(self.certificate))
        self.assertEqual(self.ranges(), [None, *(f"bytes={300_000 * i}-" for i in (1, 2, 3))])

    def test_that_are_named(self):
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
            shutil.rmtree(self.cache, ignore_errors=True)
            self.check_fetches(**{name: str(self.certificate)})

    def test_that_are_not_there(self):
        self.check_fails("a file of certificates that is not there", 3, self.unsafe(), REQUESTS_CA_BUNDLE=str(self.dir / "none.pem"))

    def test_redirect_out_of_safety(self):
        self.hub.fault("redirect", path="/api/models", location="http://hub.example/x")
        self.check_fails("a redirect from https to http", 3, f'{ID}: list of files: redirected to "http://hub.example/x", which is not followed; check '
                         "HF_ENDPOINT", REQUESTS_CA_BUNDLE=str(self.certificate))
