#!/usr/bin/env python3
"""`headspec fetch` against a hub that refuses, breaks off, lies and attacks: exact lines, exit codes, what is kept.

Usage: fetch_test.py PROGRAM SOURCE_DIR [unittest arguments]
       fetch_test.py PROGRAM SOURCE_DIR --table     the table of docs/hub.md, from the same runs
"""
import io
import sys
import unittest

sys.dont_write_bytecode = True
import fetching  # noqa: E402
from fetch_answers import *  # noqa: E402,F403
from fetch_commands import *  # noqa: E402,F403
from fetch_disk import *  # noqa: E402,F403
from fetch_network import *  # noqa: E402,F403
from fetch_refusals import *  # noqa: E402,F403


def table():
    lines = ["| What happens | What headspec says | Exit code |", "|---|---|---|"]
    for title, line, code in fetching.ROWS:
        shown = line.replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| {title} | {shown or '(nothing: it fetches)'} | {code} |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[3:] == ["--table"]:
        errors = io.StringIO()
        tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
        if not unittest.TextTestRunner(errors).run(tests).wasSuccessful():
            sys.exit(errors.getvalue())
        print(table())
    else:
        unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
