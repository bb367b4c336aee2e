#!/usr/bin/env python3
"""examples/heads.ipynb runs, in a copy, and gives what it was committed with.

    notebook_test.py SOURCE

Run it with the Python that has python/tests/requirements.txt, and PYTHONPATH at the built package.
"""

import base64
import io
import re
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(sys.argv.pop(1)).resolve()
NOTEBOOK = SOURCE / "examples" / "heads.ipynb"
sys.path.insert(0, str(SOURCE / "tools"))

import matplotlib.image  # noqa: E402
import nbformat  # noqa: E402
import run_notebook  # noqa: E402


def text_of(output):
    """What a reader can compare: text and tables, not pictures."""
    if output.output_type == "stream":
        return (output.name, output.text)
    return (output.output_type, output.data.get("text/plain"), output.data.get("text/html"))


def pictures_of(notebook):
    return [output.data["image/png"] for cell in notebook.cells if cell.cell_type == "code"
            for output in cell.outputs if "image/png" in output.get("data", {})]


class Notebook(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.committed = nbformat.read(NOTEBOOK, as_version=4)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "checkout"
            (copy / "examples").mkdir(parents=True)
            for name in ("data", "tests"):
                (copy / name).symlink_to(SOURCE / name)
            cls.fresh = run_notebook.execute(cls.committed, copy / "examples")

    def test_every_text_is_the_committed_one(self):
        self.assertEqual([cell.source for cell in self.fresh.cells], [cell.source for cell in self.committed.cells])
        for before, after in zip(self.committed.cells, self.fresh.cells):
            if before.cell_type == "code":
                with self.subTest(cell=before.source.splitlines()[0]):
                    self.assertEqual([text_of(output) for output in after.outputs],
                                     [text_of(output) for output in before.outputs])
                    self.assertEqual(after.execution_count, before.execution_count)

    def test_nothing_is_said_on_stderr(self):
        self.assertNotIn("stderr", [output.get("name") for cell in self.fresh.cells if cell.cell_type == "code"
                                    for output in cell.outputs])

    def test_figures(self):
        committed, fresh = pictures_of(self.committed), pictures_of(self.fresh)
        self.assertGreaterEqual(len(committed), 4)
        self.assertEqual(len(fresh), len(committed))
        for before, after in zip(committed, fresh):
            pixels = [matplotlib.image.imread(io.BytesIO(base64.b64decode(picture))) for picture in (before, after)]
            self.assertEqual(pixels[0].shape, pixels[1].shape)
            for picture in pixels:
                self.assertGreater(float(picture[..., :3].std()), 0.05)

    def test_it_says_nothing_of_the_machine_it_ran_on(self):
        text = NOTEBOOK.read_text(encoding="utf-8")
        self.assertLess(len(text), 300_000)
        self.assertEqual(self.committed.metadata, self.fresh.metadata)
        written = re.sub(r'"image/png": "[^"]*"', "", text)
        self.assertEqual(re.findall(r"(?<![\w.</])/(?:home|root|tmp|usr|work|Users)\b[^\s\"]*", written), [])


if __name__ == "__main__":
    unittest.main()
