"""Tables that scripts write into pages, between two comments.

Purpose: one way to write them, which refuses a page whose comments are not where they should be.
Needs:   the standard library only.
Usage:   imported by the other scripts of this folder.
"""
from pathlib import Path


def write_between(page: Path, begin: str, end: str, text: str) -> None:
    content = page.read_text()
    if content.count(begin) != 1 or content.count(end) != 1:
        raise SystemExit(f"{page}: expected the lines {begin} and {end} once each; add them where the table belongs")
    before, rest = content.split(begin)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{rest.split(end)[1]}")
