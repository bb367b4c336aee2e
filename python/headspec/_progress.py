"""Progress of long work: a bar of tqdm, lines on stderr, or the caller's callback."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Callable, Iterator

Callback = Callable[[str, int, int, str], None]


class _Bars:
    """One bar for each piece of work, removed when the next one begins."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bar: Any = None
        self._what = ""

    def __call__(self, what: str, done: int, total: int, unit: str) -> None:
        if self._bar is None or what != self._what or total != self._bar.total:
            self.close()
            is_bytes = unit == "bytes"
            self._bar = self._tqdm(total=total, desc=what, unit="B" if is_bytes else "it",
                                   unit_scale=is_bytes, leave=False)
            self._what = what
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class _Lines:
    """Without tqdm: a line when work begins."""

    def __init__(self) -> None:
        self._what = ""

    def __call__(self, what: str, done: int, total: int, unit: str) -> None:
        if what != self._what:
            self._what = what
            print(what, file=sys.stderr)

    def close(self) -> None:
        pass


@contextmanager
def callback(progress: bool | Callback) -> Iterator[Callback | None]:
    """What the module in C++ calls for ``progress``; None for no one."""
    if progress is False:
        yield None
        return
    if callable(progress):
        yield progress
        return
    shown: _Bars | _Lines
    try:
        shown = _Bars(import_module("tqdm.auto").tqdm)
    except ImportError:
        shown = _Lines()
    try:
        yield shown
    finally:
        shown.close()
