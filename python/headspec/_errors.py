"""The exceptions: each says in one line what is wrong, where, and what to do next."""

from __future__ import annotations


class Error(Exception):
    """A failure of headspec; ``kind`` is "run", "input", "system" or "interrupted"."""

    kind = "run"
    """One of "run", "input", "system" or "interrupted"; the program ends with 1, 2, 3 or 130 for it."""


class InputError(Error, ValueError):
    """An argument, or a file that is not what it should be."""

    kind = "input"
    """A wrong argument or file."""


class AccessError(Error, OSError):
    """Network or file system."""

    kind = "system"
    """Network or file system."""

    def __str__(self) -> str:
        return str(self.args[0])


class Interrupted(Error):
    """The work was stopped. Ctrl-C raises KeyboardInterrupt instead, as everywhere."""

    kind = "interrupted"
    """The work was stopped."""


def of_kind(kind: str) -> type[Error]:
    """The exception class of a kind; for the module in C++."""
    return {cls.kind: cls for cls in (Error, InputError, AccessError, Interrupted)}[kind]
