"""The module's numbers are the program's, and its arrays have the shapes that its docstrings promise."""

import json

import headspec
import numpy as np
import pytest

PASSING = {"timing", "timestamp", "environment"}  # of one run


def stable(document):
    """Without what differs between two runs of the same thing."""
    if isinstance(document, dict):
        return {key: stable(value) for key, value in document.items() if key not in PASSING}
    return [stable(value) for value in document] if isinstance(document, list) else document


def test_measure_is_the_programs(nano, program):
    result = headspec.measure(nano("0.5m"), dtype="float32", max_length=64, metrics="all")
    expected = program("measure", nano("0.5m"), "--dtype", "float32", "--max-length", "64", "--metrics", "all")
    assert stable(result.raw) == stable(expected)
    model, of_program = result.models[0], expected["results"][0]
    assert model.si == of_program["si_mean"]
    assert np.array_equal(model.entropies, of_program["head_entropies"])
    assert np.array_equal(model.prompt_entropies, of_program["head_entropies_per_prompt"])
    assert model.index.interval == tuple(of_program["statistics"]["bootstrap"]["bca_95"])
    assert result.prompts == expected["prompts_text"]


def test_shapes(nano):
    model = headspec.measure(nano("0.5m"), metrics="all")[0]
    prompts, layers, heads = 10, model.layers, model.heads
    assert (layers, heads) == (4, 6)
    assert model.entropies.shape == (layers, heads)
    assert model.entropies.dtype == np.float64
    assert model.prompt_entropies.shape == (prompts, layers, heads)
    assert np.allclose(model.prompt_entropies.mean(axis=0), model.entropies, rtol=0, atol=1e-12)
    assert model.index.head_correlation.shape == (heads, heads)
    assert model.index.bootstrap.without.shape == (prompts,)
    assert {"sink_mass", "previous_token", "induction"} <= set(model.metrics)
    for metric in model.metrics.values():
        assert metric.mean.shape == (layers, heads)
    assert model.metrics["sink_mass"].per_prompt.shape == (prompts, layers, heads)
    assert model.metrics["induction"].per_prompt is None
    assert [len(tokens) for tokens in model.tokens] == [len(ids) for ids in model.token_ids]


def test_only_the_index(nano):
    assert headspec.measure(nano("0.5m"), metrics="received")[0].metrics == {}


def test_attention(nano):
    prompts = ["To be, or not to be", "import os"]
    model = headspec.measure(nano("0.5m"), dtype="float32", prompts=prompts, keep_attention=True)[0]
    for place, ids in enumerate(model.token_ids):
        attention = model.attention(place)
        assert attention.shape == (model.layers, model.heads, len(ids), len(ids))
        assert np.all(np.triu(attention, 1) == 0)  # no query sees a later key
        assert np.allclose(attention.sum(axis=-1), 1, atol=len(ids) / 510)
    with pytest.raises(IndexError):
        model.attention(2)
    without = headspec.measure(nano("0.5m"), prompts=prompts)[0]
    with pytest.raises(ValueError, match="keep_attention"):
        without.attention(0)


def test_several_models_and_one_that_fails(nano, tmp_path):
    result = headspec.measure([nano("0.5m"), tmp_path / "nothing", nano("1.5m")])
    assert [model.error is None for model in result.models] == [True, False, True]
    assert "no such folder" in result[1].error
    assert np.isnan(result[1].si)
    assert result["nano-1.5m"].layers == 6
    with pytest.raises(KeyError):
        result["nano-3m"]


def test_run_is_the_programs(program):
    result = headspec.run()
    assert stable(result.raw) == stable(program("run"))
    assert result.verdict.printed == "SIZE_CONFOUND_DETECTED"
    assert result.readings


def test_compare_is_the_programs(nano, program):
    comparison = headspec.compare(nano("0.5m"), nano("1.5m"))
    expected = program("compare", nano("0.5m"), nano("1.5m"))
    assert stable(comparison.raw) == stable(expected)
    assert comparison.verdict == expected["results"]["verdict"]["code"]
    assert comparison.deltas["specialization"].value == comparison.tuned_si - comparison.base_si
    assert (comparison.base.shape, comparison.tuned.shape) == ((4, 6), (6, 8))


def test_si_is_the_programs(nano, program, tmp_path):
    entropies = headspec.measure(nano("0.5m"))[0].entropies
    file = tmp_path / "entropies.npy"
    np.save(file, entropies)
    of_program = program("si", str(file))["matrices"][0]
    index = headspec.si(entropies)
    assert index.si == of_program["specialization_index"]
    assert np.array_equal(index.head_correlation, of_program["head_correlation_matrix"])
    assert index.null.p == of_program["statistics"]["permutation_null"]["p"]
    assert index.bootstrap is None
    assert "bootstrap" in index.reasons


def test_si_is_numpys():
    entropies = np.random.default_rng(7).random((6, 4, 5))
    correlation = np.corrcoef(entropies.mean(axis=0).T)
    index = headspec.si(entropies, seed=7)
    assert index.si == pytest.approx(1 - correlation[np.triu_indices(5, 1)].mean(), abs=1e-12)
    assert np.allclose(index.head_correlation, correlation, atol=1e-12)
    low, high = index.interval
    assert low < high
    assert index.raw["seed"] == 7


def test_si_takes_what_numpy_takes():
    rows = [[0.1, 0.5, 0.9], [0.7, 0.2, 0.4], [0.3, 0.8, 0.6]]
    expected = headspec.si(np.array(rows)).si
    assert headspec.si(rows).si == expected
    assert headspec.si(np.asfortranarray(rows)).si == expected
    assert headspec.si(np.array(rows, dtype=np.float32)).si == pytest.approx(expected, abs=1e-6)


def test_load_gives_back_what_was_saved(nano, tmp_path):
    measured = headspec.measure(nano("0.5m"))
    paths = measured.save(tmp_path / "saved")
    assert {"results.json", "heads.npz", "heads.csv", "report.html"} <= {path.split("/")[-1] for path in paths}
    loaded = headspec.load(tmp_path / "saved" / "results.json")
    assert loaded.raw == measured.raw == json.loads((tmp_path / "saved" / "results.json").read_text())
    assert np.array_equal(loaded[0].entropies, measured[0].entropies)
    with np.load(tmp_path / "saved" / "heads.npz") as arrays:
        assert np.array_equal(arrays["0/head_entropies_per_prompt"], measured[0].prompt_entropies)


def test_what_is_saved_passes_the_programs_check(tmp_path):
    import subprocess

    from conftest import PROGRAM
    headspec.run().save(tmp_path / "ladder")
    check = subprocess.run([PROGRAM, "verify", str(tmp_path / "ladder"), "--no-recompute"], capture_output=True,
                           text=True)
    assert check.returncode == 0, check.stdout + check.stderr


def test_a_comparison_is_saved(nano, tmp_path):
    comparison = headspec.compare(nano("0.5m"), nano("1.5m"))
    comparison.save(tmp_path / "pair")
    assert json.loads((tmp_path / "pair" / "results.json").read_text()) == comparison.raw
