"""From the program's JSON (docs/results.schema.json, docs/comparison.schema.json) to dataclasses."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from . import _core
from ._results import (Bootstrap, Comparison, Delta, Floats, HeadMetric, Index, Json, Model, Null, Result,
                       Verdict)


def result(run: _core.Run) -> Result:
    raw = json.loads(run.json())
    models = [_model(run, place, model) for place, model in enumerate(raw["results"])]
    return Result(models=models, verdict=_verdict(raw), readings=raw["readings"], warnings=raw["warnings"],
                  prompts=raw["prompts_text"], raw=raw, _save=run.save)


def comparison(compared: _core.Comparison) -> Comparison:
    raw = json.loads(compared.json())
    sides = raw["results"]
    deltas = {name.removeprefix("delta_"): _delta(name.removeprefix("delta_"), delta)
              for name, delta in raw["statistics"].items() if name.startswith("delta_")}
    return Comparison(verdict=sides["verdict"]["code"],
                      base=_floats(sides["base"]["entropies"]), tuned=_floats(sides["instruct"]["entropies"]),
                      base_si=_number(sides["base"]["specialization"]["specialization_index"]),
                      tuned_si=_number(sides["instruct"]["specialization"]["specialization_index"]),
                      deltas=deltas, notes=raw.get("notes", []), warnings=raw.get("warnings", []), raw=raw,
                      _save=compared.save)


def indices(text: str) -> list[Index]:
    """From what `headspec si --json` prints."""
    return [_index(one["specialization_index"], one["mean_head_correlation"],
                   {**one["statistics"], "head_correlation": one["head_correlation_matrix"],
                    "constant_heads": one["constant_heads"]}) for one in json.loads(text)["matrices"]]


def _model(run: _core.Run, place: int, raw: Json) -> Model:
    none = np.empty((0, 0))
    if "error" in raw:
        return Model(name=raw["model"], display=raw["display"], size=raw["size"], error=raw["error"],
                     architecture="", layers=0, heads=0, kv_heads=0, hidden_size=0, dtype="", index=None,
                     entropies=none, prompt_entropies=np.empty((0, 0, 0)), metrics={}, tokens=[], token_ids=[],
                     token_roles=[], warnings=[], seconds=0.0, raw=raw)
    metrics = {name: HeadMetric(name, _floats(mean), run.head_metric(place, name))
               for name, mean in raw.get("head_metrics", {}).items()}
    return Model(name=raw["model"], display=raw["display"], size=raw["size"], error=None,
                 architecture=raw["architecture"], layers=raw["num_layers"], heads=raw["num_heads"],
                 kv_heads=raw["num_kv_heads"], hidden_size=raw["hidden_size"], dtype=raw["numerics"]["dtype"],
                 index=_index(raw["si_mean"], raw["corr_mean"], raw["statistics"]),
                 entropies=_floats(raw["head_entropies"]),
                 prompt_entropies=_floats(raw["head_entropies_per_prompt"]), metrics=metrics,
                 tokens=raw["tokens"], token_ids=raw["token_ids"], token_roles=raw.get("token_roles", []),
                 warnings=raw["warnings"], seconds=raw["timing"]["forward_seconds"], raw=raw,
                 _attention=lambda prompt: run.attention(place, prompt))


def _index(value: Any, correlation: Any, raw: Json) -> Index:
    reasons = {name: part["reason"] for name, part in raw.items() if isinstance(part, dict) and "reason" in part}
    shares = raw.get("variance_shares", {})
    readings = raw.get("readings", {})
    return Index(si=_number(value), mean_correlation=_number(correlation),
                 head_correlation=_floats(raw["head_correlation"]), constant_heads=raw["constant_heads"],
                 null=_null(raw.get("permutation_null")), depth_share=shares.get("depth_share"),
                 bootstrap=_bootstrap(raw.get("bootstrap")),
                 readings=[text for text in readings.values() if text], reasons=reasons, raw=raw)


def _null(raw: Any) -> Null | None:
    if not raw or "reason" in raw:
        return None
    return Null(raw["shuffles"], raw["mean"], raw["deviation"], raw["z"], raw["p"], _pair(raw["middle_95"]))


def _bootstrap(raw: Any) -> Bootstrap | None:
    if not raw or "reason" in raw:
        return None
    return Bootstrap(resamples=raw["resamples"], standard_error=raw["standard_error"], bias=raw["bias"],
                     interval_95=_pair(raw["bca_95"] or raw["percentile_95"]),
                     interval_90=_pair(raw["bca_90"] or raw["percentile_90"]),
                     without=_list(raw["without_prompt"]), influence=_list(raw["influence"]))


def _verdict(raw: Json) -> Verdict | None:
    if "verdict" not in raw:
        return None
    return Verdict(printed=raw["verdict_printed"]["conclusion"], stored=raw["verdict"]["conclusion"],
                   recommendation=raw["verdict"]["b11_recommendation"])


def _delta(name: str, raw: Json) -> Delta:
    bootstrap, null = raw.get("bootstrap") or {}, raw.get("permutation_null") or {}
    interval = bootstrap.get("bca_95") or bootstrap.get("percentile_95")
    readings = [raw[key] for key in ("bootstrap_reading", "null_reading") if raw.get(key)]
    return Delta(name=name, value=_number(raw["value"]), interval_95=_pair(interval) if interval else None,
                 p=null.get("p"), readings=readings)


def _floats(rows: Any) -> Floats:
    return np.array(rows, dtype=np.float64)


def _list(values: Any) -> Floats | None:
    return _floats(values) if values else None


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _pair(interval: Any) -> tuple[float, float]:
    return float(interval[0]), float(interval[1])
