"""What the reference measures on the nano ladder.

Purpose: golden values of trained checkpoints, in float32 and bfloat16, on the notebook's Standard-10 prompts.
Needs:   the packages of requirements.txt; oracle.py; the folders that train_nano_ladder.py writes.
Usage:   make_nano_golden.py --oracle PATH/oracle.py --nano DIR --out FILE.json

The file holds `versions`, `cpu_flags` and `models.<name>.<dtype>` with the fields of the golden
checkpoints' runs: si, corr, lengths, token_ids, entropies, per_prompt, floor_reversed and, for bfloat16, floor.
"""
import argparse
import json
from pathlib import Path

import torch

from reference import cpu_flags, load_oracle, measured, versions, write_json

DTYPES = ("float32", "bfloat16")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oracle", type=Path, required=True)
    parser.add_argument("--nano", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)

    oracle = load_oracle(args.oracle)
    prompts = oracle.notebook_namespace()["STANDARD_PROMPTS"]
    golden = dict(versions=versions(), cpu_flags=cpu_flags(), models={})
    for folder in sorted(path.parent for path in args.nano.glob("*/config.json")):
        golden["models"][folder.name] = {dtype: measured(oracle, folder, dtype, prompts) for dtype in DTYPES}
        runs = golden["models"][folder.name]
        print(json.dumps(dict(name=folder.name, si={dtype: runs[dtype]["si"] for dtype in DTYPES}, floor=runs["bfloat16"]["floor_reversed"])))
    write_json(args.out, golden)


if __name__ == "__main__":
    main()
