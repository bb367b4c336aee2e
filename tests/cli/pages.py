"""The fenced blocks of the documents, run as a reader would: shared by readme_test, docs_test and the Python package's
test_docs. A page's blocks run one after the other in one folder that looks like the checkout.

`sh`       a script; a failing command fails it
`text`     what the `sh` or `python` block before it prints on stdout: `...` stands for the rest of a line, or, alone, for any lines;
           times of day and durations may differ
`toml`     a file, named by the comment that is its first line
`<!-- not run: reason -->` on the line before a block leaves it out; docs_test.py holds the list of them."""
import contextlib
import dataclasses
import os
import re
import subprocess
import tempfile
from pathlib import Path

LINKED = ("tests", "data", "docs", "examples", "experiments", "include", "src", "dev")
FENCE = re.compile(r"( *)```(\w*)")
NOT_RUN = re.compile(r" *<!-- not run: (.+) -->")


@dataclasses.dataclass
class Block:
    language: str
    text: str
    line: int
    not_run: str = ""


def blocks_of(page):
    """Every fenced block of a file, in order."""
    blocks, inside, before, indent = [], None, "", ""
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if inside is None and (fence := FENCE.fullmatch(line)):
            reason = NOT_RUN.fullmatch(before)
            indent = fence[1]
            inside = Block(fence[2], "", number, reason[1] if reason else "")
        elif inside is not None and line == indent + "```":
            blocks.append(inside)
            inside = None
        elif inside is not None:
            inside.text += line.removeprefix(indent) + "\n"
        before = line
    if inside is not None:
        raise AssertionError(f"{page}:{inside.line}: a block that does not end")
    return blocks


def masked(text):
    text = re.sub(r"\d{8}_\d{6}", "DATE_TIME", text)
    return re.sub(r" +\d+(\.\d+)? (ms|s)\b", " DURATION", text)


def shown_in(shown, printed, whole=True):
    """Whether the text of a page is what a command printed; a part of it, in whole lines, if not `whole`."""
    lines = []
    for line in masked(shown).strip("\n").splitlines():
        parts = [re.escape(part) for part in line.rstrip().split("...")]
        lines.append(r"(?:.*\n)*?" if line.strip() == "..." else "[^\n]*".join(parts) + " *\n")
    printed = masked(printed).strip("\n") + "\n"
    if whole:
        return re.fullmatch("".join(lines), printed) is not None
    return re.search("^" + "".join(lines), printed, re.M) is not None


class Checkout:
    """A folder with the program at build/headspec and the repository's folders; its own home, so its own caches."""

    def __init__(self, folder, program, source):
        self.folder = Path(folder)
        for name in LINKED:
            (self.folder / name).symlink_to(source / name)
        (self.folder / "build").mkdir()
        (self.folder / "build/headspec").symlink_to(program)
        (self.folder / "home").mkdir()
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("HF_", "HEADSPEC_", "HUGGING", "XDG_"))}
        self.environment = kept | {"HOME": str(self.folder / "home"), "HF_HUB_OFFLINE": "1", "NO_COLOR": "1",
                                   "PATH": f"{self.folder / 'build'}:{os.environ['PATH']}"}

    def run(self, script):
        return subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)

    def write(self, block):
        """A `toml` block's file."""
        name = re.match(r"# ([\w.-]+\.toml)\b", block.text)
        if not name:
            raise AssertionError("the first line of a toml block is a comment that begins with its file's name")
        (self.folder / name[1]).write_text(block.text)
        return name[1]


@contextlib.contextmanager
def checkout(program, source):
    with tempfile.TemporaryDirectory(prefix="headspec page ") as folder:
        yield Checkout(folder, Path(program).resolve(), Path(source).resolve())


NOTHING, UNKNOWN = object(), object()


def complaint_of_text(block, printed):
    if printed is NOTHING:
        return "a text block that follows no block which prints"
    if printed is UNKNOWN or shown_in(block.text, printed):
        return None
    return f"not what is printed:\n{printed}"


def run_page(page, place, run_python=None, only_python=False):
    """Runs a page's blocks in order; yields each that was run, with a complaint or None. Without `run_python`, which
    returns what a block prints, Python and what it prints are left to others."""
    printed = NOTHING
    for block in blocks_of(page):
        complaint = None
        if block.not_run or only_python and block.language != "python":
            printed = NOTHING
            continue
        if block.language == "sh":
            done = place.run(block.text)
            printed = done.stdout
            if done.returncode != 0:
                complaint = f"exit code {done.returncode}: {done.stdout}{done.stderr}"
        elif block.language == "text":
            complaint = complaint_of_text(block, printed)
        elif block.language == "toml":
            place.write(block)
        elif block.language == "python":
            printed = run_python(block.text) if run_python else UNKNOWN
        yield block, complaint
