"""Attack sequences: several tactics against one thing within a day, as one finding.

The procedure, with its parameters in ``sequences.yml``:

1. *Signals* are findings of rules and of models that stand for a tactic (`rtml.findings.sequences.signals`).
   Archived findings are none.
2. Signals are *linked* by what they are about (`rtml.findings.sequences.links`).
3. Of all spans of 24 hours that begin with a signal, each linked group takes the one with the most
   tactics (then the most types, the most signals, the earliest). Signals that hold together inside
   of it and show at least two tactics by at least two types, in at least two acts (two rules
   that match one event are one act), are a sequence. They are taken away,
   and the rest is looked at again. So no two signals of a sequence are further apart than that.

The result does not depend on the order of findings, nor on how they are spread over files.
"""

from __future__ import annotations

import polars as pl

from rtml.asof import asof
from rtml.container_ids import merged, renamed
from rtml.findings.levels import LEVELS
from rtml.findings.sequences.links import components, keys_of
from rtml.findings.sequences.signals import (
    HOST_SEQUENCE_TYPE,
    SEQUENCE_TYPE,
    Parameters,
    parameters,
    signals_of,
)
from rtml.findings.sequences.spans import with_span_counts
from rtml.findings.unit import MOST_EVIDENCE, stable_id
from rtml.schema import FINDINGS, IDENTITY, conform
from rtml.text import visible

__all__ = ["MOST_SIGNALS", "SEQUENCES", "SEVERITY", "correlate"]

SEVERITY = LEVELS["critical"]
"""Critical: GuardDuty's band that single findings never reach."""

MOST_SIGNALS = 100
"""Signals that a sequence lists, in order of time; ``count`` counts all."""

_UTC = pl.Datetime("ns", "UTC")
_SIGNAL = pl.Struct(
    {
        "finding_id": pl.String(),
        "tactic": pl.String(),
        "type": pl.String(),
        "source": pl.String(),
        "severity": pl.Float64(),
        "first_seen": _UTC,
        "last_seen": _UTC,
        "title": pl.String(),
    }
)
_STAGE = pl.Struct({"tactic": pl.String(), "first_seen": _UTC, "signals": pl.Int64()})
SEQUENCES = pl.Schema(
    {
        **FINDINGS,
        "stages": pl.List(_STAGE),
        "signals": pl.List(_SIGNAL),
        "actors": pl.List(pl.String),
        "resources": pl.List(pl.String),
    }
)
"""A finding and what it is made of: stages in order, signals in order, who and what."""


def correlate(findings: pl.DataFrame, settings: Parameters | None = None) -> pl.DataFrame:
    """Find attack sequences.

    Parameters
    ----------
    findings
        `rtml.schema.FINDINGS` of rules and models, of audit and runtime events; not the archived.
    settings
        Default: those that come with rtml.

    Returns
    -------
    `SEQUENCES`, sorted by ``first_seen`` and ``finding_id``. Columns that say where are filled
    where all signals agree. Ids of one container are one (`rtml.container_ids`).
    Fails when sensors name one pod differently, or only one of them its
    cluster: nothing is then seen as the same.
    """
    settings = settings or parameters()
    containers = merged(findings["container_id"].drop_nulls().unique()).ids
    signals = signals_of(renamed(findings, containers), settings)
    keys = keys_of(signals, settings)
    pool = signals.select("finding_id", "first_seen", "tactic", "type", act=_act()).join(
        components(keys, settings, []), on="finding_id"
    )
    sequences = []
    while not (spans := _best_spans(pool, settings)).is_empty():
        inside = _within(pool, spans)
        good = _holding(inside, keys, settings)
        sequences.append(good)
        failed = spans.join(inside.join(good, on="finding_id"), on="span", how="anti")
        begun = pool.join(failed, left_on=["group", "first_seen"], right_on=["group", "start"], how="semi")
        spent = pl.concat([good.select("finding_id"), begun.select("finding_id")])
        pool = pool.join(spent, on="finding_id", how="anti")
    members = pl.concat([pl.DataFrame(schema={"finding_id": pl.String, "sequence": pl.String}), *sequences])
    return _described(signals.join(members, on="finding_id"), settings)


def _act() -> pl.Expr:
    """Name the event that a finding shows first: two rules that match one event are one act."""
    shown = pl.col("evidence").list.first()
    event = pl.format("{} {}", shown.struct.field("seq"), shown.struct.field("host"))
    return pl.coalesce(event, "finding_id")


_COUNTED = {"tactic": "tactics", "type": "types", "act": "acts"}


def _counts() -> list[pl.Expr]:
    return [pl.col(column).n_unique().alias(name) for column, name in _COUNTED.items()]


def _enough(settings: Parameters) -> pl.Expr:
    least = {"tactics": settings.least_tactics, "types": settings.least_types, "acts": settings.least_acts}
    return pl.all_horizontal(pl.col(name) >= number for name, number in least.items())


def _best_spans(pool: pl.DataFrame, settings: Parameters) -> pl.DataFrame:
    """Return ``span``, ``group``, ``start``, ``end`` of the spans to take now.

    A span that is better than every other that it shares time with is taken before those, whatever is
    taken elsewhere: what is taken makes no other span better. So all such spans are taken at once.
    """
    counts = with_span_counts(pool, settings.window, _COUNTED)
    order = ["tactics", "types", "n", "first_seen"]
    ranked = (
        counts.filter(_enough(settings))
        .unique(["group", "first_seen"], keep="first")
        .sort(*order, "group", descending=[True, True, True, False, False])
        .with_row_index("span")
        .select("span", "group", start="first_seen")
        .sort("group", "start")
    )
    best = ranked.rolling(
        "start", period=settings.window * 2, offset=f"-{settings.window}", closed="both", group_by="group"
    ).agg(pl.col("span").min().alias("best"))
    first = ranked.join(best, on=["group", "start"]).filter(pl.col("span") == pl.col("best"))
    return first.select("span", "group", "start", end=pl.col("start").dt.offset_by(settings.window))


def _within(pool: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Return the signals of each span; no two spans of a group share time."""
    placed = asof(
        pool.sort("first_seen"), spans.sort("start"), left_on="first_seen", right_on="start", by="group"
    )
    return placed.filter(pl.col("first_seen") <= pl.col("end"))


def _holding(inside: pl.DataFrame, keys: pl.DataFrame, settings: Parameters) -> pl.DataFrame:
    """Return ``finding_id`` and ``sequence`` of what holds together within its span."""
    placed = keys.join(inside.select("finding_id", "span"), on="finding_id")
    joined = components(placed, settings, ["span"]).rename({"group": "sequence"})
    rows = inside.join(joined, on="finding_id")
    counts = rows.group_by("sequence").agg(_counts())
    return rows.join(counts.filter(_enough(settings)), on="sequence").select("finding_id", "sequence")


def _described(members: pl.DataFrame, settings: Parameters) -> pl.DataFrame:
    """Make the finding of each sequence of its members."""
    rank = {tactic: i for i, tactic in enumerate(settings.stages)}
    order = pl.col("tactic").replace_strict(rank, default=len(rank), return_dtype=pl.Int64)
    rows = members.with_columns(order=order).sort("first_seen", "order", "finding_id")
    sequences = rows.group_by("sequence", maintain_order=True).agg(*_agreed(), **_summary())
    sequences = sequences.join(_stages(rows), on="sequence").with_columns(
        source=pl.lit("rule"),
        detector=pl.lit("sequence"),
        type=pl.when("_cluster").then(pl.lit(SEQUENCE_TYPE)).otherwise(pl.lit(HOST_SEQUENCE_TYPE)),
        severity=pl.lit(SEVERITY),
    )
    return conform(_named(sequences), SEQUENCES).sort("first_seen", "finding_id")


def _agreed() -> list[pl.Expr]:
    """Say where and who, as far as all members agree."""
    return [
        pl.when(pl.col(name).drop_nulls().n_unique() == 1).then(pl.col(name).drop_nulls().first()).alias(name)
        for name in (*IDENTITY, "actor")
    ]


def _summary() -> dict[str, pl.Expr]:
    """Sum up the members of a sequence, which are in order of time."""
    kubernetes = pl.any_horizontal(pl.col("pod", "namespace", "cluster", "actor").is_not_null())
    return {
        "_cluster": kubernetes.any(),
        "first_seen": pl.col("first_seen").min(),
        "last_seen": pl.coalesce("last_seen", "first_seen").max(),
        "count": pl.len().cast(pl.Int64),
        "score": pl.col("tactic").n_unique().cast(pl.Float64),
        "techniques": pl.col("techniques").explode().drop_nulls().unique().sort(),
        "evidence": pl.col("evidence").list.head(5).explode().drop_nulls().head(MOST_EVIDENCE),
        "contributions": pl.struct(
            feature=pl.format("{}: {} [{}]", "tactic", "type", "finding_id"),
            value="severity",
            usual=pl.lit(None, pl.Float64),
            share=1.0 / pl.len(),
        ).head(MOST_SIGNALS),
        "signals": pl.struct(*(field.name for field in _SIGNAL.fields)).head(MOST_SIGNALS),
        "actors": pl.col("actor").drop_nulls().unique().sort().head(MOST_SIGNALS),
        "resources": _resource().drop_nulls().unique().sort().head(MOST_SIGNALS),
        "ids": pl.col("finding_id").sort(),
    }


def _resource() -> pl.Expr:
    """Name what a signal is about: its pod, else workload, container, host."""
    pod = pl.concat_str(
        pl.lit("pod"), pl.concat_str("namespace", "pod", separator="/", ignore_nulls=True), separator=" "
    )
    workload = pl.concat_str(
        pl.lit("workload"),
        pl.concat_str("namespace", "workload", separator="/", ignore_nulls=True),
        separator=" ",
    )
    return (
        pl.when(pl.col("pod").is_not_null())
        .then(pod)
        .when(pl.col("container_id").is_not_null())
        .then("container " + pl.col("container_id"))
        .when(pl.col("workload").is_not_null())
        .then(workload)
        .when(pl.col("actor").is_null())
        .then("host " + pl.col("host"))
    )


def _stages(rows: pl.DataFrame) -> pl.DataFrame:
    stages = rows.group_by("sequence", "tactic", "order").agg(
        pl.col("first_seen").min(), signals=pl.len().cast(pl.Int64)
    )
    ordered = stages.sort("first_seen", "order").group_by("sequence", maintain_order=True)
    return ordered.agg(stages=pl.struct("tactic", "first_seen", "signals"))


def _named(sequences: pl.DataFrame) -> pl.DataFrame:
    """Add id and title; a loop over sequences."""
    rows = sequences.select("ids", "stages", "actors", "resources", "count").iter_rows(named=True)
    ids, titles = [], []
    for row in rows:
        ids.append(stable_id(SEQUENCE_TYPE, *row["ids"]))
        about = [*row["resources"], *row["actors"]]
        more = f" and {len(about) - 1} more" if len(about) > 1 else ""
        steps = " → ".join(stage["tactic"] for stage in row["stages"])
        what = visible(about[0], 120) if about else "unknown"
        titles.append(f"{what}{more}: {steps} ({row['count']} findings)")
    return sequences.with_columns(
        finding_id=pl.Series(ids, dtype=pl.String), title=pl.Series(titles, dtype=pl.String)
    )
