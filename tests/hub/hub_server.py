#!/usr/bin/env python3
"""A Hugging Face hub on the loopback interface, for tests: no network, every fault on demand.

Two servers answer: the hub (API and small files) and the CDN, to which the hub redirects large files by an absolute
address with a signed query. What a client sees follows huggingface_hub 0.36 and the public hub: status codes, error
headers and their words, ETags (git blob SHA-1 of small files, SHA-256 of large ones), ranges, redirects.

In a test:

    with Hub([Repository("org/name", Path("folder"))], tokens=["hf_good"]) as hub:
        hub.fault("cut", path=r"\\.safetensors", server="cdn", after=1000, times=1)
        ...                      # HF_ENDPOINT=hub.url
        hub.requests             # what was asked, in order

As a program: hub_server.py --repo org/name=FOLDER prints the address and serves until it is killed; --repo
org/name@step1000=FOLDER, given several times, makes a repository of revisions. Over HTTP,
GET /_requests reads the record and POST /_control takes {"fault": "cut", "path": ..., ...}, {"clear": true},
{"forget": true} or {"rename": ["org/old", "org/new"]}.

Faults (what each takes in brackets; all take path, a regular expression searched in path and query, method, server
"hub" or "cdn", and times, how many requests it meets; left out, each of them means any). Those that change a body
meet only answers to GET that carry a file: not HEAD, not the redirect to the CDN. CDN addresses end in the file's
SHA-256 and have its name in the query.
  Of any answer:
    status [status, retry_after, body]   this status without any header of the hub
    html [status]            a page for people, with status 200, where the client expects something else
    redirect [location]      302 to this address
    redirect_loop            307 to the same address, without end
    delay [seconds]          answer so much later
    drop                     close the connection without an answer
    missing_commit, missing_etag, missing_size   without these headers
    header [name, value]     this header has another value; no value: it is not there
    wrong_size [delta]       announce a file longer by delta bytes (may be negative) than it is
  Of a body:
    cut [after, reset]       close the connection after so many bytes of the body; reset: by RST instead of FIN
    stall [after, seconds]   send so many bytes, then nothing for so long
    throttle [rate]          bytes a second
    ignore_range             200 and the whole file, whatever range was asked
    wrong_range              206 that starts at 0, whatever range was asked
    corrupt [offset]         one byte of the file is another
    truncate [missing]       a shorter body, announced as if it were whole
"""
import argparse
import contextlib
import hashlib
import io
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

RESOLVE = re.compile(r"/(?P<id>[^/]+(?:/[^/]+)?)/resolve/(?P<revision>refs/(?:pr|convert)/[^/]+|[^/]+)/(?P<file>.+)")
RESOLVE_CACHE = re.compile(r"/api/resolve-cache/models/(?P<id>[^/]+/[^/]+)/(?P<revision>[0-9a-f]{40})/(?P<file>.+)")
API = re.compile(r"/api/models/(?P<id>[^/]+(?:/[^/]+)?)"
                 r"(?:/(?P<refs>refs)|/(?P<what>revision|tree)/(?P<revision>refs/(?:pr|convert)/[^/]+|[^/]+)(?P<folder>/.+)?)?")
BLOCK = 1 << 20
BYTE_FAULTS = ("cut", "stall", "throttle", "corrupt")
MISSING = {"missing_commit": ("X-Repo-Commit",), "missing_etag": ("ETag", "X-Linked-Etag"),
           "missing_size": ("Content-Length", "X-Linked-Size")}
BODY_FAULTS = {*BYTE_FAULTS, "ignore_range", "wrong_range", "truncate"}
ANSWER_FAULTS = {*MISSING, "status", "html", "redirect", "redirect_loop", "delay", "drop", "header", "wrong_size"}


class File:
    """One version of one file: bytes in memory or a path, which may be larger than memory."""

    def __init__(self, content, large, sha256=None):
        self.path = Path(content) if not isinstance(content, bytes) else None
        self.data = content if isinstance(content, bytes) else None
        self.size = self.path.stat().st_size if self.path else len(content)
        self.is_lfs = self.size > large
        self._sha256 = sha256
        self._blob_id = None
        self._lock = threading.Lock()

    def open(self):
        return self.path.open("rb") if self.path else io.BytesIO(self.data)

    def _digest(self, digest):
        with self.open() as file:
            while block := file.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()

    @property
    def sha256(self):
        with self._lock:  # one thread computes, the others wait
            self._sha256 = self._sha256 or self._digest(hashlib.sha256())
            return self._sha256

    @property
    def blob_id(self):
        with self._lock:
            if not self._blob_id:
                # What git has of an LFS file is a pointer of three lines.
                pointer = self.is_lfs and (f"version https://git-lfs.github.com/spec/v1\noid sha256:"
                                           f"{self._sha256 or self._digest(hashlib.sha256())}\nsize {self.size}\n").encode()
                size = len(pointer) if pointer else self.size
                digest = hashlib.sha1(b"blob %d\0" % size)
                self._blob_id = (digest.update(pointer) or digest.hexdigest()) if pointer else self._digest(digest)
            return self._blob_id

    @property
    def etag(self):
        return self.sha256 if self.is_lfs else self.blob_id


class Repository:
    """A model: commits of files, and names of commits.

    content is a folder, or {path: bytes or Path}: the files of `commit`. `commits` holds further ones,
    {commit: content}. refs maps branches, tags, "refs/pr/1" and "refs/convert/parquet" to commits; `tags` says which
    names are tags. A file of more than `large` bytes is an LFS file. sha256 gives digests ({path: hex}) of files that
    are too large to be read here.
    gated_api: the API refuses too; on the public hub it tells anyone about a gated model, only files are refused.
    """

    def __init__(self, id, content, commit=None, refs=None, private=False, gated=False, large=100_000, commits=None,
                 sha256=None, gated_api=False, xet=False, tags=()):
        self.id, self.private, self.gated, self.gated_api, self.xet = id, private, gated, gated_api, xet
        self.commit = commit or hashlib.sha1(id.encode()).hexdigest()
        self.refs = dict(refs or {"main": self.commit})
        self.tags = set(tags)
        contents = {self.commit: content, **(commits or {})}
        # Revisions share most of their files: each is hashed once.
        known = {}
        self.commits = {c: self._files(files, large, sha256 or {}, known) for c, files in contents.items()}
        for name, target in self.refs.items():
            assert target in self.commits, f"{id}: {name} names the unknown commit {target}"
        assert self.tags <= set(self.refs), f"{id}: no such tags: {sorted(self.tags - set(self.refs))}"

    @classmethod
    def of_revisions(cls, id, revisions, **options):
        """`revisions` maps names to contents; those of one folder (or one dict) are one commit. `main`, or else the
        first, is the commit of the repository."""
        revisions, commits, refs = dict(revisions), {}, {}
        for name, content in revisions.items():
            key = id + (f" {hash_content(content)}" if isinstance(content, dict) else f" {Path(content).resolve()}")
            refs[name] = hashlib.sha1(key.encode()).hexdigest()
            commits[refs[name]] = content
        main = refs.get("main", next(iter(refs.values())))
        return cls(id, commits.pop(main), main, refs, commits=commits, **options)

    @staticmethod
    def _files(content, large, sha256, known):
        if not isinstance(content, dict):
            folder = Path(content)
            content = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
        files = {}
        for name in sorted(content):
            source = content[name]
            key = (source if isinstance(source, bytes) else Path(source).resolve(), sha256.get(name))
            files[name] = known[key] = known.get(key) or File(source, large, sha256.get(name))
        return files

    def listed_refs(self):
        """What /api/models/{id}/refs says."""
        kinds = {"branches": [], "converts": [], "tags": []}
        for name, commit in self.refs.items():
            if name.startswith("refs/convert/"):
                kinds["converts"].append({"name": name.rsplit("/", 1)[1], "ref": name, "targetCommit": commit})
            elif not name.startswith("refs/pr/"):  # those have to be asked for
                kind, folder = ("tags", "refs/tags/") if name in self.tags else ("branches", "refs/heads/")
                kinds[kind].append({"name": name, "ref": folder + name, "targetCommit": commit})
        return kinds

    def find_commit(self, revision):
        if revision in self.refs:
            return self.refs[revision]
        found = [c for c in self.commits if len(revision) >= 7 and c.startswith(revision)]
        return found[0] if len(found) == 1 else None


def hash_content(content):
    digest = hashlib.sha1()
    for name in sorted(content):
        source = content[name]
        digest.update(f"{name}\0".encode() + (source if isinstance(source, bytes) else str(Path(source).resolve()).encode()) + b"\0")
    return digest.hexdigest()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, hub, name, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.hub, self.name = hub, name
        self.connections = set()
        if hub.tls:
            # The handshake belongs to the thread of the connection: a client that refuses must not stop the others.
            self.socket = hub.tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self):
        return f"{'https' if self.hub.tls else 'http'}://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        # Clients that give up, and TLS ones that refuse the certificate, are what many tests are about.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def stop(self):
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Hub:
    """The hub and its CDN. tokens have access to everything; outsiders are valid tokens without access.

    bare_401: no X-Error-Code beside a 401 for a repository that is missing or private (huggingface_hub takes such
    an answer for RepositoryNotFoundError only from an https address).
    resolve_cache: HEAD and GET of a small file are answered by a relative redirect to /api/resolve-cache/, as the
    public hub does for public models.
    """

    def __init__(self, repositories=(), tokens=(), outsiders=(), certificate=None, bare_401=False,
                 resolve_cache=False, port=0):
        self.repositories = {r.id: r for r in repositories}
        self.tokens, self.outsiders = set(tokens), set(outsiders)
        self.bare_401, self.resolve_cache = bare_401, resolve_cache
        self.renamed, self.requests, self.faults = {}, [], []
        self.lock, self.stopped = threading.Lock(), threading.Event()
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificate)
        self.servers = [Server(self, "hub", port), Server(self, "cdn")]
        self.url, self.cdn_url = (server.url for server in self.servers)

    def start(self):
        for server in self.servers:
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self):
        self.stopped.set()
        for server in self.servers:
            server.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def add(self, repository):
        self.repositories[repository.id] = repository

    def rename(self, old, new):
        """The repository is `new` from now on; requests for `old` are redirected."""
        if old in self.repositories:
            repository = self.repositories.pop(old)
            repository.id = new
            self.repositories[new] = repository
        self.renamed[old] = new

    def fault(self, kind, path=".", method=None, server=None, times=None, **details):
        if kind not in BODY_FAULTS | ANSWER_FAULTS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(sorted(BODY_FAULTS | ANSWER_FAULTS))}")
        fault = {"fault": kind, "path": re.compile(path), "method": method, "server": server, "times": times, **details}
        with self.lock:
            self.faults.append(fault)

    def clear(self):
        """Switches every fault off."""
        with self.lock:
            self.faults.clear()

    def forget(self):
        """Empties the record of requests."""
        with self.lock:
            self.requests.clear()

    def take_faults(self, kinds, method, server, path):
        with self.lock:
            met = [f for f in self.faults if f["fault"] in kinds and f["times"] != 0 and f["method"] in (None, method)
                   and f["server"] in (None, server) and f["path"].search(path)]
            for fault in met:
                fault["times"] = fault["times"] and fault["times"] - 1
        return {fault["fault"]: fault for fault in met}

    def control(self, command):
        if "fault" in command:
            self.fault(command.pop("fault"), **command)
        if command.get("clear"):
            self.clear()
        if command.get("forget"):
            self.forget()
        if "rename" in command:
            self.rename(*command["rename"])

    def cdn_file(self, digest):
        for repository in self.repositories.values():
            for files in repository.commits.values():
                for file in files.values():
                    if file.is_lfs and file.sha256 == digest:
                        return file
        return None


class Refused(Exception):
    """An answer other than the one asked for."""

    def __init__(self, status, message, code=None, headers=None, plain=False):
        super().__init__(message)
        self.status, self.message, self.plain = status, message, plain
        self.headers = {**({"X-Error-Code": code} if code else {}), "X-Error-Message": message, **(headers or {})}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: without this, 40 ms a file
    faults, record = {}, {}

    @property
    def hub(self):
        return self.server.hub

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.faults, self.record = {}, {}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/_control" or self.server.name != "hub":
            return self.send_text(404, "Not Found")
        try:
            self.hub.control(json.loads(body))
            self.send_text(200, "{}", content_type="application/json")
        except (ValueError, TypeError, re.error) as error:
            self.send_text(400, str(error))

    def answer(self):
        self.faults, self.record = {}, {}
        if self.path == "/_requests" and self.server.name == "hub":
            return self.send_text(200, json.dumps(self.hub.requests), content_type="application/json")
        self.record = {"method": self.command, "path": self.path, "server": self.server.name,
                       "authorization": self.headers.get("Authorization"), "range": self.headers.get("Range"),
                       "user_agent": self.headers.get("User-Agent"), "status": None}
        with self.hub.lock:
            self.hub.requests.append(self.record)
        self.take_faults(ANSWER_FAULTS)
        if self.send_other_answer():
            return
        try:
            self.answer_cdn() if self.server.name == "cdn" else self.answer_hub()
        except Refused as refused:
            text = refused.message if refused.plain else json.dumps({"error": refused.message})
            self.send_text(refused.status, text, refused.headers,
                           "text/plain; charset=utf-8" if refused.plain else "application/json; charset=utf-8")

    def take_faults(self, kinds):
        self.faults |= self.hub.take_faults(kinds, self.command, self.server.name, self.path)

    def send_other_answer(self):
        """Faults that replace the whole answer."""
        if fault := self.faults.get("delay"):
            self.hub.stopped.wait(fault["seconds"])
        if "drop" in self.faults:
            self.cut(reset=False)
        elif fault := self.faults.get("status"):
            headers = {"Retry-After": str(fault["retry_after"])} if "retry_after" in fault else {}
            self.send_text(fault["status"], fault.get("body", "upstream says no"), headers)
        elif fault := self.faults.get("html"):
            self.send_text(fault.get("status", 200), "<!DOCTYPE html><html><body><h1>Please log in to this network</h1>"
                           "</body></html>", content_type="text/html; charset=utf-8")
        elif fault := self.faults.get("redirect"):
            self.send_text(302, "Found", {"Location": fault["location"]})
        elif "redirect_loop" in self.faults:
            self.send_text(307, "Temporary Redirect", {"Location": self.path})
        else:
            return False
        return True

    # The hub.

    def answer_hub(self):
        path = urlsplit(self.path).path
        for pattern, answer in ((RESOLVE_CACHE, self.answer_resolve_cache), (API, self.answer_api),
                                (RESOLVE, self.answer_resolve)):
            if match := pattern.fullmatch(path):
                return answer(*(part and unquote(part) for part in match.groups()))
        raise Refused(404, "Sorry, we can't find the page you are looking for.")

    def token(self):
        header = self.headers.get("Authorization")
        if header is None:
            return None
        token = header.removeprefix("Bearer ")
        if token not in self.hub.tokens | self.hub.outsiders:
            raise Refused(401, "Invalid credentials in Authorization header")
        return token

    def repository(self, id):
        """The repository, or None if it moved and the answer was sent."""
        token = self.token()
        if new := self.hub.renamed.get(id):
            path = self.path.replace(f"/{id}", f"/{new}", 1)
            self.send_text(307, f"Temporary Redirect. Redirecting to {path}", {"Location": path})
            return None
        repository = self.hub.repositories.get(id)
        if repository and not (repository.private and token not in self.hub.tokens):
            return repository
        if token:
            raise Refused(404, "Repository not found", "RepoNotFound")
        raise Refused(401, "Invalid username or password.", None if self.hub.bare_401 else "RepoNotFound",
                      {"WWW-Authenticate": 'Bearer realm="Authentication required", charset="UTF-8"'})

    def check_gate(self, repository):
        token = self.token()
        if not repository.gated or token in self.hub.tokens:
            return
        restricted = f"Access to model {repository.id} is restricted"
        if token:
            raise Refused(403, f"{restricted} and you are not in the authorized list. Visit "
                          f"https://huggingface.co/{repository.id} to ask for access.", "GatedRepo")
        raise Refused(401, f"{restricted}. You must have access to it and be authenticated to access it. "
                      "Please log in.", "GatedRepo")

    def commit(self, repository, revision):
        if commit := repository.find_commit(revision):
            return commit
        raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")

    def answer_api(self, id, refs, what, revision, folder):
        repository = self.repository(id)
        if not repository:
            return
        if repository.gated_api:
            self.check_gate(repository)
        if refs:
            return self.send_text(200, json.dumps(repository.listed_refs()), content_type="application/json; charset=utf-8")
        commit = self.commit(repository, revision or "main")
        files = repository.commits[commit]
        if what == "tree":
            # As if always recursive and without the entries of folders: enough for the clients at hand.
            start = (folder or "").strip("/") + "/" if folder else ""
            answer = [self.tree_entry(name, file) for name, file in files.items() if name.startswith(start)]
            if not answer:
                raise Refused(404, f"{start.strip('/')} does not exist on \"{revision}\"", "EntryNotFound")
        else:
            with_blobs = "blobs" in parse_qs(urlsplit(self.path).query)
            answer = {"_id": commit[:24], "id": repository.id, "modelId": repository.id,
                      "author": repository.id.split("/")[0],
                      "sha": commit, "lastModified": "2025-01-01T00:00:00.000Z", "private": repository.private,
                      "gated": "manual" if repository.gated else False, "disabled": False, "tags": [], "downloads": 0,
                      "likes": 0, "siblings": [self.sibling(name, file, with_blobs) for name, file in files.items()],
                      "createdAt": "2025-01-01T00:00:00.000Z"}
        self.send_text(200, json.dumps(answer), content_type="application/json; charset=utf-8")

    @staticmethod
    def sibling(name, file, with_blobs):
        sibling = {"rfilename": name}
        if with_blobs:
            sibling |= {"blobId": file.blob_id, "size": file.size}
            if file.is_lfs:
                sibling["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": 134}
        return sibling

    @staticmethod
    def tree_entry(name, file):
        entry = {"type": "file", "oid": file.blob_id, "size": file.size, "path": name}
        if file.is_lfs:
            entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 134}
        return entry

    def find_file(self, repository, commit, name):
        if file := repository.commits[commit].get(name):
            return file
        # Clients remember by this commit that the file does not exist there.
        raise Refused(404, "Entry not found", "EntryNotFound", {"X-Repo-Commit": commit}, plain=True)

    def answer_resolve(self, id, revision, name):
        repository = self.repository(id)
        if not repository:
            return
        self.check_gate(repository)
        commit = self.commit(repository, revision)
        file = self.find_file(repository, commit, name)
        headers = {"X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if not file.is_lfs and not self.hub.resolve_cache:
            return self.send_file(file, {**headers, "ETag": f'"{file.etag}"'})
        headers |= {"X-Linked-Size": str(self.announced_size(file)), "X-Linked-Etag": f'"{file.etag}"'}
        if not file.is_lfs:
            location = (f"/api/resolve-cache/models/{repository.id}/{commit}/{quote(name)}"
                        f"?{quote(urlsplit(self.path).path, safe='')}=&etag=%22{file.etag}%22")
            return self.send_text(307, f"Temporary Redirect. Redirecting to {location}", {**headers, "Location": location})
        if repository.xet:
            headers |= {"X-Xet-Hash": file.sha256[::-1], "Link": f"<{self.hub.url}/api/models/{repository.id}"
                        f'/xet-read-token/{commit}>; rel="xet-auth"'}
        location = self.signed_location(repository, file, name)
        self.send_text(302, f"Found. Redirecting to {location}", {**headers, "Location": location, "Vary": "Origin, Accept"})

    def answer_resolve_cache(self, id, commit, name):
        repository = self.repository(id)
        if not repository:
            return
        file = self.find_file(repository, self.commit(repository, commit), name)
        self.send_file(file, {"X-Repo-Commit": commit, "Accept-Ranges": "bytes", "ETag": f'"{file.etag}"'})

    # The CDN.

    def signed_location(self, repository, file, name):
        path = f"/repos/{repository.commit[:2]}/{repository.commit[2:4]}/{file.sha256}"
        disposition = quote(f"inline; filename*=UTF-8''{Path(name).name}; filename=\"{Path(name).name}\";")
        return (f"{self.hub.cdn_url}{path}?response-content-disposition={disposition}&Expires=4102444800"
                f"&Policy=eyJTdGF0ZW1lbnQiOltdfQ__&Signature={signature(path)}&Key-Pair-Id=K24J24Z295AEI9")

    def answer_cdn(self):
        address = urlsplit(self.path)
        if parse_qs(address.query).get("Signature") != [signature(address.path)]:
            raise Refused(403, "MissingKey", plain=True)
        file = self.hub.cdn_file(address.path.rsplit("/", 1)[-1])
        if not file:
            raise Refused(404, "NoSuchKey", plain=True)
        # The CDN's own ETag: of the same length as a SHA-256, but not the file's.
        etag = hashlib.sha256(file.sha256.encode()).hexdigest()
        self.send_file(file, {"Accept-Ranges": "bytes", "ETag": f'"{etag}"'})

    # Answers.

    def announced_size(self, file):
        fault = self.faults.get("wrong_size")
        return file.size + (fault.get("delta", 1) if fault else 0)

    def send_file(self, file, headers):
        if self.command == "GET":
            self.take_faults(BODY_FAULTS)
        headers["Content-Type"] = "application/octet-stream"
        wanted = None if "ignore_range" in self.faults else parse_range(self.headers.get("Range"), file.size)
        start, count = (0, file.size) if wanted is None else wanted
        if wanted is not None and count <= 0:
            return self.send_text(416, "", {"Content-Range": f"bytes */{file.size}"})
        status = 200
        if wanted is not None:
            status = 206
            if "wrong_range" in self.faults:
                start, count = 0, file.size
            headers["Content-Range"] = f"bytes {start}-{start + count - 1}/{file.size}"
        if fault := self.faults.get("truncate"):
            count = max(0, count - fault.get("missing", 1))
        announced = count + self.announced_size(file) - file.size
        self.send_head(status, {**headers, "Content-Length": str(max(0, announced))})
        if self.command != "HEAD":
            self.send_body(file, start, count)
            self.close_connection = self.close_connection or announced != count

    def send_text(self, status, text, headers=None, content_type="text/plain; charset=utf-8"):
        body = text.encode()
        self.send_head(status, {**(headers or {}), "Content-Type": content_type, "Content-Length": str(len(body))})
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_head(self, status, headers):
        for fault, names in MISSING.items():
            if fault in self.faults:
                headers = {k: v for k, v in headers.items() if k not in names}
        if fault := self.faults.get("header"):
            headers = {k: v for k, v in headers.items() if k.lower() != fault["name"].lower()}
            if fault.get("value") is not None:
                headers[fault["name"]] = fault["value"]
        if "Content-Length" not in headers:
            self.close_connection = True
            headers["Connection"] = "close"
        self.record["status"] = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def send_body(self, file, start, count):
        with file.open() as source:
            if any(kind in self.faults for kind in BYTE_FAULTS):
                self.send_faulty(source, start, count)
            elif file.path and not self.hub.tls:
                self.send_by_kernel(source, start, count)
            else:
                self.send_blocks(source, start, count)

    def send_by_kernel(self, source, start, count):
        end = start + count
        while start < end:
            sent = os.sendfile(self.connection.fileno(), source.fileno(), start, end - start)
            if not sent:
                break
            start += sent

    def send_blocks(self, source, start, count):
        source.seek(start)
        while count > 0 and (block := source.read(min(BLOCK, count))):
            self.wfile.write(block)
            count -= len(block)

    def send_faulty(self, source, start, count):
        cut, stall, throttle, corrupt = (self.faults.get(kind) for kind in BYTE_FAULTS)
        limit = min(count, cut["after"]) if cut else count
        stops = sorted({limit, min(stall["after"], limit)} if stall else {limit})
        step = max(1, min(BLOCK, throttle["rate"] // 20)) if throttle else BLOCK
        source.seek(start)
        sent = 0
        for stop in stops:
            while sent < stop:
                block = bytearray(source.read(min(step, stop - sent)))
                at = corrupt["offset"] - start - sent if corrupt else -1
                if 0 <= at < len(block):
                    block[at] ^= 0x40
                self.wfile.write(block)
                sent += len(block)
                if throttle:
                    self.hub.stopped.wait(len(block) / throttle["rate"])
            if stall and stop == min(stall["after"], limit):
                self.hub.stopped.wait(stall.get("seconds", 3600))
        if cut:
            self.cut(cut.get("reset", False))

    def cut(self, reset):
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)


def signature(path):
    return hashlib.sha256(f"signed {path}".encode()).hexdigest()[:40]


def parse_range(header, size):
    """(start, count) of "bytes=...", count 0 when it begins beyond the end; None without a range of that form."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header or "")
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        count = min(int(last), size)
        return size - count, count
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    return start, max(0, end - start)


def make_certificate(folder):
    """A self-signed certificate for 127.0.0.1 with its key, by the openssl program: PEM, for Hub(certificate=...)."""
    path = Path(folder) / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{path}.key", "-out", path,
                    "-days", "30", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.key").read_text())
    return path


def main():
    parser = argparse.ArgumentParser(description="A Hugging Face hub on the loopback interface, for tests.")
    parser.add_argument("--repo", action="append", default=[], metavar="ORG/NAME[@REVISION]=FOLDER",
                        required=True)
    parser.add_argument("--revision", action="append", default=[],
                        help="branch or tag of those without @REVISION (default main; repeatable)")
    parser.add_argument("--tag", action="append", default=[], help="a revision that is a tag (repeatable)")
    parser.add_argument("--commit", help="40 hexadecimal digits (default made from the name)")
    parser.add_argument("--large", type=int, default=100_000, help="files above so many bytes are LFS files")
    parser.add_argument("--token", action="append", default=[], help="a token that may read everything")
    parser.add_argument("--outsider", action="append", default=[], help="a valid token without access")
    parser.add_argument("--private", action="append", default=[], metavar="ORG/NAME")
    parser.add_argument("--gated", action="append", default=[], metavar="ORG/NAME")
    parser.add_argument("--certificate", help="PEM file with certificate and key: serve by TLS")
    parser.add_argument("--resolve-cache", action="store_true", help="relative redirects for small files")
    parser.add_argument("--port", type=int, default=0, help="of the hub (default any)")
    args = parser.parse_args()

    repositories, revisions = [], {}
    for text in args.repo:
        id, _, folder = text.partition("=")
        id, _, revision = id.partition("@")
        if revision:
            revisions.setdefault(id, {})[revision] = Path(folder)
            continue
        commit = args.commit or hashlib.sha1(id.encode()).hexdigest()
        refs = {name: commit for name in args.revision or ["main"]}
        repositories.append(Repository(id, Path(folder), commit, refs, id in args.private, id in args.gated, args.large,
                                       tags=set(args.tag) & set(refs)))
    for id, folders in revisions.items():
        repositories.append(Repository.of_revisions(id, folders, private=id in args.private, gated=id in args.gated,
                                                    large=args.large, tags=set(args.tag) & set(folders)))
    hub = Hub(repositories, args.token, args.outsider, args.certificate, resolve_cache=args.resolve_cache, port=args.port)
    hub.start()
    print(hub.url, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
