#!/usr/bin/env python3
"""Runs what the pages of docs/ show, and looks up where they lead. Usage: docs_test.py PROGRAM SOURCE_DIR

How blocks are run: pages.py. Python is run by python/tests/test_docs.py."""
import collections
import os
import re
import sys
import unittest
from pathlib import Path

import pages

PROGRAM, SOURCE = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
DOCS = sorted((SOURCE / "docs").glob("*.md"))
LINKING = [SOURCE / name for name in ("README.md", "DESIGN.md", "CHANGELOG.md")] + DOCS
LANGUAGES = {"sh", "text", "toml", "python", "cpp", "cmake", "tex"}

# Whoever leaves a block out says so here too.
NOT_RUN = {
    ("docs/adding-a-family.md", "an excerpt of tools/make_family_golden.py"): 1,
    ("docs/adding-a-family.md", "needs torch and the reference module"): 1,
    ("docs/adding-a-family.md", "the tests are not built where the pages are tested"): 1,
    ("docs/adding-a-metric.md", "the test `install` does it"): 1,
    ("docs/clusters.md", "needs Slurm"): 1,
    ("docs/clusters.md", "needs the hosts"): 2,
    ("docs/figures.md", "an excerpt for a LaTeX document"): 1,
    ("docs/first-measurement.md", "needs the network"): 1,
    ("docs/install.md", "installs packages and builds the program"): 4,
    ("docs/install.md", "opens a pager"): 1,
    ("docs/install.md", "the test `install` does it"): 1,
    ("docs/json.md", "jq is none of the tests' programs"): 1,
    ("docs/sweeps.md", "needs matplotlib"): 1,
    ("docs/reproduce-the-notebook.md", "downloads 8 GB"): 1,
    ("docs/reproduce-the-notebook.md", "the notebook's file is yours"): 1,
}


def told(page):
    return str(page.relative_to(SOURCE))


def files_of_checkout():
    """What a page's commands could reach, but for what Python keeps beside its scripts. Names alone: a page may be edited
    while it is tested."""
    found = set()
    for name in pages.LINKED:
        for root, folders, files in os.walk(SOURCE / name):
            folders[:] = [folder for folder in folders if folder != "__pycache__"]
            found.update(str(Path(root, file)) for file in files)
    return found


def prose(page):
    """A page's text without fenced blocks and code."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", lambda code: "`" * len(code[0]), text)


def anchors_of(page):
    """As GitHub makes them from headings."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.M | re.S)
    seen, anchors = collections.Counter(), set()
    for heading in re.findall(r"^#+ (.+)$", text, re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-")
        anchors.add(anchor if not seen[anchor] else f"{anchor}-{seen[anchor]}")
        seen[anchor] += 1
    return anchors


class Blocks(unittest.TestCase):
    def test_what_is_shown_runs_and_prints_that(self):
        before = files_of_checkout()
        for page in DOCS:
            with pages.checkout(PROGRAM, SOURCE) as place:
                for block, complaint in pages.run_page(page, place):
                    with self.subTest(f"{told(page)}:{block.line}"):
                        self.assertIsNone(complaint, block.text)
        self.assertEqual(before ^ files_of_checkout(), set(), "written into the checkout, or removed from it")

    def test_manifests_are_used(self):
        for page in DOCS:
            blocks = pages.blocks_of(page)
            for at, block in enumerate(blocks):
                if block.language == "toml" and not block.not_run:
                    name = re.match(r"# ([\w.-]+)", block.text)[1]
                    later = "".join(other.text for other in blocks[at:] if other.language == "sh" and not other.not_run)
                    self.assertIn(name, later, f"{told(page)}:{block.line}: no command uses it")

    def test_code_is_the_repository_s(self):
        sources = [file for folder in ("src", "include", "examples", "tests", "tools")
                   for pattern in ("*.cc", "*.h", "*.py", "CMakeLists.txt") for file in (SOURCE / folder).rglob(pattern)]
        texts = ["\n" + re.sub(r"^[ \t]+", "", file.read_text(), flags=re.M) for file in sources]
        found = 0
        for page in DOCS:
            for block in pages.blocks_of(page):
                if block.language in ("cpp", "cmake") or block.not_run.startswith("an excerpt of tools/"):
                    found += 1
                    wanted = "\n" + re.sub(r"^[ \t]+", "", block.text, flags=re.M)
                    self.assertTrue(any(wanted in text for text in texts), f"{told(page)}:{block.line}: in no file")
        self.assertGreater(found, 3)

    def test_languages_and_what_is_left_out(self):
        left_out = collections.Counter()
        for page in DOCS:
            marked = sum(bool(block.not_run) for block in pages.blocks_of(page))
            self.assertEqual(page.read_text().count("<!-- not run"), marked, f"{told(page)}: a mark that is before no block")
            for block in pages.blocks_of(page):
                self.assertIn(block.language, LANGUAGES, f"{told(page)}:{block.line}")
                if block.not_run or block.language == "tex":
                    self.assertTrue(block.not_run, f"{told(page)}:{block.line}: nothing runs {block.language}")
                    left_out[told(page), block.not_run] += 1
        self.assertEqual(dict(left_out), NOT_RUN)


class Links(unittest.TestCase):
    def test_lead_somewhere(self):
        checked = 0
        for page in LINKING:
            for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                file = (page.parent / path).resolve() if path else page
                with self.subTest(f"{told(page)}: {target}"):
                    checked += 1
                    self.assertTrue(file.exists(), "no such file")
                    if anchor:
                        self.assertIn(anchor, anchors_of(file))
        self.assertGreater(checked, 50)

    def test_files_that_are_named_exist(self):
        named = re.compile(r"`((?:src|include|tests|tools|docs|examples|experiments|python|page|cmake|hf|data|bench)/[\w./-]+)`")
        for page in LINKING:
            for path in named.findall(page.read_text()):
                with self.subTest(f"{told(page)}: {path}"):
                    stem = SOURCE / path
                    self.assertTrue(stem.exists() or any(stem.parent.glob(stem.name + ".*")), "no such file")

    def test_the_index_lists_every_page(self):
        index = (SOURCE / "docs/README.md").read_text()
        for page in DOCS:
            if page.name != "README.md":
                self.assertIn(f"]({page.name})", index)


class Keys(unittest.TestCase):
    def test_those_of_a_pair_are_the_schema_s(self):
        schema = (SOURCE / "docs/comparison.schema.json").read_text()
        table = (SOURCE / "docs/comparing.md").read_text().split("| part |")[1].split("\n\n")[0]
        places = [row.split(" | ")[1] for row in table.splitlines()[2:]]
        names = [key for place in places for keys in re.findall(r"`([\w.]+)`", place) for key in keys.split(".")]
        self.assertGreater(len(names), 15)
        for name in names:
            self.assertIn(f'"{name}"', schema)

    def test_a_manifest_s_are_all_in_its_reference(self):
        """docs/ladders.md against the keys that the reader allows, table by table."""
        reader = (SOURCE / "src/experiment/manifest.cc").read_text()
        allowed = [set(re.findall(r'"(\w+)"', keys)) for keys in re.findall(r"AllowOnly\(\{(.*?)\}\)", reader, re.S)]
        page = (SOURCE / "docs/ladders.md").read_text().split("## Every key")[1].split("\n## ")[0]
        tables = [set(re.findall(r"^\| `(\w+)` \|", part, re.M)) for part in re.split(r"^\*\*", page, flags=re.M)[1:]]
        self.assertEqual(sorted(map(sorted, tables)), sorted(map(sorted, allowed)))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
