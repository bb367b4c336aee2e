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


# As people meet them.
ORDER = ("Names", "Access", "Revisions", "Contents", "Fetch", "Connections", "Busy", "Proxies", "Certificates", "Redirects", "Pages", "Headers",
         "Bytes", "Disk", "Together")


def table():
    lines = ["| What happens | What headspec says | Exit code |", "|---|---|---|"]
    for _, title, line, code in sorted(fetching.ROWS, key=lambda row: ORDER.index(row[0])):
        shown = f"`{line}`".replace("|", "\\|") if line else "nothing; it is fetched"
        lines.append(f"| {title} | {shown} | {code} |")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[3:] == ["--table"]:
        errors = io.StringIO()
        tests = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
        result = unittest.TextTestRunner(errors).run(tests)
        if not result.wasSuccessful():
            sys.exit(errors.getvalue())
        if result.skipped:
            sys.exit("the table would lack rows: " + "; ".join(f"{test.id()}: {reason}" for test, reason in result.skipped))
        print(table())
    else:
        unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
