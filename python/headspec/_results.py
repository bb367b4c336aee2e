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
    mean: float
    deviation: float
    z: float | None
    p: float
    middle_95: tuple[float, float]


@dataclass(frozen=True)
class Bootstrap:
    """The index under resampling of prompts."""

    resamples: int
    standard_error: float
    bias: float
    interval_95: tuple[float, float]  # BCa where there is one, else percentile
    interval_90: tuple[float, float]
    without: Floats | None  # (P) the index without each prompt
    influence: Floats | None  # (P) the pull of each prompt on the index


@dataclass(frozen=True)
class Index:
    """A Specialization Index with its statistics; a statistic is there or ``reasons`` says why not."""

    si: float
    mean_correlation: float
    head_correlation: Floats  # (H, H); NaN where undefined
    constant_heads: list[int]
    null: Null | None
    depth_share: float | None  # 1 - variance between layers / total
    bootstrap: Bootstrap | None
    readings: list[str]  # in words, what the statistics support
    reasons: dict[str, str]
    raw: Json = field(repr=False)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % over resampled prompts."""
        return self.bootstrap.interval_95 if self.bootstrap else None


@dataclass(frozen=True)
class HeadMetric:
    """One number for every head."""

    name: str
    mean: Floats  # (L, H); NaN where no prompt defines it
    per_prompt: Floats | None  # (P, L, H); None for induction and for results that were read from a file


@dataclass(frozen=True)
class Model:
    """What was measured of one model. With ``error`` the rest is empty."""

    name: str
    display: str
    size: str
    error: str | None
    architecture: str
    layers: int
    heads: int
    kv_heads: int
    hidden_size: int
    dtype: str  # "torch.bfloat16"
    index: Index | None
    entropies: Floats  # (L, H), mean over prompts
    prompt_entropies: Floats  # (P, L, H)
    metrics: dict[str, HeadMetric]
    tokens: list[list[str]]  # (P)(T)
    token_ids: list[list[int]]
    token_roles: list[list[str]]  # "bos", "template", "special" or "text"
    warnings: list[str]
    seconds: float  # of the pass
    raw: Json = field(repr=False)
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

    printed: str  # the console's rule
    stored: str  # the JSON's rule
    recommendation: str


@dataclass(frozen=True)
class Result:
    """Everything that one call measured. ``save`` writes the folder that the program writes."""

    models: list[Model]
    verdict: Verdict | None
    readings: list[str]
    warnings: list[str]
    prompts: list[str]
    raw: Json = field(repr=False)  # results.json
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
    value: float
    interval_95: tuple[float, float] | None  # of resampled prompts
    p: float | None  # of its own null
    readings: list[str]


@dataclass(frozen=True)
class Comparison:
    """A base model against a tuned one by the E11 protocol."""

    verdict: str  # A_CONFIRMED, B_PARTIAL or C_REFUTED
    base: Floats  # (L, H) entropies
    tuned: Floats
    base_si: float
    tuned_si: float
    deltas: dict[str, Delta]
    notes: list[str]
    warnings: list[str]
    raw: Json = field(repr=False)
    _save: Callable[[str], tuple[Sequence[str], str]] = field(repr=False)

    def save(self, folder: str | os.PathLike[str]) -> list[str]:
        """Writes the comparison's JSON, figures and report.html into a new folder; returns the paths."""
        return _saved(self._save(os.fspath(folder)))
