#!/usr/bin/env python3
"""Executes examples/heads.ipynb with the Python that runs this and writes it back with its outputs.

    run_notebook.py [NOTEBOOK]

Needs python/tests/requirements.txt, and PYTHONPATH at the built package.
"""

import os
import sys
import tempfile
from pathlib import Path

NOTEBOOK = Path(__file__).resolve().parents[1] / "examples" / "heads.ipynb"


def execute(notebook, folder):
    """Runs every cell in `folder`, without the user's kernels, settings and caches; raises at the first error."""
    import nbformat

    with tempfile.TemporaryDirectory() as own:
        for name in ("HEADSPEC_CACHE", "IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR",
                     "JUPYTER_RUNTIME_DIR"):
            os.environ[name] = os.path.join(own, name.lower())
        os.environ.pop("MPLBACKEND", None)
        os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
        from jupyter_client import AsyncKernelManager
        from nbclient import NotebookClient

        fresh = nbformat.from_dict(notebook)
        # Sockets in the file system: nobody else on this machine can talk to the kernel.
        kernel = AsyncKernelManager(kernel_name="python3", transport="ipc", ip=os.path.join(own, "kernel"))
        NotebookClient(fresh, km=kernel, timeout=600, record_timing=False,
                       resources={"metadata": {"path": str(folder)}}).execute(cleanup_kc=True)
    fresh.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                      "language_info": {"name": "python"}}
    for cell in fresh.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    return fresh


def joined(outputs):
    """Text that arrived in pieces, in one."""
    whole = []
    for output in outputs:
        last = whole[-1] if whole else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            whole.append(output)
    return whole


def main():
    import nbformat

    path = Path(sys.argv[1]) if len(sys.argv) > 1 else NOTEBOOK
    fresh = execute(nbformat.read(path, as_version=4), path.parent)
    nbformat.validate(fresh)
    beside = path.with_suffix(".new")
    nbformat.write(fresh, beside)
    beside.replace(path)


if __name__ == "__main__":
    main()
