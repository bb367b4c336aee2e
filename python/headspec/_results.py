"""Results as plain dataclasses with numpy arrays, read from the program's own JSON.

Letters in shapes: P prompts, L layers, H query heads, G key-value heads, T tokens.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Json = Mapping[str, Any]


def _saved(saved: tuple[Sequence[str], str]) -> list[str]:
    paths, figure_error = saved
    if figure_error:
        warnings.warn(f"saved without the figure: {figure_error}", RuntimeWarning, stacklevel=3)
    return list(paths)


@dataclass(frozen=True)
class Null:
    """The index of tables whose heads are shuffled within each layer."""

    shuffles: int
    """How many."""
    mean: float
    """Of the shuffled indices."""
    deviation: float
    """Of the shuffled indices, n - 1."""
    z: float | None
    """Of the index among them; None if all shuffles give one value."""
    p: float
    """Two-sided, never 0: (1 + count) / (1 + shuffles) of the smaller tail, doubled (Phipson and Smyth 2010)."""
    middle_95: tuple[float, float]
    """Of the shuffled indices."""


@dataclass(frozen=True)
class Bootstrap:
    """The index under resampling of prompts."""

    resamples: int
    """How many were drawn."""
    standard_error: float
    """Deviation of the resampled indices, n - 1."""
    bias: float
    """Mean of the resampled indices - index."""
    interval_95: tuple[float, float]
    """BCa (Efron 1987) where there is one, else percentile."""
    interval_90: tuple[float, float]
    """Likewise; for the equivalence test."""
    without: Floats | None
    """(P) the index without each prompt; None if one of them is undefined."""
    influence: Floats | None
    """(P) the pull of each prompt on the index; None with ``without``."""


@dataclass(frozen=True)
class Index:
    """A Specialization Index with its statistics; a statistic is there or ``reasons`` says why not."""

    si: float
    """1 - ``mean_correlation``; NaN if fewer than two heads vary."""
    mean_correlation: float
    """Pearson, mean over pairs of heads' depth profiles."""
    head_correlation: Floats
    """(H, H); NaN where undefined."""
    constant_heads: list[int]
    """Heads that do not vary over layers, from 0: left out of the mean."""
    null: Null | None
    """What heads shuffled within each layer give."""
    depth_share: float | None
    """1 - variance between layers / total, 0 to 1: the twin of the index that sees no head's number."""
    bootstrap: Bootstrap | None
    """What other prompts of this kind would give; from two prompts on."""
    readings: list[str]
    """What the statistics support, in words."""
    reasons: dict[str, str]
    """Why a statistic is not there, by its name in ``raw``."""
    raw: Json = field(repr=False)
    """The statistics as in results.json."""

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % over resampled prompts."""
        return self.bootstrap.interval_95 if self.bootstrap else None


@dataclass(frozen=True)
class HeadMetric:
    """One number for every head."""

    name: str
    """"sink_mass" and so on: docs/science.md defines them."""
    mean: Floats
    """(L, H) over the prompts that define it; NaN where none does."""
    per_prompt: Floats | None
    """(P, L, H); None for induction, and for results that were read from a file."""


@dataclass(frozen=True)
class Model:
    """What was measured of one model. With ``error`` the rest is empty."""

    name: str
    """As asked for."""
    display: str
    """As shown."""
    size: str
    """"2.7B"."""
    error: str | None
    """One line if the model failed, else None."""
    architecture: str
    """"MHA", "MQA" or "GQA (32:8)"."""
    layers: int
    """L."""
    heads: int
    """H."""
    kv_heads: int
    """G; H unless heads share keys."""
    hidden_size: int
    """Width of the residual stream."""
    dtype: str
    """"torch.bfloat16"."""
    index: Index | None
    """The Specialization Index with its statistics."""
    entropies: Floats
    """(L, H), mean over prompts of the entropy of the attention that a head's keys receive, 0 to 1."""
    prompt_entropies: Floats
    """(P, L, H)."""
    metrics: dict[str, HeadMetric]
    """By name."""
    tokens: list[list[str]]
    """(P)(T)."""
    token_ids: list[list[int]]
    """(P)(T)."""
    token_roles: list[list[str]]
    """(P)(T): "bos", "template", "special" or "text"."""
    warnings: list[str]
    """One line each."""
    seconds: float
    """Of the pass; of the earlier one where its result was kept."""
    raw: Json = field(repr=False)
    """This model in results.json."""
    _attention: Callable[[int], Any] = field(default=lambda prompt: None, repr=False)

    @property
    def si(self) -> float:
        """The Specialization Index; NaN for a model that failed."""
        return self.index.si if self.index else float("nan")

    def attention(self, prompt: int) -> NDArray[np.float32]:
        """Attention of a prompt, (L, H, T, T) with rows of queries, kept in steps of 1/255.

        Measure with ``keep_attention=True`` first.
        """
        kept = self._attention(prompt)
        if kept is None:
            raise ValueError("attention was not kept; measure with keep_attention=True")
        return np.asarray(kept, dtype=np.float32) / np.float32(255)


@dataclass(frozen=True)
class Verdict:
    """The notebook's decision; it has two rules, which can differ."""

    printed: str
    """By the console's rule: HERITAGE_CONFIRMED, SIZE_CONFOUND_DETECTED or INCONCLUSIVE."""
    stored: str
    """By the JSON's rule."""
    recommendation: str
    """"A-Tier" or "B-Tier (unchanged)"."""


@dataclass(frozen=True)
class Result:
    """Everything that one call measured. ``save`` writes the folder that the program writes."""

    models: list[Model]
    """In the order asked for."""
    verdict: Verdict | None
    """Of :func:`headspec.run`; None without a hypothesis."""
    readings: list[str]
    """What the statistics of all models together support, in words."""
    warnings: list[str]
    """About what the models do not have in common, one line each."""
    prompts: list[str]
    """(P) as measured."""
    raw: Json = field(repr=False)
    """results.json: docs/results.schema.json."""
    _save: Callable[[str], tuple[Sequence[str], str]] = field(repr=False)

    def __getitem__(self, name: int | str) -> Model:
        """A model by its place, its name or its display name."""
        if isinstance(name, int):
            return self.models[name]
        for model in self.models:
            if name in (model.name, model.display):
                return model
        raise KeyError(name)

    def save(self, folder: str | os.PathLike[str]) -> list[str]:
        """Writes results.json, arrays, figures and report.html into a new folder; returns the paths."""
        return _saved(self._save(os.fspath(folder)))


@dataclass(frozen=True)
class Delta:
    """One difference, tuned - base."""

    name: str
    """"specialization", "correlation", "variance" or "gqa_ratio"."""
    value: float
    """Tuned - base."""
    interval_95: tuple[float, float] | None
    """Of resampled prompts; None where only means over prompts were stored."""
    p: float | None
    """Of its own null, two-sided; None where there is none."""
    readings: list[str]
    """In words."""


@dataclass(frozen=True)
class Comparison:
    """A base model against a tuned one by the E11 protocol."""

    verdict: str
    """A_CONFIRMED, B_PARTIAL or C_REFUTED, by the published files' rule."""
    base: Floats
    """(L, H) entropies."""
    tuned: Floats
    """(L, H) entropies."""
    base_si: float
    """Index of the base model."""
    tuned_si: float
    """Index of the tuned model."""
    deltas: dict[str, Delta]
    """By name."""
    notes: list[str]
    """What verdict and numbers leave open, one line each."""
    warnings: list[str]
    """About what the two do not have in common, one line each."""
    raw: Json = field(repr=False)
    """The program's JSON: docs/comparison.schema.json."""
    _save: Callable[[str], tuple[Sequence[str], str]] = field(repr=False)

    def save(self, folder: str | os.PathLike[str]) -> list[str]:
        """Writes the comparison's JSON, figures and report.html into a new folder; returns the paths."""
        return _saved(self._save(os.fspath(folder)))
