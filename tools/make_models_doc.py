#!/usr/bin/env python3
"""docs/models.md and the README's table of models, from the family table and a run of the golden tests.

Purpose: pages about the families that say what was measured, not what was meant.
Needs:   a build with tests; the standard library only.
Usage:   make_models_doc.py BUILD_DIR     (./dev docs builds first)

Families come from `headspec models --json`, what a checkpoint covers from tests/golden/families/README.md and
tests/golden/README.md, the reference's distance from itself and its versions from the checkpoints' expected.json, our
distance from what experiment_tests records. Everything else stands in PAGE below.
"""
import argparse
import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
GOLDEN = SOURCE / "tests" / "golden"
PAGE_FILE, README_FILE = SOURCE / "docs" / "models.md", SOURCE / "README.md"
BEGIN, END = "<!-- models: written by ./dev docs -->", "<!-- models: end -->"
TESTS = "*GoldenFamily.*:*GoldenMeasurement.*"
DTYPES = ("float32", "bfloat16", "float16")
MEASURES = ("layer_0", "all_layers", "si")
# The text model inside: the same reader and tensors. gemma3 has no golden checkpoint of its own.
TESTED_THROUGH = {"gemma3": "gemma3_text"}

PAGE = """\
# Models

Which checkpoints headspec reads, what each family was tested on, and how close it is to the reference.

This page is written by `./dev docs` (`tools/make_models_doc.py`): do not edit it, edit the tool. The families come
from `headspec models --json`, our distances from a run of the golden tests (`experiment_tests`), the reference's
distance from itself from the `expected.json` of each golden checkpoint. The reference is the notebook's own functions
on transformers {transformers} with torch {torch} and eager attention. It ran on a processor with
{cpu_flags}.
Our numbers are the same with AVX2 and with AVX-512.

## Families

`config.json` decides by its `model_type`. The third column is all that is written for a family alone: lines of code
without blank lines and comments. The last one counts the random checkpoints of the next sections.

{families}

`gemma3` is Gemma 3 with images; its text model is measured and tested through `gemma3_text`. How its tensors are
named is in `tests/model/families_llama_test.cc`. `xlm-roberta` is `roberta` under another name.

## How close

The largest absolute difference over a family's golden checkpoints, all heads and the ten Standard-10 prompts (Phi:
also nine harder ones), beside the largest distance that the reference has from itself on the same checkpoints when
its sums run in another order (`floor`, `floor_reversed`). Entropies are between 0 and 1.

Float32 is near what a float resolves. In bfloat16 and float16 layer 0 follows from where values are rounded; in
deeper layers a few roundings fall the other way when sums run in another order, in the reference as well as here, so
there a small difference is one draw and not a defect. A golden checkpoint has two to five layers and its SI is a
correlation of as many points: it magnifies what the entropies show.

What the tests demand (`tests/experiment/families_test.cc`, `golden_test.cc`): float32 entropies within 1e-6; layer 0
in the other precisions within 1e-6, or four times the reference's own distance there where that is larger (Phi:
always 1e-6); deeper layers within four times the largest distance of the reference from itself in that precision. The
three trained models of `data/nano` are held to 1e-6 in float32, layer 0 also in bfloat16.

{parity}

## What was tested

Random weights, hidden sizes from 32 to 128, two to five layers, each with the switches of its row on.

{tested}

## What is refused

An error in one line says what, where, and what to do. In any family:

- weights that are not safetensors (`pytorch_model.bin`): reading pickles runs the code in them;
- quantised weights other than fp8 in blocks (Qwen3-*-FP8), by the name of their method, and any tensor of another shape than config.json says;
- a tensor that the family does not have. The reference leaves such weights unused, with a warning;
- encoder-decoder models and cross-attention (`is_encoder_decoder`, `add_cross_attention`), pruned heads
  (`pruned_heads`);
- activations other than GELU with its approximations, SiLU and ReLU;
- rotary scaling that is none of the family's kinds, and layers that attend neither to all keys nor in a window;
- heads that do not divide, and `null` where the reference fails on it;
- a key under its old and its new name with two values.

By family:

| model_type | refused |
|---|---|
| `bert`, `roberta`, `xlm-roberta` | relative positions (`position_embedding_type` other than `absolute`) |
| `bloom` | `slow_but_exact` with `pretraining_tp` above 1: the reference then leaves biases out |
| `codegen` | a number of heads that is no multiple of 4 |
| `falcon` | the new architecture without parallel attention; two norms without the new architecture; fewer key-value heads with neither `multi_query` nor the new architecture |
| `gemma3`, `gemma3_text` | attention in both directions (`use_bidirectional_attention`) |
| `granite` | a tokenizer whose files name no `tokenizer_class` |
| `llama`, `falcon` and others that rotate whole heads | `partial_rotary_factor` other than 1 |
| `mpt` | `attn_type` other than multi-head or multi-query |
| `olmo`, `olmo2` | rotary scaling other than linear or dynamic |
| `phi3` | rotary scaling other than longrope |
| `qwen2`, `qwen3` | layers with a window while `use_sliding_window` is off |
| `qwen2_moe`, `stablelm`, `gpt_neox` | `head_dim` other than hidden size / heads |

## What the reference ignores, and so do we

Keys that a reader of config.json would expect to matter:

| model_type | read past |
|---|---|
| `llama` | `sliding_window`, `layer_types`, `pretraining_tp` |
| `phi3` | `attention_bias`, `mlp_bias`, `layer_types` |
| `mistral` | `attention_bias`, `layer_types`: the window is on every layer |
| `qwen2` | `attention_bias`, `qkv_bias`, and `sliding_window` while `use_sliding_window` is false |
| `qwen2_moe`, `qwen3_moe` | `max_window_layers`: the window is on every layer |
| `gemma` | `hidden_activation`: `hidden_act` decides |
| `gemma2` | `hidden_act`: `hidden_activation` decides |
| `gemma3`, `gemma3_text` | `attn_logit_softcapping`, `hidden_act` |
| `stablelm` | `rotary_pct`, `rope_pct`, `norm_eps` |
| `cohere2` | `use_qk_norm`, `rotary_pct` |
| `mpt` | in `attn_config`: `alibi` (always on), `alibi_bias_max` (always 8), `qk_ln`, `prefix_lm`; also `expansion_ratio` (always 4), `no_bias`, `norm_type`, `learned_pos_emb` |
| `bloom` | `n_inner`, `offset_alibi`, `attention_softmax_in_fp32` |
| `opt` | `_remove_final_layer_norm`: that norm stands behind the last attention |
| `granite`, `cohere`, `gemma2` | scaling and capping of logits: there are no logits here |

## Known differences, and oddities kept

- **GELU's far tail.** torch's erf is oneDNN's, which errs by up to ten units in the last place beyond 2. So 375 of
  the float16 values between -5.4 and -2 differ by at most 3e-5 here, and 152 of the bfloat16 values between -5.4 and
  -3.1 by at most 1.6e-5 (`src/engine/kernels/activations.cc`).
- **Dynamic rotary scaling depends on the order of the prompts.** The reference keeps the frequencies of the longest
  prompt so far and returns to the original ones only for a prompt within `max_position_embeddings`. So does headspec.
- **Falcon's ALiBi counts twice** in the reference's eager attention: it is added before the scores are scaled and
  again after. So it is here.
- **GPT-J and CodeGen round their rotation tables** to the model's precision, as the reference does.
- **Qwen2-MoE and Qwen3-MoE put the window on every layer**, Qwen2 and Qwen3 from `max_window_layers` on.
- **BERT and RoBERTa attend in both directions** unless `is_decoder` is true.
- **In float16 probabilities below 6e-8 become zero**, and the notebook divides by the logarithm of the number of keys
  that are not: one such flip moves the mean over ten prompts by 4e-4. The reference's own distance of `gptj` in
  float16 is one.
"""


@dataclass(frozen=True)
class Checkpoint:
    folder: Path
    stored: str
    covers: str

    @property
    def name(self):
        return self.folder.name

    @property
    def model_type(self):
        return json.loads((self.folder / "config.json").read_text())["model_type"]


def families_of(program):
    """[{"model_types": [...], "covers": "..."}], in the program's order."""
    return json.loads(subprocess.run([program, "models", "--json"], check=True, capture_output=True, text=True).stdout)["families"]


def checkpoints():
    """The golden checkpoints in the order of their READMEs."""
    phi = re.findall(r"^\| `([\w-]+)` \| (\w+) \| (.*) \|$", (GOLDEN / "README.md").read_text(), re.M)
    others = re.findall(r"^\| `([\w-]+)` \| `[\w-]+` \| (\w+) \| (.*) \|$", (GOLDEN / "families/README.md").read_text(),
                        re.M)
    found = [Checkpoint(GOLDEN / "checkpoints" / name, *rest) for name, *rest in phi]
    found += [Checkpoint(GOLDEN / "families" / name, *rest) for name, *rest in others]
    # Refused ones are golden too: transformers measures them.
    return [c for c in found if not c.name.startswith("bert-relative-key")]


def checkpoints_of(family, everything):
    types = {TESTED_THROUGH.get(t, t) for t in family["model_types"]}
    return [c for c in everything if c.model_type in types]


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines).replace("| --- |", "|---|").replace(
        "| --- ", "|---")


def types_of(family):
    return ", ".join(f"`{t}`" for t in family["model_types"])


def code_of(family):
    """(file, lines of code) of the family's file, which a related family may share."""
    quoted = "{" + ", ".join(f'"{t}"' for t in family["model_types"]) + "}"
    [file] = [f for f in sorted((SOURCE / "src/model/families").glob("*.cc")) if quoted in f.read_text()]
    lines = [line.strip() for line in file.read_text().splitlines()]
    return file.name, sum(1 for line in lines if line and not line.startswith("//"))


def families_table(families, everything):
    rows = []
    for family in families:
        file, lines = code_of(family)
        rows.append([types_of(family), family["covers"], f"{lines} in [{file}](../src/model/families/{file})",
                     len(checkpoints_of(family, everything))])
    return table(["model_type", "well-known checkpoints", "lines", "tested on"], rows)


def readme_table(families, everything):
    def tested(family):
        through = [TESTED_THROUGH[t] for t in family["model_types"] if t in TESTED_THROUGH]
        return f"through `{through[0]}`" if through else len(checkpoints_of(family, everything))

    return table(["family", "`model_type`", "random checkpoints it is checked on"],
                 [[family["covers"], types_of(family), tested(family)] for family in families])


def tested_table(everything):
    return table(["model_type", "checkpoint", "stored as", "what it covers"],
                 [[f"`{c.model_type}`", f"`{c.name}`", c.stored, c.covers] for c in everything])


def run_tests(program):
    """What the golden tests record: [{"checkpoint", "dtype", "prompts", "layer_0", "all_layers", "si"}]."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "tests.json"
        subprocess.run([program, f"--gtest_filter={TESTS}", f"--gtest_output=json:{report}", "--gtest_brief=1"],
                       check=True)
        suites = json.loads(report.read_text())["testsuites"]
    return [test for suite in suites for test in suite["testsuite"]]


def floor_of(run):
    """The reference's distance from itself, the larger of its two samples."""
    samples = [run[key] for key in ("floor", "floor_reversed") if key in run]
    return {"layer_0": max(s["entropy_max"][0] for s in samples),
            "all_layers": max(max(s["entropy_max"]) for s in samples),
            "si": max(s["si_difference"] for s in samples)}


def distances(records, everything):
    """{(model_type, dtype): {measure: (ours, the reference's)}}, the largest over checkpoints and prompt lists."""
    by_name = {c.name: c for c in everything}
    expected = {c.name: json.loads((c.folder / "expected.json").read_text()) for c in everything}
    found = {}
    for record in records:
        name, dtype = record["checkpoint"], record["dtype"]
        run = expected[name]["runs"][dtype]
        floor = floor_of(run[record["prompts"]] if record["prompts"] else run)
        largest = found.setdefault((by_name[name].model_type, dtype), {measure: (0, 0) for measure in MEASURES})
        for measure in MEASURES:
            ours, theirs = largest[measure]
            largest[measure] = max(ours, float(record[measure])), max(theirs, floor[measure])
    return found


def shown(value):
    return "0" if value == 0 else f"{value:.1e}"


def parity_tables(families, found):
    header = ["model_type", "layer 0", "reference's own", "all layers", "reference's own", "SI", "reference's own"]
    parts = []
    for dtype in DTYPES:
        rows, all_cells = [], []
        for family in families:
            of_family = [found[t, dtype] for t in family["model_types"] if (t, dtype) in found]
            if not of_family:
                continue
            [measured] = of_family
            cells = [value for measure in MEASURES for value in measured[measure]]
            all_cells.append(cells)
            rows.append([types_of(family), *map(shown, cells)])
        rows.append(["largest", *(shown(max(column)) for column in zip(*all_cells))])
        parts.append(f"### {dtype}\n\n{table(header, rows)}")
    return "\n\n".join(parts)


def reference(everything):
    """Versions and CPU flags, the same in every expected.json."""
    all_made_with = set()
    for checkpoint in everything:
        expected = json.loads((checkpoint.folder / "expected.json").read_text())
        versions = expected["versions"]
        all_made_with.add((versions["transformers"], versions["torch"], ", ".join(expected["cpu_flags"])))
    [made_with] = all_made_with
    return dict(zip(("transformers", "torch", "cpu_flags"), made_with))


def readme_part(text):
    """(before, between, after) of the markers."""
    before, rest = text.split(BEGIN)
    between, after = rest.split(END)
    return before, between, after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    build = parser.parse_args().build.resolve()
    families, everything = families_of(build / "headspec"), checkpoints()
    records = run_tests(build / "tests/experiment_tests")
    described = {(checkpoint.name, dtype) for checkpoint in everything for dtype in DTYPES}
    measured = {(record["checkpoint"], record["dtype"]) for record in records}
    if described != measured:
        raise SystemExit(f"make_models_doc: measured or described, not both: {sorted(described ^ measured)}")
    found = distances(records, everything)
    PAGE_FILE.write_text(PAGE.format(families=families_table(families, everything), tested=tested_table(everything),
                                     parity=parity_tables(families, found), **reference(everything)))
    before, _, after = readme_part(README_FILE.read_text())
    README_FILE.write_text(f"{before}{BEGIN}\n\n{readme_table(families, everything)}\n\n{END}{after}")


if __name__ == "__main__":
    main()
