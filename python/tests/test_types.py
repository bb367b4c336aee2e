"""The annotations, and the stubs of the module in C++, hold under mypy --strict, here and for users."""

import subprocess
import sys
from pathlib import Path

import headspec

PACKAGE = Path(headspec.__file__).parent
USE = """
import headspec

result = headspec.measure(["a", "b"], progress=True)
first: float = result.models[0].si
second: float = result["b"].entropies.mean().item()
interval: tuple[float, float] | None = headspec.si([[0.5, 0.25]]).interval
wrong: int = headspec.compare("a", "b").verdict
"""


def mypy(*arguments, folder):
    return subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "mypy"), *arguments],
                          cwd=PACKAGE.parent, capture_output=True, text=True)


def test_the_package(tmp_path):
    check = mypy("-p", "headspec", folder=tmp_path)
    assert check.returncode == 0, check.stdout


def test_its_users(tmp_path):
    (tmp_path / "use.py").write_text(USE)
    check = mypy(str(tmp_path / "use.py"), folder=tmp_path)
    assert [line.split("error: ")[1] for line in check.stdout.splitlines() if "error: " in line] == [
        'Incompatible types in assignment (expression has type "str", variable has type "int")  [assignment]']
