"""The Python of every page runs, after the page's commands, in a folder that looks like the checkout."""

import contextlib
import io
import re
import sys

import pytest
from conftest import PROGRAM, SOURCE

sys.path.insert(0, str(SOURCE / "tests" / "cli"))
import pages  # noqa: E402

# Their Python needs more than numpy; another test runs it.
ELSEWHERE = {"docs/figures.md": "tests/cli/exports_test.py", "docs/sweeps.md": "tests/cli/sweep_exports_test.py"}


def has_python(page):
    return any(block.language == "python" and not block.not_run for block in pages.blocks_of(page))


PAGES = [str(page.relative_to(SOURCE)) for page in (SOURCE / "README.md", *sorted((SOURCE / "docs").glob("*.md")))
         if has_python(page)]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ELSEWHERE])
def test_its_python_runs(page, monkeypatch):
    names = {}

    def run(text):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(text, page, "exec"), names)
        return printed.getvalue()

    with pages.checkout(PROGRAM, SOURCE) as place:
        monkeypatch.chdir(place.folder)
        # The README's commands and text are readme_test.py's.
        blocks = pages.run_page(SOURCE / page, place, run, only_python=page == "README.md")
        printed = [(block.line, complaint) for block, complaint in blocks]
        assert [(line, complaint) for line, complaint in printed if complaint] == []
        monkeypatch.undo()


def test_pages_with_python():
    assert {"README.md", "docs/python.md", "docs/first-measurement.md", "docs/reproduce-the-notebook.md",
            "docs/adding-a-metric.md"} <= set(PAGES)
    for page, test in ELSEWHERE.items():
        assert re.search(rf'"{page}"', (SOURCE / test).read_text())
