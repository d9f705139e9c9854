"""The distinct pairs of context and key in each window, and how surprising each one is.

Strings are touched once per distinct combination of raw columns, surprise is worked out once per
distinct pair and peer group; the many rows in between are integers. So the cost of names and of
history follows variety, not load.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from rtml.baselines import Baseline, Conditional
from rtml.features.source import Source

__all__ = ["CELL", "Pairs", "find_pairs", "with_text"]

CELL = ["container_id", "window"]
"""What a row of features is about."""

_PEERS = ["workload", "image", "repository"]
_CODE = ["group", "pair"]


@dataclass(frozen=True)
class Pairs:
    """The pairs of one conditional.

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


def with_text(cells: pl.DataFrame, conditional: Conditional) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replace the raw columns of cells by a code, and return what the codes stand for.

    Returns
    -------
    ``cells`` with ``pair`` instead of the conditional's columns ``by`` (rows without a key are
    gone), and a table of ``pair``, ``subject``, ``key``.
    """
    by = list(conditional.by)
    shapes = cells.lazy().select(by).unique().with_row_index("_shape").collect()
    named = conditional.named(shapes.lazy()).collect()
    texts = named.select("subject", "key").unique().with_row_index("pair")
    codes = named.join(texts, on=["subject", "key"], nulls_equal=True).select("_shape", "pair")
    coded = shapes.join(codes, on="_shape").drop("_shape")
    return cells.join(coded, on=by, nulls_equal=True).drop(by), texts


def _grouped(source: Source) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the peer group of every container as a code, and what the codes stand for."""
    peers = source.peers.with_columns(pl.col("container_id").cast(pl.Categorical()))
    groups = peers.select(_PEERS).unique().with_row_index("group")
    coded = peers.join(groups, on=_PEERS, nulls_equal=True).select("container_id", "group")
    return coded, groups


def find_pairs(source: Source, conditional: Conditional, baseline: Baseline) -> Pairs:
    """Find and score the distinct pairs of a conditional in every window of a source."""
    chosen = conditional.select(source.events, source.processes).with_columns(source.window)
    cells = chosen.select(*CELL, *conditional.by).unique().collect(engine="streaming")
    coded, texts = with_text(cells, conditional)
    containers, groups = _grouped(source)
    rows = coded.lazy().unique().join(containers.lazy(), on="container_id").collect()
    names = rows.select(_CODE).unique().join(texts, on="pair").join(groups, on="group")
    scored = baseline.surprise(conditional, names)
    found = rows.join(scored.select(*_CODE, "bits", "known", "seen"), on=_CODE)
    return Pairs(found, scored)
