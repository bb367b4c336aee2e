#!/usr/bin/env python3
"""The API reference is made without a warning, and leaves out no header, class, function or argument.

    api_test.py SOURCE

Run it with the Python that has pdoc, and PYTHONPATH at the built package. Skipped (77) without Doxygen.
"""

import inspect
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

if shutil.which("doxygen") is None:
    print("skipped: no doxygen")
    sys.exit(77)

SOURCE = Path(sys.argv.pop(1)).resolve()
HEADERS = sorted((SOURCE / "include" / "headspec").glob("*.h"))

import headspec  # noqa: E402
import pdoc.doc  # noqa: E402


def make(out, root=SOURCE):
    return subprocess.run([sys.executable, root / "tools" / "make_api_docs.py", out], capture_output=True, text=True)


def declared(pattern):
    """Names at the level of the namespace, with the header that declares them."""
    return [(header.name, name) for header in HEADERS for name in re.findall(pattern, header.read_text(), re.M)]


class Reference(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.out = Path(folder.name) / "reference"
        cls.made = make(cls.out)

    def test_without_a_warning(self):
        self.assertEqual((self.made.returncode, self.made.stderr), (0, ""))

    def test_a_page_for_each_header(self):
        for header in HEADERS:
            page = self.out / "cpp" / (header.stem.replace("_", "__") + "_8h.html")
            self.assertTrue(page.is_file(), page.name)

    def test_a_page_for_each_class(self):
        classes = declared(r"^(?:struct|class) (?:HEADSPEC_API )?(\w+)(?: :| {)")
        self.assertGreater(len(classes), 40)
        for header, name in classes:
            pages = list((self.out / "cpp").glob(f"*headspec_1_1{name}.html"))
            self.assertEqual(len(pages), 1, f"{header}: {name}")

    def test_functions_and_enums(self):
        names = declared(r"^(?:HEADSPEC_API|inline|constexpr) [^(=]*?(\w+)\(") + declared(r"^enum class (\w+)")
        self.assertGreater(len(names), 20)
        page = (self.out / "cpp" / "namespaceheadspec.html").read_text(encoding="utf-8")
        for header, name in names:
            self.assertRegex(page, rf"\b{name}\b", header)

    def test_a_field_without_words_is_found(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "checkout"
            for part in ("include", "docs/api", "tools"):
                shutil.copytree(SOURCE / part, copy / part)
            header = copy / "include" / "headspec" / "statistics.h"
            header.write_text(header.read_text().replace("struct Interval {\n", "struct Interval {\n  int wordless = 0;\n"))
            made = make(Path(folder) / "reference", copy)
            self.assertNotEqual(made.returncode, 0)
            self.assertIn("wordless", made.stderr)

    def test_every_python_name_has_words_and_its_place_on_the_page(self):
        page = (self.out / "python" / "headspec.html").read_text(encoding="utf-8")
        module = pdoc.doc.Module(headspec)
        wordless, missing = [], []

        def look(thing):
            name = thing.qualname
            if thing.name.startswith("_"):
                return
            if not thing.docstring.strip():
                wordless.append(name)
            if f'id="{name}"' not in page:
                missing.append(name)
            for member in getattr(thing, "own_members", []):
                look(member)

        self.assertEqual({member.name for member in module.members.values()}, set(headspec.__all__))
        for member in module.members.values():
            look(member)
        self.assertEqual((wordless, missing), ([], []))

    def test_every_argument_has_words(self):
        shared = inspect.getdoc(headspec.measure)
        for name in ("measure", "run", "compare", "si", "load"):
            function = getattr(headspec, name)
            words = inspect.getdoc(function)
            if "those of :func:`measure`" in words:
                words += shared
            for argument in inspect.signature(function).parameters:
                self.assertIn(f":param {argument}:", words, name)

    def test_the_first_page_leads_to_both(self):
        index = self.out / "index.html"
        links = re.findall(r'href="([^"]+)"', index.read_text(encoding="utf-8"))
        self.assertTrue({"cpp/index.html", "python/headspec.html"} <= set(links))
        for link in links:
            page, _, place = link.partition("#")
            self.assertTrue((self.out / page).is_file(), link)
            if place:
                self.assertIn(f'id="{place}"', (self.out / page).read_text(encoding="utf-8"))

    def test_it_replaces_only_what_it_made(self):
        with tempfile.TemporaryDirectory() as folder:
            kept = Path(folder) / "kept.txt"
            kept.write_text("kept")
            made = make(folder)
            self.assertNotEqual(made.returncode, 0)
            self.assertIn(folder, made.stderr)
            self.assertEqual(kept.read_text(), "kept")


if __name__ == "__main__":
    unittest.main()
