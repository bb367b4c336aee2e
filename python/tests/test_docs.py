"""The Python of README.md and docs/python.md runs, in a folder that looks like the checkout."""

import re

import pytest
from conftest import SOURCE


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_its_python_runs(page, tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", (SOURCE / page).read_text(), re.M | re.S)
    assert blocks
    (tmp_path / "data").symlink_to(SOURCE / "data")
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(blocks), page, "exec"), {})
    assert capsys.readouterr().out
