#!/usr/bin/env python3
"""Writes the API reference: C++ from include/headspec by Doxygen, Python from the docstrings by pdoc.

    make_api_docs.py OUT        OUT/index.html, OUT/cpp, OUT/python; OUT is made anew

Run it with the Python that has pdoc (python/tests/requirements.txt) and PYTHONPATH at the built package. Fails on any
warning of either.
"""

import html
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

INDEX = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>headspec {version}: API reference</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; color: #1d2733; }}
a {{ color: #0b57a4; }}
li {{ margin: 0.7rem 0; }}
</style>
</head>
<body>
<h1>headspec {version}: API reference</h1>
<p>Measures how specialised a language model's attention heads are.</p>
<ul>
<li><a href="cpp/index.html">C++</a>: the headers of <code>find_package(headspec)</code></li>
<li><a href="python/headspec.html">Python</a>: the package <code>headspec</code></li>
</ul>
<p>Both compute the same numbers as the program. Start with <code>measure</code>: in C++
<a href="cpp/run_8h.html">headspec/run.h</a>, in Python <a href="python/headspec.html#measure">headspec.measure</a>.</p>
</body>
</html>
"""


def write_cpp(out, version):
    settings = f"@INCLUDE = docs/api/Doxyfile\nOUTPUT_DIRECTORY = \"{out}\"\nPROJECT_NUMBER = {version}\n"
    run = subprocess.run(["doxygen", "-"], input=settings, cwd=ROOT, text=True, capture_output=True)
    said = run.stderr.strip().replace(f"{ROOT}/", "")
    if run.returncode != 0 or said:
        sys.exit(said or f"doxygen ended with {run.returncode}")


def write_python(out):
    import headspec
    import pdoc
    import pdoc.render

    pdoc.render.configure(docformat="restructuredtext", show_source=False,
                          template_directory=ROOT / "docs/api/pdoc", footer_text=f"headspec {headspec.__version__}")
    # numpy's own would be spelled out over ten lines.
    headspec.ArrayLike = type("ArrayLike", (), {"__module__": "numpy.typing"})
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        pdoc.pdoc("headspec", output_directory=out)
    if said:
        sys.exit("\n".join(f"pdoc: {warning.message}" for warning in said))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    import headspec

    out = Path(sys.argv[1]).resolve()
    if out.exists() and not (out / "index.html").is_file() and any(out.iterdir()):
        sys.exit(f"{out}: not a folder that this made; give another, or empty it")
    shutil.rmtree(out, ignore_errors=True)
    (out / "cpp").mkdir(parents=True)
    write_cpp(out / "cpp", headspec.__version__)
    write_python(out / "python")
    (out / "index.html").write_text(INDEX.format(version=html.escape(headspec.__version__)), encoding="utf-8")
    print(out / "index.html")


if __name__ == "__main__":
    main()
