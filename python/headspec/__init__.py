"""How specialised a language model's attention heads are.

>>> import headspec
>>> result = headspec.measure("microsoft/phi-2")      # or a folder, or several
>>> result.models[0].si, result.models[0].index.interval
>>> result.models[0].entropies                        # numpy, [layers, heads]

``measure``, ``run`` and ``compare`` do what the commands of the program do, without Python's lock, so that
several models can be measured in several threads. Failures are ``headspec.Error`` with a ``kind``; Ctrl-C raises
``KeyboardInterrupt`` within a moment. A model that fails beside others is in the result, with its ``error``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Iterable, Sequence, Union

import numpy as np
from numpy.typing import ArrayLike

from . import _core, _progress, _read
from ._errors import AccessError, Error, InputError, Interrupted
from ._results import (Bootstrap, Comparison, Delta, HeadMetric, Index, Model, Null, Result,
                       Verdict)

__version__: str = _core.version()
__all__ = ["AccessError", "Bootstrap", "Comparison", "Delta", "Error", "HeadMetric", "Index", "InputError",
           "Interrupted", "Model", "Null", "Result", "Verdict", "compare", "load", "measure", "run", "si"]

PathLike = Union[str, "os.PathLike[str]"]
ProgressCallback = Callable[[str, int, int, str], None]


def measure(models: PathLike | Iterable[PathLike], *, dtype: str = "auto", numerics: str = "hf-4.57",
            prompts: str | Sequence[str] = "standard-10-v3", max_length: int = 128, chat_template: bool = False,
            revision: str = "main", seeds: Sequence[int] | None = None, metrics: str = "prompts",
            sensitivity: bool = False, baselines: bool = False, keep_attention: bool = False,
            attention_limit: int | None = None, threads: int = 0, fast_bf16: bool = False, offline: bool = False,
            cache_dir: PathLike | None = None, fresh: bool = False,
            progress: bool | ProgressCallback = False, log: Callable[[str], None] | None = None) -> Result:
    """Measures one model or several: entropies of every head, the index, and its statistics.

    :param models: folders, or ``org/name[@revision]`` on the Hugging Face hub (and in its cache).
    :param dtype: "auto" (the first of bfloat16, float16, float32 whose sanity check passes), or one of them.
    :param numerics: whose rounding to reproduce: "hf-4.57", "hf-4.47" (Phi only) or "exact" (float32).
    :param prompts: "standard-10-v3", a file, or the prompts themselves.
    :param max_length: tokens kept of each prompt, special tokens included.
    :param chat_template: prompts as the user's turn of a chat, by the tokenizer's template.
    :param revision: branch, tag or commit on the hub.
    :param seeds: the first seeds shuffles and resamples; the rest is noted in the result. None for the notebook's.
    :param metrics: of each head "received" (the entropy of the index alone), "prompts" (also its other traits), or
        "all" (also induction, on one more prompt).
    :param sensitivity: the index again with one thing changed at a time, in ``raw``.
    :param baselines: what an untrained model and a uniform head give, in ``raw``.
    :param keep_attention: keep the attention itself, in steps of 1/255, for :meth:`Model.attention`.
    :param attention_limit: refuse to keep more than so many bytes of it; None for 64 million.
    :param threads: 0 for all.
    :param fast_bf16: multiply with the processor's bf16 unit where it has one; the last digits then differ from those
        of other processors.
    :param offline: never ask the hub.
    :param cache_dir: the cache of hub models; None for the one that the environment names (HF_HUB_CACHE, HF_HOME).
    :param fresh: measure again what is kept from an earlier call.
    :param progress: True for bars (tqdm where it is installed), or ``callback(what, done, total, unit)``.
    :param log: called with one line about anything unusual.
    :raises Error: with a ``kind``; a model that fails beside others is in the result instead.
    """
    names = [models] if isinstance(models, (str, os.PathLike)) else list(models)
    settings = _settings(dtype=dtype, numerics=numerics, prompts=prompts, max_length=max_length,
                         chat_template=chat_template, revision=revision, seeds=seeds, metrics=metrics,
                         sensitivity=sensitivity, baselines=baselines, keep_attention=keep_attention,
                         attention_limit=attention_limit, threads=threads, fast_bf16=fast_bf16, offline=offline,
                         cache_dir=cache_dir, fresh=fresh)
    with _progress.callback(progress) as show:
        return _read.result(_core.measure([os.fspath(name) for name in names], settings, show, log))


def run(manifest: PathLike | None = None, *, metrics: str = "prompts", keep_attention: bool = False,
        attention_limit: int | None = None, threads: int = 0, fast_bf16: bool = False, offline: bool = False,
        cache_dir: PathLike | None = None, fresh: bool = False, progress: bool | ProgressCallback = False,
        log: Callable[[str], None] | None = None) -> Result:
    """Runs the experiment of a manifest, or the built-in ladder of tiny models, to its verdict.

    :param manifest: a TOML file (experiments/ has some); None for the built-in ladder.

    The other arguments are those of :func:`measure`.

    :raises Error: with a ``kind``; a model that fails beside others is in the result instead.
    """
    settings = _settings(metrics=metrics, keep_attention=keep_attention, attention_limit=attention_limit,
                         threads=threads, fast_bf16=fast_bf16, offline=offline, cache_dir=cache_dir, fresh=fresh)
    path = None if manifest is None else os.fspath(manifest)
    with _progress.callback(progress) as show:
        return _read.result(_core.run(path, settings, show, log))


def compare(base: PathLike, tuned: PathLike | None = None, *, dtype: str = "auto", numerics: str = "hf-4.57",
            prompts: str | Sequence[str] = "standard-10-v3", max_length: int = 128, chat_template: bool = False,
            revision: str = "main", threads: int = 0, fast_bf16: bool = False, offline: bool = False,
            cache_dir: PathLike | None = None, fresh: bool = False, progress: bool | ProgressCallback = False,
            log: Callable[[str], None] | None = None) -> Comparison:
    """Compares a base model with a tuned one by the E11 protocol.

    :param base: a model, or a file of stored results; alone, a file that holds both models.
    :param tuned: likewise; of one shape with the base for the differences head by head.

    The other arguments are those of :func:`measure`.

    :raises Error: with a ``kind``.
    """
    settings = _settings(dtype=dtype, numerics=numerics, prompts=prompts, max_length=max_length,
                         chat_template=chat_template, revision=revision, threads=threads, fast_bf16=fast_bf16,
                         offline=offline, cache_dir=cache_dir, fresh=fresh)
    with _progress.callback(progress) as show:
        return _read.comparison(_core.compare(os.fspath(base), "" if tuned is None else os.fspath(tuned),
                                               settings, show, log))


def si(entropies: ArrayLike, *, seed: int = 42) -> Index:
    """The Specialization Index: 1 - mean Pearson correlation of the heads' profiles over depth.

    :param entropies: (L, H), or (P, L, H): the index is that of the mean over prompts, and from two prompts on it
        has an interval.
    :param seed: of shuffles and resamples.
    :raises InputError: for another number of dimensions, or an empty array.
    """
    values = np.ascontiguousarray(entropies, dtype=np.float64)
    if values.ndim == 2:
        values = values[np.newaxis]
    if values.ndim != 3:
        raise InputError(f"entropies: expected 2 or 3 dimensions, found {values.ndim}; "
                         "give [layers, heads], or [prompts, layers, heads]")
    return _read.indices(_core.index_json(values, seed))[0]


def load(file: PathLike) -> Result:
    """The result in a results.json that ``run``, ``measure`` or the program wrote.

    :param file: its path. Head metrics by prompt and attention are not in it.
    :raises AccessError: if it cannot be read.
    :raises InputError: if it is not such a file.
    """
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise AccessError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    return _read.result(_core.load(text, str(path)))


def _settings(*, seeds: Sequence[int] | None = None, prompts: str | Sequence[str] = "standard-10-v3",
              attention_limit: int | None = None, cache_dir: PathLike | None = None,
              **fields: Any) -> _core.Settings:
    settings = _core.Settings()
    for name, value in fields.items():
        setattr(settings, name, value)
    settings.prompts = prompts if isinstance(prompts, str) else list(prompts)
    settings.seeds = None if seeds is None else [int(seed) for seed in seeds]
    if attention_limit is not None:
        settings.attention_limit = attention_limit
    if cache_dir is not None:
        settings.cache_dir = os.fspath(cache_dir)
    return settings
