#!/usr/bin/env python3
"""docs/hub.md, from a run of the tests that fetch.

Purpose: every error of a download as it is really printed, beside its exit code.
Needs:   a build; the program openssl for the rows about certificates; the standard library only.
Usage:   make_hub_doc.py BUILD_DIR     (./dev docs builds first)
"""
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
PAGE = """\
# Models from the hub

How headspec gets models from the [Hugging Face hub](https://huggingface.co), where it keeps them, and what it says
when something is wrong.

This page is written by `./dev docs` (`tools/make_hub_doc.py`): do not edit it, edit the tool. The table at the end is
recorded by `tests/hub/fetch_test.py` against a hub of its own.

    headspec fetch microsoft/phi-2            # download, or see whether the hub has something newer
    headspec measure microsoft/phi-2@main     # download only what the cache lacks

A model is named `org/name` or `org/name@revision`; a revision is a branch, a tag, a commit or `refs/pr/N`, and `main`
without one.

## What is fetched

`config.json`, the tokenizer's files (`tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json`,
`added_tokens.json`, `chat_template.jinja`, `chat_template.json`; without `tokenizer.json` also `vocab.json`,
`merges.txt`, `vocab.txt`, `tokenizer.model`), and the weights in safetensors: `model.safetensors`, or the index and
the shards that it names. Nothing else: no code, no pickles, no weights in other formats.

The cache is the one of Python's `huggingface_hub`, in the same layout: what either has downloaded, both use.

## When the hub is asked

- `measure`, `sanity`, `inspect` and `run` take a folder of that name first, then the cached snapshot of the revision.
  If it is whole, no request is sent: a measurement does not change because a branch moved.
- `fetch` asks the hub what the revision is now, unless it is a commit that is whole in the cache. If the hub cannot be
  reached or refuses, the cached snapshot is used and a note says so. A revision or file that does not exist, a proxy and
  a certificate are errors even then.
- `--offline` never asks.

Measuring does not begin before the last shard has arrived and been verified: a hash is known only at the end of a
file, and all tensors are checked against the family's table before the first layer runs.

## Broken off, verified, locked

- What has arrived stays as `blobs/HASH.incomplete`, and the next run goes on there. It is read again first, so that
  the hash covers every byte.
- Each file must have the size and the hash that the hub announced (SHA-256 of large files, git's SHA-1 of small ones)
  before it gets its name. Wrong bytes are downloaded once more; wrong twice is an error, and nothing of them is kept.
- A file is locked while it is downloaded, by the lock that Python takes: of two processes one downloads, the other
  waits and says so.
- A broken connection, silence, and HTTP 408, 429 and 500 to 504 are tried again up to five times, after 1, 2, 4, 8 and
  8 seconds or what `Retry-After` asks, up to five minutes. Every byte that arrives sets the count back.
- References (`refs/main`) are written last: they lead to whole snapshots only.
- The token goes to the host of the endpoint only, never to a CDN, and never into a message, a file or a result.

## Environment

As in `huggingface_hub`; switches are on at `1`, `ON`, `YES` and `TRUE` in any case.

| Variable | Meaning |
|---|---|
| `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME` | the cache: the first two as they are, `$HF_HOME/hub`, `$XDG_CACHE_HOME/huggingface/hub`, else `~/.cache/huggingface/hub`. `--cache-dir` wins |
| `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, `HF_TOKEN_PATH` | the token, or the file it is in (else `$HF_HOME/token`), in this order |
| `HF_HUB_DISABLE_IMPLICIT_TOKEN` | send no token |
| `HF_ENDPOINT` | another hub or a mirror |
| `HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE` | as `--offline` |
| `HF_HUB_ETAG_TIMEOUT`, `HF_HUB_DOWNLOAD_TIMEOUT` | seconds to connect and of silence, for questions and for files (10) |
| `HF_HUB_DISABLE_PROGRESS_BARS` | as `--no-progress` |
| `https_proxy`, `http_proxy`, `no_proxy` | proxies, as everywhere |
| `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE` | certificates to trust instead of the system's |
| `HEADSPEC_RETRY_PAUSE` | seconds before the first further try (1) |

## What is said, and the exit code

On stderr, in one line; errors begin with `headspec: `. 2 is a name or a file that is not what it should be, 3 the
network or the disk, 130 Ctrl-C; with 0 the line is a note and everything was fetched. The model is `org/name`, the
token came from `HF_TOKEN`, hashes are shortened. What stands in brackets after "cannot be reached", "fails" and "no
safe connection" are the words of libcurl.

{table}
"""


def main():
    program = Path(sys.argv[1]) / "headspec"
    table = subprocess.run([sys.executable, SOURCE / "tests/hub/fetch_test.py", program, SOURCE, "--table"], check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    (SOURCE / "docs/hub.md").write_text(PAGE.replace("{table}", table.strip()))


if __name__ == "__main__":
    main()
