"""From alarming windows to findings: who did it, what was surprising, and the events that show it.

An alarm says "this container, this minute". Its surprise is split over the lineage roots that were
active. As in the window's score, a surprising pair counts once per window: it belongs to the root
that showed it first. A root gets a finding of its own when it carries at least `MATERIAL` of the
window's bits beyond chance (a pair's bits less ``log2`` of the window's pairs: of a hundred pairs
one is rare), or when it shows a pair so new that it would stand `ALONE`; where none does, the
greatest one gets it. So an attack is not blamed on the service beside it, nor hidden by a louder
one, and ten helpers that all do the same are not ten findings.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from rtml.findings.unit import CONTRIBUTIONS, EVIDENCE, UNIT, aggregate, slot_of
from rtml.models.explaining.titles import titles_of
from rtml.models.explaining.types import model_type, severity
from rtml.schema import FINDINGS, IDENTITY, conform, empty
from rtml.times import MINUTE, Length, Window

__all__ = ["ALARMS", "ALONE", "MATERIAL", "explain"]

MATERIAL = 0.2
"""Share of a window's surprise from which a lineage root is held responsible for its alarm."""

ALONE = 8.0
"""Bits of a never seen pair, beyond what as many pairs as its root has bring by chance, from which
the root is held responsible whatever its share: less than one in two hundred."""

_UTC = pl.Datetime("ns", "UTC")
ALARMS = pl.Schema(
    {
        "container_id": pl.String(),
        "window": _UTC,
        "detector": pl.String(),
        "score": pl.Float64(),
        "p_value": pl.Float64(),
    }
)
"""Alarming windows; identity columns may stand beside and are carried into the findings."""

_CELL = ["container_id", "window"]
_ROOT = ["container_id", "slot", "process_id"]
_PAIR = ["family", "conditional", "key", "context"]
_SCALE = 2**20


def explain(
    alarms: pl.DataFrame,
    surprises: pl.DataFrame,
    processes: pl.DataFrame,
    contributions: pl.DataFrame | None = None,
    every: Length = MINUTE,
) -> pl.DataFrame:
    """Turn alarming windows into findings.

    Parameters
    ----------
    alarms
        Columns of `ALARMS`, of one detector or several, plus any identity columns.
    surprises
        `rtml.features.surprises`: one row per event that surprised, with its ``bits``.
    processes
        Process images of the capture, for the chain in the title.
    contributions
        The detector's own explanation: ``container_id, window, feature, value, usual, share``. Where
        given they are the finding's contributions and name its family; else the surprises do.
    every
        Length of a window: how long an alarm without any event lasts.

    Returns
    -------
    `rtml.schema.FINDINGS`. An alarm without any surprising event stays a finding, with no process
    and no evidence: an alarm is never dropped.
    """
    wanted: dict[str, Any] = {**dict.fromkeys(IDENTITY, pl.String), **ALARMS}
    rows = conform(alarms, pl.Schema(wanted)).with_columns(until=pl.col("window") + Window.of(every).span)
    parts = [
        _of_detector(part, surprises, processes, contributions)
        for part in rows.partition_by("detector", maintain_order=True)
    ]
    return pl.concat([empty(FINDINGS), *parts]).sort("first_seen", "finding_id")


def _of_detector(
    alarms: pl.DataFrame, surprises: pl.DataFrame, processes: pl.DataFrame, contributions: pl.DataFrame | None
) -> pl.DataFrame:
    alarms = alarms.sort("score", descending=True, nulls_last=True).unique(
        _CELL, keep="first", maintain_order=True
    )
    events = _responsible(alarms, surprises)
    explained = None if contributions is None else _explained(events, contributions)
    reasons = _reasons(events) if explained is None else explained
    typed = events.join(_families(reasons), on=_ROOT, how="left", nulls_equal=True).with_columns(
        type=pl.col("top").fill_null("").replace_strict(_types(reasons), return_dtype=pl.String)
    )
    # The title shows the greatest surprise; of the family that the detector named, if it named one.
    headline = typed if explained is not None else typed.with_columns(top=pl.lit(None, pl.String))
    titled = typed.join(titles_of(headline, processes), on=_ROOT, how="left", nulls_equal=True)
    kinds = titled.select(*UNIT).unique()
    placed = reasons.join(kinds, on=_ROOT, how="inner", nulls_equal=True)
    return aggregate(
        conform(titled, EVIDENCE), conform(placed, CONTRIBUTIONS), "model", alarms["detector"][0]
    )


def _types(reasons: pl.DataFrame) -> dict[str, str]:
    families = reasons["family"].drop_nulls().unique().to_list()
    return {"": model_type(None), **{family: model_type(family) for family in families}}


def _responsible(alarms: pl.DataFrame, surprises: pl.DataFrame) -> pl.DataFrame:
    """Return the surprising events of the alarming windows, of the roots that are responsible."""
    seen = (
        surprises.filter(pl.col("bits") > 0)
        .sort("time", "host", "seq")
        .unique([*_CELL, *_PAIR], keep="first", maintain_order=True)
        .rename({"host": "_host"})
    )
    inside = alarms.join(seen, on=_CELL, how="left", maintain_order="left_right")
    inside = inside.with_columns(host=pl.coalesce("_host", "host"))
    bare = pl.col("seq").is_null()
    return (
        _weighed(inside)
        .filter(_carries_alarm().fill_null(True))
        .with_columns(slot_of("window"), weight="bits", process="process_id")
        .with_columns(process_id="root_id", count=pl.when(~bare).then(1))
        .with_columns(
            until=pl.when(bare).then("until"),
            time=pl.coalesce("time", "window"),
            severity=severity(pl.col("p_value")),
        )
    )


def _weighed(inside: pl.DataFrame) -> pl.DataFrame:
    """Add what each root carries of its window: bits beyond chance, and the newest pair's.

    One window expression never holds another, Polars answers the inner one at random: what a later
    line looks at becomes a column first.
    """
    micro = (pl.col("bits") * _SCALE).round().cast(pl.Int64)
    chance = ((pl.len() + 1).log(2) * _SCALE).round().cast(pl.Int64).over(_CELL)
    inside = inside.with_columns(_beyond=(micro - chance).clip(0))
    inside = inside.with_columns(_any=pl.col("_beyond").sum().over(_CELL) > 0)
    # Where nothing lies beyond chance, all bits count.
    inside = inside.with_columns(_weight=pl.when("_any").then("_beyond").otherwise(micro))
    root = [*_CELL, "root_id"]
    return inside.with_columns(
        _window_weight=pl.col("_weight").sum().over(_CELL),
        _root_weight=pl.col("_weight").sum().over(root),
        _new=(pl.col("bits").filter(~pl.col("seen")).max() - pl.len().log(2)).over(root),
    )


def _carries_alarm() -> pl.Expr:
    """Say which rows are of a root that is held responsible; the greatest of a window always is."""
    # Of equal roots the first in time; comparisons with a null root must stay true or false.
    first = pl.col("root_id").sort_by("_root_weight", descending=True, maintain_order=True).first()
    greatest = pl.col("root_id").eq_missing(first.over(_CELL))
    alone = (pl.col("_new") >= ALONE).fill_null(False)
    return (pl.col("_root_weight") >= pl.col("_window_weight") * MATERIAL) | alone | greatest


def _reasons(events: pl.DataFrame) -> pl.DataFrame:
    """Each surprising pair with its bits and its share of the unit's bits."""
    micro = (pl.col("bits") * _SCALE).round().cast(pl.Int64)
    pairs = events.drop_nulls("seq").group_by(*_ROOT, *_PAIR).agg(micro=micro.sum())
    unit_micro = pl.col("micro").sum().over(_ROOT)
    return pairs.select(
        *_ROOT,
        "family",
        feature=pl.format("{}: {} given {}", "conditional", "key", "context"),
        value=pl.col("micro") / _SCALE,
        usual=pl.lit(None, pl.Float64),
        share=pl.when(unit_micro > 0).then(pl.col("micro") / unit_micro).otherwise(0.0),
    )


def _explained(events: pl.DataFrame, contributions: pl.DataFrame) -> pl.DataFrame:
    """Return the detector's own reasons, from the highest-scored window of each unit."""
    worst = (
        events.sort(["score", "window"], descending=[True, False], nulls_last=True)
        .unique(_ROOT, keep="first", maintain_order=True)
        .select(*_ROOT, "window")
    )
    return worst.join(contributions, on=_CELL, how="inner").with_columns(
        family=pl.col("feature").str.split(".").list.first()
    )


def _families(reasons: pl.DataFrame) -> pl.DataFrame:
    """Return the family with the greatest share per unit; ties go to the first by name."""
    share = (pl.col("share") * _SCALE).round().cast(pl.Int64)
    return (
        reasons.group_by(*_ROOT, "family")
        .agg(share=share.sum())
        .sort(["share", "family"], descending=[True, False])
        .unique(_ROOT, keep="first", maintain_order=True)
        .select(*_ROOT, top="family")
    )
