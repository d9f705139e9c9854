"""Anomalous API calls: from alarms about a user to GuardDuty's eight types, each with its reasons.

An alarm says "this user, this minute". Of the user's requests in it, those that carry at least
`MATERIAL` of the surprise become findings; where none does, the most surprising one. The type
depends on what the request did (``anomalous.yml``). Each reason gives the profile, what was
observed, how often that had been seen in the training time, and what is usual.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import polars as pl

from rtml.baselines import Baseline
from rtml.baselines.conditional import SEPARATOR
from rtml.features.audit import PROFILES
from rtml.findings.actors import by_actor, named
from rtml.findings.unit import aggregate, slot_of
from rtml.models.explaining.frequency import frequency, period, usual
from rtml.reading.packaged import packaged_yaml
from rtml.schema import FINDINGS, empty
from rtml.text import visible

__all__ = ["call_types", "explain_calls"]

MATERIAL = 0.2
"""Share of an alarm's surprise from which a request is held responsible for it."""

_CELL = ["container_id", "window", "process_id"]
_EVENT = ["host", "seq"]
_SCALE = 2**20


@cache
def _table() -> list[Mapping[str, Any]]:
    return packaged_yaml("rtml.models.explaining", "anomalous.yml", list)


def call_types(calls: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``type``, ``severity`` and ``techniques`` to requests (columns of the audit table).

    Examples
    --------
    >>> from rtml.captures.audit import AUDIT
    >>> from rtml.schema import conform
    >>> calls = pl.LazyFrame({"verb": ["list", "create"], "resource": ["secrets", "pods"],
    ...                       "subresource": [None, "exec"]})
    >>> call_types(conform(calls, AUDIT)).collect()["type"].to_list()
    ['CredentialAccess:Kubernetes/AnomalousBehavior.SecretsAccessed',
     'Execution:Kubernetes/AnomalousBehavior.ExecInPod']
    """
    line = pl.lit(len(_table()) - 1)
    for number, entry in reversed(list(enumerate(_table()))):
        line = pl.when(_meets(entry)).then(pl.lit(number)).otherwise(line)
    facts = pl.LazyFrame(
        {
            "_line": range(len(_table())),
            **{name: [entry[name] for entry in _table()] for name in ("type", "severity", "techniques")},
        },
        schema_overrides={"techniques": pl.List(pl.String)},
    )
    no_subresource = pl.col("subresource").is_null()
    lined = calls.with_columns(whole=no_subresource).with_columns(_line=line.cast(pl.Int64))
    joined = lined.join(facts, on="_line", how="left", maintain_order="left")
    return joined.drop("_line", "whole")


def _meets(line: Mapping[str, Any]) -> pl.Expr:
    tests = [pl.lit(True)]
    for column, values in line.get("where", {}).items():
        tests.append(pl.col(column).is_in(values).fill_null(False))
    for column, pattern in line.get("like", {}).items():
        text = pl.col(column)
        element_matches = pl.element().str.to_lowercase().str.contains(pattern)
        any_matches = text.list.eval(element_matches).list.any()
        matches = text.str.to_lowercase().str.contains(pattern)
        tests.append((matches if column == "role" else any_matches).fill_null(False))
    return pl.all_horizontal(tests)


def explain_calls(
    alarms: pl.DataFrame, surprises: pl.DataFrame, calls: pl.LazyFrame, baseline: Baseline, until: Any = None
) -> pl.DataFrame:
    """Turn alarming windows of API users into findings.

    Parameters
    ----------
    alarms
        `rtml.models.explaining.alarms.ALARMS` whose ``container_id`` is the user.
    surprises
        `rtml.features.surprises` of the family ``audit``.
    calls
        `rtml.features.api_calls.calls_of` the capture.
    baseline
        What was learnt: the source of frequencies and usual values.
    until
        When learning ended; null: at the last event that was learnt.

    Returns
    -------
    `rtml.schema.FINDINGS` with ``actor``, one per detector, type, user, object and 5 minutes. An
    alarm always has its finding.
    """
    events = _responsible(alarms, surprises)
    if events.is_empty():
        return empty(FINDINGS)
    requests = call_types(calls).collect()
    events = events.join(_facts(requests), on=_EVENT, how="left").with_columns(slot_of("window"))
    nobody = pl.lit(None, pl.Int64)  # what stands for a tree here names no process
    placed, keys = by_actor(events.with_columns(actor="container_id", process_id=nobody))
    reasons = _reasons(placed, baseline, period(baseline, until))
    parts = [
        named(
            aggregate(
                rows.unique(_EVENT, maintain_order=True),
                reasons.filter(pl.col("detector") == detector),
                "model",
                detector,
            ),
            keys,
        )
        for (detector,), rows in placed.partition_by("detector", as_dict=True, maintain_order=True).items()
    ]
    return pl.concat([empty(FINDINGS), *parts]).sort("first_seen", "finding_id")


def _responsible(alarms: pl.DataFrame, surprises: pl.DataFrame) -> pl.DataFrame:
    """Return the surprising pairs of the requests that carry the alarm."""
    micro = (pl.col("bits") * _SCALE).round().cast(pl.Int64)
    raised = alarms.select(*_CELL, "detector", "score", "p_value")
    named = surprises.with_columns(process_id="root_id")
    inside = named.join(raised, on=_CELL, nulls_equal=True).with_columns(micro=micro)
    inside = inside.with_columns(count=pl.lit(1, pl.Int64))
    request_micro = pl.col("micro").sum().over("detector", *_CELL, *_EVENT)
    window_micro = pl.col("micro").sum().over("detector", *_CELL)
    great = inside.with_columns(request_micro=request_micro, window_micro=window_micro).with_columns(
        top=pl.col("request_micro").max().over("detector", *_CELL)
    )
    return (
        great.filter(
            (pl.col("request_micro") >= pl.col("window_micro") * MATERIAL)
            | (pl.col("request_micro") == pl.col("top"))
        )
        .with_columns(weight=pl.col("request_micro") / _SCALE)
        .sort("detector", "time", *_EVENT, "conditional", "key")
    )


def _facts(calls: pl.DataFrame) -> pl.DataFrame:
    name = pl.concat_str("object_namespace", "object_name", separator="/", ignore_nulls=True)
    text = ["account", "cluster", "namespace", "pod", "service_account", "image"]
    return calls.select(
        *_EVENT,
        "type",
        "severity",
        "techniques",
        *(pl.col(column).cast(pl.String) for column in text),
        workload=pl.col("pod_workload").replace("-", None),
        target=name,
        title="call",
    )


def _reasons(events: pl.DataFrame, baseline: Baseline, span: tuple[Any, Any]) -> pl.DataFrame:
    """Say of each surprising pair what its profile is and what it was compared with."""
    pairs = events.filter(pl.col("micro") > 0)
    sentences = pl.Series(
        [_sentence(row, baseline, span) for row in pairs.iter_rows(named=True)], dtype=pl.String
    )
    unit = ["detector", "container_id", "slot", "type"]
    unit_micro = pl.col("micro").sum().over(unit)
    return pairs.with_columns(feature=sentences).select(
        *unit,
        "feature",
        process_id=pl.lit(None, pl.Int64),
        value="bits",
        usual=pl.lit(None, pl.Float64),
        share=pl.col("micro") / unit_micro,
    )


def _sentence(row: Mapping[str, Any], baseline: Baseline, span: tuple[Any, Any]) -> str:
    profile, observed = PROFILES[row["conditional"]]
    counts, owner = baseline.of(row["conditional"]), row["actor"]
    if profile == "workload":
        parts = [row["namespace"] or "-", row["workload"] or "-"]
        counts, owner = counts.filter(pl.col("subject") == SEPARATOR.join(parts)), "/".join(parts)
    else:
        counts = counts.filter(pl.col("workload") == owner)
    seen = int(counts.filter(pl.col("key") == row["key"])["count"].sum())
    begun, ended = (f"{at:%Y-%m-%d}" if at else "?" for at in span)
    key, owner = visible(str(row["key"]), 80), visible(owner, 60)
    return (
        f"{profile} {owner}: {observed} {key} {frequency(seen, span)} ({seen} in {begun} … {ended});"
        f" usual: {usual(counts)}"
    )
