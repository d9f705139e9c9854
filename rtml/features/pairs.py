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

_PEERS = ["workload", "image", "repository"]
_CODE = ["group", "pair"]


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
    """

    rows: pl.DataFrame
    names: pl.DataFrame


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


def _cells(source: Source, selection: Selection) -> pl.DataFrame:
    chosen = selection(source.events, source.processes).with_columns(source.window)
    grouped = chosen.group_by(*CELL, *selection.by).agg(HITS.sum().alias("hits"))
    return grouped.collect(engine="streaming")


def _grouped(source: Source) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the peer group of every container as a code, and what the codes stand for."""
    peers = source.peers.with_columns(pl.col("container_id").cast(pl.Categorical()))
    groups = peers.select(_PEERS).unique().with_row_index("group")
    coded = peers.join(groups, on=_PEERS, nulls_equal=True).select("container_id", "group")
    return coded, groups


def _scored(cells: pl.DataFrame, source: Source, conditional: Conditional, baseline: Baseline) -> Pairs:
    coded, texts = with_text(cells.drop("hits"), conditional)
    containers, groups = _grouped(source)
    rows = coded.lazy().unique().join(containers.lazy(), on="container_id").collect()
    names = rows.select(_CODE).unique().join(texts, on="pair").join(groups, on="group")
    scored = baseline.surprise(conditional, names)
    return Pairs(rows.join(scored.select(*_CODE, "bits", "known", "seen"), on=_CODE), scored)


def gather(source: Source, conditionals: Iterable[Conditional], baseline: Baseline) -> Material:
    """Reduce the events of a source for some conditionals, and score their pairs."""
    wanted = list(conditionals)
    reduced = {each.selection: None for each in wanted}
    by_selection = {selection: _cells(source, selection) for selection in reduced}
    cells = {each.name: by_selection[each.selection] for each in wanted}
    counted = [] if baseline.empty else wanted
    pairs = {each.name: _scored(cells[each.name], source, each, baseline) for each in counted}
    return Material(source, baseline, cells, pairs)
