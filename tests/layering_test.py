#!/usr/bin/env python3
"""The include rules: which room may include which. Usage: layering_test.py SOURCE_DIR"""
import re
import sys
from pathlib import Path

PUBLIC = "headspec"
ALLOWED = {
    "core": {"headspec/error.h", "headspec/version.h", "headspec/work_unit.h"},
    "hub": {"core"},
    "checkpoint": {"core"},
    "text": {"core"},
    "metrics": {"core", "headspec/table.h"},
    "engine/kernels": {"core"},
    "model": {"core", "checkpoint"},
    "engine": {"core", "model", "engine/kernels"},
    "experiment": {PUBLIC, "core", "hub", "checkpoint", "text", "model", "engine", "metrics"},
    "report": {"core", "headspec/comparison.h", "headspec/files.h", "headspec/index.h", "headspec/result.h",
               "headspec/plan.h", "headspec/sweep.h", "headspec/table.h"},
    "sweep": {PUBLIC, "core", "hub", "experiment", "report"},
    "cli": {PUBLIC, "core", "experiment", "report", "sweep"},
}
# Third-party headers stay behind few doors each: the rooms that may include them.
DOORS = {"nlohmann/": {"core", "hub", "checkpoint", "text", "model", "experiment", "report", "sweep", "cli"},
         "hwy/": {"engine/kernels"}, "zip.h": {"report", "experiment"}, "zlib.h": {"report"}, "toml++/": {"experiment"}, "openssl/": {"core"}, "CLI/": {"cli"},
         "headspec_hf.h": {"text"}, "curl/": {"hub"}, "boost/": {"metrics"}}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.M)


def room_of(path: str) -> str:
    return "engine/kernels" if path.startswith("engine/kernels/") else path.split("/")[0]


def complaints(source_dir: Path):
    source = source_dir / "src"
    for file in sorted(source.rglob("*.h")) + sorted(source.rglob("*.cc")):
        here = file.relative_to(source).as_posix()
        room = room_of(here)
        for target in INCLUDE.findall(file.read_text()):
            for prefix, doors in DOORS.items():
                if target.startswith(prefix) and room not in doors:
                    yield f"{here} includes {target}: only {', '.join(sorted(doors))} may"
            if target.startswith("headspec/"):
                allowed = PUBLIC in ALLOWED[room] or target in ALLOWED[room]
            elif (source / target).exists():
                allowed = room_of(target) == room or room_of(target) in ALLOWED[room]
            else:
                continue
            if not allowed:
                yield f"{here} includes {target}: {room} may include {', '.join(sorted(ALLOWED[room])) or 'nothing'}"
    for file in sorted((source_dir / "include").rglob("*.h")):
        for target in INCLUDE.findall(file.read_text()):
            if not target.startswith("headspec/") and ("/" in target or target.endswith(".h")):
                yield f"{file.name} includes {target}: public headers use the standard library only"


def main() -> int:
    source_dir = Path(sys.argv[1])
    rooms = {room_of(p.relative_to(source_dir / "src").as_posix()) for p in (source_dir / "src").rglob("*.cc")}
    found = list(complaints(source_dir)) + [f"room {r} has no row in the table" for r in sorted(rooms - set(ALLOWED))]
    print("\n".join(found) or f"{len(rooms)} rooms keep the include rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
