#!/usr/bin/env python3
"""The finding in numbers: the published matrices with what heads shuffled within their layers give.

Purpose: a table for the documentation that says what was computed, not what was remembered.
Needs:   a build; the standard library only.
Usage:   make_science_tables.py BUILD_DIR              prints the table
         make_science_tables.py BUILD_DIR PAGE.md      writes it between the page's two markers

The numbers come from `headspec si --json` on tests/data/published (its README says where the files are from). The files
repeat the same entropies for every seed: one row for each matrix that differs.
"""
import argparse
import json
import subprocess
from pathlib import Path

from page_table import write_between

SOURCE = Path(__file__).resolve().parent.parent
PUBLISHED = SOURCE / "tests" / "data" / "published"
BEGIN, END = "<!-- published matrices: written by ./dev docs -->", "<!-- published matrices: end -->"
FILES = (("Llama-3.1-8B", "E11T_gqa_comparison_20260113_181926.json"),
         ("Mistral-7B-v0.3", "E11_territorial_collapse_mistral_20260113_182026.json"),
         ("falcon-7b", "E11_falcon_territorial_collapse_20260113_195443.json"))
HEADER = ("| matrix | layers x heads | SI | shuffled, mean +- sd | shuffled, middle 95 % | z | p | depth share | ICC(1,1) |\n"
          "|---|---|---|---|---|---|---|---|---|\n")


def matrices(program: Path, file: Path) -> dict:
    done = subprocess.run([program, "si", file, "--json"], capture_output=True, text=True, check=True)
    kept = {}
    for matrix in json.loads(done.stdout)["matrices"]:
        variant = "instruct" if "/instruct/" in matrix["place"] else "base"
        same = kept.setdefault(variant, matrix)
        if same["head_correlation_matrix"] != matrix["head_correlation_matrix"]:
            raise SystemExit(f"{file.name}: {matrix['place']} differs from {same['place']}; give it a row of its own")
    return kept


def row(name: str, matrix: dict) -> str:
    null, shares = matrix["statistics"]["permutation_null"], matrix["statistics"]["variance_shares"]
    low, high = null["middle_95"]
    return (f"| {name} | {matrix['num_layers']} x {matrix['num_heads']} | {matrix['specialization_index']:.4f} "
            f"| {null['mean']:.4f} +- {null['deviation']:.4f} | {low:.4f} to {high:.4f} | {null['z']:+.2f} | {null['p']:.2f} "
            f"| {shares['depth_share']:.4f} | {shares['intraclass_correlation']:.4f} |\n")


def table(program: Path) -> str:
    return HEADER + "".join(row(f"{name} {variant}", matrix) for name, file in FILES
                            for variant, matrix in matrices(program, PUBLISHED / file).items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("page", type=Path, nargs="?")
    arguments = parser.parse_args()
    text = table((arguments.build / "headspec").resolve())
    if arguments.page:
        write_between(arguments.page, BEGIN, END, text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
