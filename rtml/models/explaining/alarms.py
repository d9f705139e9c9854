"""From alarming trees to findings: who did it, what was surprising, and the events that show it.

An alarm says "this process tree, this minute". Alarms of one tree that follow each other within `SPELL` are
one finding, however many windows they span, and so are trees that alarm for the same reason (`alike`); what
the workload has just shown is listed, not told again (`repeats`). What shows it are the tree's surprising
events: those beyond its peers first, and where it has none the ones that its peers share.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from rtml.features import EVENT_SURPRISES
from rtml.findings.unit import CONTRIBUTIONS, EVIDENCE, UNIT, aggregate, slot_of
from rtml.models.explaining.alike import merged, spells
from rtml.models.explaining.known import with_known
from rtml.models.explaining.repeats import listed, repeats_of
from rtml.models.explaining.severity import severity_of
from rtml.models.explaining.titles import titles_of
from rtml.models.explaining.types import model_type
from rtml.models.explaining.wording import compared
from rtml.schema import FINDINGS, IDENTITY, conform, empty
from rtml.times import MINUTE, Length, Window

__all__ = ["ALARMS", "SPELL", "explain"]

SPELL = "1h"
"""Alarms of one tree that are at most so far apart are one finding."""

_UTC = pl.Datetime("ns", "UTC")
ALARMS = pl.Schema(
    {
        "container_id": pl.String(),
        "window": _UTC,
        "process_id": pl.Int64(),
        "detector": pl.String(),
        "score": pl.Float64(),
        "p_value": pl.Float64(),
        "margin": pl.Float64(),
        "limit": pl.Float64(),
    }
)
"""Alarming trees; identity columns may stand beside and are carried into the findings."""

_TREE = ["container_id", "window", "process_id"]
_ROOT = ["container_id", "slot", "process_id"]
_PAIR = ["family", "conditional", "key", "context"]
_SCALE = 2**20


def explain(
    alarms: pl.DataFrame,
    surprises: pl.DataFrame,
    processes: pl.DataFrame,
    contributions: pl.DataFrame | None = None,
    every: Length = MINUTE,
    counterfactuals: pl.DataFrame | None = None,
    maturity: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Turn alarming trees into findings.

    Parameters
    ----------
    alarms
        Columns of `ALARMS`, of one detector or several, plus any identity columns. A null ``process_id``
        stands for what no process is known of; without that column an alarm is about the tree of its
        container and window that carries most bits.
    surprises
        `rtml.features.surprises`: one row per event that surprised, with its ``bits``.
    processes
        Process images of the capture, for the chain in the title.
    contributions
        The detector's own explanation: ``container_id, window, process_id, feature, value, usual, share``.
        Where given they are the finding's contributions and name its family; else the surprises do.
    every
        Length of a window: how long an alarm without any event lasts.
    counterfactuals
        `rtml.models.explaining.counterfactual`; a finding has that of its highest-scored tree.
    maturity
        `rtml.models.explaining.known.KNOWN`: what a group that is hardly known does for the first time is
        less grave, and its findings say so.

    Returns
    -------
    `rtml.schema.FINDINGS`. An alarm without any surprising event stays a finding, with no evidence: an
    alarm is never dropped.
    """
    wanted: dict[str, Any] = {**dict.fromkeys(IDENTITY, pl.String), **ALARMS}
    surprises = conform(surprises, EVENT_SURPRISES).with_columns(pl.col("shared").fill_null(False))
    if "process_id" not in alarms.columns:
        alarms = alarms.join(_greatest(surprises), on=["container_id", "window"], how="left")
    rows = conform(alarms, pl.Schema(wanted)).with_columns(until=pl.col("window") + Window.of(every).span)
    if counterfactuals is None:
        counterfactuals = rows.select(_TREE).clear().with_columns(counterfactual=pl.lit(None, pl.String))
    rows = rows.join(counterfactuals, on=_TREE, how="left", nulls_equal=True, maintain_order="left")
    parts = [
        _of_detector(part, surprises, processes, contributions, maturity)
        for part in rows.partition_by("detector", maintain_order=True)
    ]
    return pl.concat([empty(FINDINGS), *parts]).sort("first_seen", "finding_id")


def _greatest(surprises: pl.DataFrame) -> pl.DataFrame:
    """Return per container and window the tree that carries most bits; of equals the first by number."""
    micro = (pl.col("bits") * _SCALE).round().cast(pl.Int64)
    cell = ["container_id", "window"]
    pairs = surprises.group_by(*cell, "root_id", *_PAIR).agg(micro=micro.max())
    sums = pairs.group_by(*cell, process_id="root_id").agg(pl.col("micro").sum())
    ordered = sums.sort("micro", "process_id", descending=[True, False], nulls_last=True)
    return ordered.unique(cell, keep="first", maintain_order=True).drop("micro")


def _of_detector(
    alarms: pl.DataFrame,
    surprises: pl.DataFrame,
    processes: pl.DataFrame,
    contributions: pl.DataFrame | None,
    maturity: pl.DataFrame | None,
) -> pl.DataFrame:
    alarms = alarms.sort("score", descending=True, nulls_last=True).unique(
        _TREE, keep="first", maintain_order=True
    )
    repeats = repeats_of(alarms, surprises, SPELL)
    told = alarms.join(repeats, on=_TREE, how="anti", nulls_equal=True, maintain_order="left")
    apart = _shown(_in_spells(told), surprises)
    joined = merged(apart.with_columns(tree="process_id"), SPELL)
    expecting = with_known(joined, maturity, "family").drop("maturity")
    events = expecting.with_columns(severity=severity_of(_ROOT, "expected")).drop("expected")
    explained = None if contributions is None else _explained(events, contributions)
    reasons = _reasons(events) if explained is None else explained
    typed = events.join(_families(reasons), on=_ROOT, how="left", nulls_equal=True).with_columns(
        type=pl.col("top").fill_null("").replace_strict(_types(reasons), return_dtype=pl.String)
    )
    typed = with_known(typed, maturity, "top").drop("expected")
    # The title shows the greatest surprise; of the family that the detector named, if it named one.
    headline = typed if explained is not None else typed.with_columns(top=pl.lit(None, pl.String))
    titled = typed.join(titles_of(headline, processes), on=_ROOT, how="left", nulls_equal=True)
    several = pl.format("{}; {} trees alike", "title", "trees")
    titled = titled.with_columns(title=pl.when(pl.col("trees") > 1).then(several).otherwise("title"))
    titled = _with_repeats(titled, listed(repeats, joined))
    kinds = titled.select(*UNIT).unique()
    placed = reasons.join(kinds, on=_ROOT, how="inner", nulls_equal=True)
    worst = _worst(events).select(*_ROOT, "counterfactual")
    best = titled.drop("counterfactual").join(worst, on=_ROOT, how="left", nulls_equal=True)
    found = aggregate(conform(best, EVIDENCE), conform(placed, CONTRIBUTIONS), "model", alarms["detector"][0])
    said = [compared(reasons) for reasons in found["contributions"].to_list()]
    return found.with_columns(compared=pl.Series(said, dtype=pl.String))


def _with_repeats(titled: pl.DataFrame, again: pl.DataFrame) -> pl.DataFrame:
    """Add ``again``, and say in the title how often it came back."""
    rows = titled.join(again, on=_ROOT, how="left", nulls_equal=True, maintain_order="left")
    said = pl.format("{}; again ×{}", "title", "repeats")
    return rows.with_columns(title=pl.when(pl.col("repeats") > 0).then(said).otherwise("title"))


def _types(reasons: pl.DataFrame) -> dict[str, str]:
    families = reasons["family"].drop_nulls().unique().to_list()
    return {"": model_type(None), **{family: model_type(family) for family in families}}


def _in_spells(alarms: pl.DataFrame) -> pl.DataFrame:
    """Add ``slot``: the slot in which the spell of alarms begins that an alarm belongs to."""
    tree = ["container_id", "process_id"]
    ordered = alarms.sort(*tree, "window", nulls_last=True)
    numbered = ordered.with_columns(_spell=spells("window", tree, SPELL))
    first = numbered.with_columns(_first=pl.col("window").min().over("_spell"))
    return first.with_columns(slot_of("_first")).drop("_spell", "_first")


def _shown(alarms: pl.DataFrame, surprises: pl.DataFrame) -> pl.DataFrame:
    """Return the surprising events of the alarming trees; a tree without any keeps a bare row."""
    events = (
        surprises.filter(pl.col("bits") > 0)
        .sort("shared", "time", "host", "seq")
        .rename({"host": "_host", "process_id": "process"})
        .rename({"root_id": "process_id"})
        .unique([*_TREE, *_PAIR], keep="first", maintain_order=True)
    )
    inside = alarms.join(events, on=_TREE, how="left", nulls_equal=True, maintain_order="left_right")
    own = (~pl.col("shared")).fill_null(False)
    inside = inside.with_columns(_any_own=own.any().over(_ROOT))
    inside = inside.filter(own | ~pl.col("_any_own"))
    bare = pl.col("seq").is_null()
    return inside.with_columns(
        host=pl.coalesce("_host", "host"),
        weight="bits",
        count=pl.when(~bare).then(1),
        until=pl.when(bare).then("until"),
        time=pl.coalesce("time", "window"),
    )


def _reasons(events: pl.DataFrame) -> pl.DataFrame:
    """Each surprising pair with its bits and its share of the unit's bits."""
    micro = (pl.col("bits") * _SCALE).round().cast(pl.Int64)
    pairs = events.drop_nulls("seq").group_by(*_ROOT, *_PAIR).agg(micro=micro.max())
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
    said = contributions.rename({"process_id": "tree"})
    family = pl.when(pl.col("feature").str.contains(".", literal=True)).then(
        pl.col("feature").str.split(".").list.first()
    )
    joined = _worst(events).join(said, on=["container_id", "window", "tree"], how="inner", nulls_equal=True)
    return joined.with_columns(family=family)


def _worst(events: pl.DataFrame) -> pl.DataFrame:
    """Return the highest-scored tree and window of each unit, and what it need not have done."""
    return (
        events.sort(["score", "window", "tree"], descending=[True, False, False], nulls_last=True)
        .unique(_ROOT, keep="first", maintain_order=True)
        .select(*_ROOT, "window", "tree", "counterfactual")
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
