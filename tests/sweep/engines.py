"""What the tests of engines share: a sweep of tiny models, processes that are found by their cache, and what makes two
sweeps the same."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIPPED = 77
MODELS = ["data/nano/nano-0.5m", "data/nano/nano-1.5m", "data/nano/nano-4m", "tests/golden/checkpoints/phi-mha"]
# Of a cell: neither when it was measured, nor where, nor how long it took.
CHANGING = {"timestamp", "seconds", "timing", "environment", "load_seconds", "pass_seconds", "performance", "reused", "hostname"}


def need(*programs):
    """Ends the test as skipped where an engine is not installed."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed")
        sys.exit(SKIPPED)


def mpirun(*options):
    """As root, as in containers, mpirun asks to be told twice."""
    return ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", *map(str, options)]


def write_sweep(file, source, prompts=0, dtypes=("float32", "bfloat16"), split=0):
    """The manifest; `prompts` long prompts make cells that take a while."""
    lines = ['experiment = "engines"', 'purpose = "The same bits on every engine"', "[protocol]", "sanity_min_si = 0", "[[sweep]]",
             f"models = {json.dumps([str(source / model) for model in MODELS])}", f"dtypes = {json.dumps(list(dtypes))}"]
    if prompts:
        texts = [f"Prompt {i} says " + "word after word " * 20 for i in range(prompts)]
        (file.parent / "many.json").write_text(json.dumps(texts))
        lines.append('prompts = ["many.json"]')
    if split:
        lines.append(f"split_prompts = {split}")
    file.write_text("\n".join(lines) + "\n")
    return file


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in CHANGING}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def measured(folder):
    """Everything that the cells of a sweep hold, but when and how fast."""
    cells = {}
    for cell in sorted((folder / "models").iterdir()):
        if cell.name.startswith("."):
            continue
        files = {"heads.npz": (cell / "heads.npz").read_bytes(), "heads.csv": (cell / "heads.csv").read_bytes()}
        for name in ("results.json", "point.json"):
            files[name] = without_times(json.loads((cell / name).read_text(), parse_float=str))
        cells[cell.name] = files
    return cells


def differences(expected, found):
    """In words; empty: the same cells with the same bits."""
    lines = [f"missing: {name}" for name in expected if name not in found]
    lines += [f"surplus: {name}" for name in found if name not in expected]
    for name in expected.keys() & found.keys():
        lines += [f"{name}/{file} differs" for file in expected[name] if expected[name][file] != found[name].get(file)]
    return lines


def processes_of(cache):
    """Process ids of those that use this HEADSPEC_CACHE, with their command lines."""
    marker = f"HEADSPEC_CACHE={cache}".encode()
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            if marker in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            pass
    return found


def end(cache):
    """Whatever of a test is still there."""
    for _ in range(100):
        alive = processes_of(cache)
        if not alive:
            return
        for process in alive:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)


class Scratch:
    """A folder with a space in its name, an own cache in it, and nothing left of it afterwards."""

    def __init__(self, name):
        self.temporary = tempfile.TemporaryDirectory(prefix=f"headspec {name} ")
        self.dir = Path(self.temporary.name)
        self.cache = self.dir / "cache"
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(("OMPI_", "PMIX_", "SLURM_"))}
        self.env |= {"HEADSPEC_CACHE": str(self.cache), "HF_HUB_OFFLINE": "1"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end(self.cache)
        self.temporary.cleanup()

    def run(self, *command, env=None, timeout=300, check=None):
        done = subprocess.run([str(word) for word in command], env=self.env | (env or {}), capture_output=True, text=True, timeout=timeout)
        if check is not None and done.returncode != check:
            raise AssertionError(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done
