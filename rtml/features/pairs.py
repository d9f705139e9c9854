"""What features are made from: events reduced to distinct cells, and their scored pairs.

Strings are touched once per distinct combination of raw columns, surprise is worked out once per
distinct pair and peer group; the many rows in between are integers. So the cost of names and of
history follows variety, not load. The features of a family's own come from the same cells, so that
the events are read once per selection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from rtml.baselines import Baseline, Conditional, Selection
from rtml.baselines.coding import with_text
from rtml.baselines.counting import HITS
from rtml.features.source import Source

__all__ = ["CELL", "Material", "Pairs", "gather"]

CELL = ["container_id", "window"]
"""What a row of features is about."""

_PEERS = ["workload", "image", "repository", "peers"]
_CODE = ["group", "pair"]
_PROCESS = ["host", "process_id"]


@dataclass(frozen=True)
class Pairs:
    """The scored pairs of one conditional.

    Parameters
    ----------
    rows
        ``container_id``, ``window``, ``group``, ``pair``, ``bits`` (1/1024), ``known``, ``seen``:
        one row per window and distinct pair.
    names
        What the codes stand for: ``group`` (peer columns), ``pair`` (``subject``, ``key``), and the
        same three results.
    events
        One row per window, process and raw columns: ``group``, ``pair``, ``host``, ``process_id``, and
        ``time`` and ``seq`` of the first such event. None where nobody asked for events.
    """

    rows: pl.DataFrame
    names: pl.DataFrame
    events: pl.DataFrame | None = None


@dataclass(frozen=True)
class Material:
    """All that a family makes its features from.

    Parameters
    ----------
    source, baseline
        The events and the history.
    cells
        By name of conditional: its events reduced to distinct ``container_id``, ``window`` and raw
        columns, with ``hits`` (how often).
    pairs
        By name of conditional: its scored pairs. Empty without a history.
    """

    source: Source
    baseline: Baseline
    cells: Mapping[str, pl.DataFrame]
    pairs: Mapping[str, Pairs]


def _cells(source: Source, selection: Selection, detailed: bool) -> pl.DataFrame:
    """Reduce the events of a selection to distinct cells; detailed ones keep process and first event."""
    chosen = selection(source.events, source.processes).with_columns(source.window)
    if not detailed:
        grouped = chosen.group_by(*CELL, *selection.by).agg(HITS.sum().alias("hits"))
        return grouped.collect(engine="streaming")
    earliest = pl.col("seq").filter(pl.col("time") == pl.col("time").min()).min()
    grouped = chosen.group_by(*CELL, *_PROCESS, *selection.by).agg(
        HITS.sum().alias("hits"), earliest, pl.col("time").min()
    )
    return grouped.collect(engine="streaming")


def _plain(cells: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    """Leave out what detailed cells know of processes and events."""
    if "seq" not in cells.columns:
        return cells
    return cells.group_by(*CELL, *selection.by).agg(pl.col("hits").sum())


def _grouped(source: Source) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the peer group of every container as a code, and what the codes stand for."""
    peers = source.peers.with_columns(pl.col("container_id").cast(pl.Categorical()))
    groups = peers.select(_PEERS).unique().with_row_index("group")
    coded = peers.join(groups, on=_PEERS, nulls_equal=True).select("container_id", "group")
    return coded, groups


def _scored(cells: pl.DataFrame, source: Source, conditional: Conditional, baseline: Baseline) -> Pairs:
    coded, texts = with_text(cells.drop("hits"), conditional)
    containers, groups = _grouped(source)
    placed = coded.join(containers, on="container_id")
    rows = placed.select(*CELL, *_CODE).unique()
    names = rows.select(_CODE).unique().join(texts, on="pair").join(groups, on="group")
    scored = baseline.surprise(conditional, names)
    results = scored.select(*_CODE, "bits", "known", "seen")
    return Pairs(rows.join(results, on=_CODE), scored, placed if "seq" in placed.columns else None)


def gather(
    source: Source, conditionals: Iterable[Conditional], baseline: Baseline, *, detailed: bool = False
) -> Material:
    """Reduce the events of a source for some conditionals, and score their pairs.

    Parameters
    ----------
    detailed
        Also keep which process had a pair first, and in which event (`Pairs.events`): the events are
        read no more often for it, but cells are as many as processes.
    """
    wanted = list(conditionals)
    selections = {conditional.selection: None for conditional in wanted}
    reduced = {selection: _cells(source, selection, detailed) for selection in selections}
    cells = {
        conditional.name: _plain(reduced[conditional.selection], conditional.selection)
        for conditional in wanted
    }
    counted = [] if baseline.empty else wanted
    pairs = {
        conditional.name: _scored(reduced[conditional.selection], source, conditional, baseline)
        for conditional in counted
    }
    return Material(source, baseline, cells, pairs)
