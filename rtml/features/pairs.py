"""What features are made from: events reduced to distinct cells, and their scored pairs.

Strings are touched once per distinct combination of raw columns, surprise is worked out once per
distinct pair and peer group; the many rows in between are integers. So the cost of names and of
history follows variety, not load. The features of a family's own come from the same cells, so that
the events are read once per selection.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Protocol

import polars as pl

from rtml.baselines import Baseline, Conditional, Selection
from rtml.baselines.coding import shaped, with_text
from rtml.baselines.counting import HITS
from rtml.features.moments import moment, with_seq
from rtml.features.shared import new_images, shared_pairs
from rtml.features.source import Source
from rtml.times import span

__all__ = ["CELL", "Material", "Pairs", "TakenUp", "gather"]

CELL = ["container_id", "window", "root_id"]
"""What a row of features is about: a tree in a window; ``root_id`` is 0 where rows are of containers."""

_CODE = ["group", "pair"]
_PROCESS = ["host", "process_id"]


class TakenUp(Protocol):
    """Who knows what workloads take up: `rtml.features.following.Following`, for streams."""

    @property
    def hold(self) -> dt.timedelta:
        """How far ahead it looks."""

    def taken_up(self, conditional: str, rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
        """Return ``group``, ``pair``, ``since`` of what is taken up."""


@dataclass(frozen=True)
class Pairs:
    """The scored pairs of one conditional.

    Parameters
    ----------
    rows
        `CELL`, ``group``, ``pair``, ``code`` (both as one number: joins by it cost a third), ``bits``
        (1/1024), ``known``, ``seen``, ``shared``: one row per cell and distinct pair.
    names
        What the codes stand for: ``group`` (peer columns), ``pair`` (``subject``, ``key``; ``lone``: one
        combination of raw columns makes it), and the same four results.
    events
        One row per cell, process and raw columns: ``group``, ``pair``, ``host``, ``process_id``, and
        ``time`` and ``seq`` of the first such event. None where nobody asked for events.
    alike
        Results are those of ``names`` in every row: they do not differ from window to window.
    """

    rows: pl.DataFrame
    names: pl.DataFrame
    events: pl.DataFrame | None = None
    alike: bool = False


@dataclass(frozen=True)
class Material:
    """All that a family makes its features from.

    Parameters
    ----------
    source, baseline
        The events and the history.
    cells
        By name of conditional: its events reduced to distinct `CELL` and raw columns, with ``hits``
        (how often).
    pairs
        By name of conditional: its scored pairs. Empty without a history.
    """

    source: Source
    baseline: Baseline
    cells: Mapping[str, pl.DataFrame]
    pairs: Mapping[str, Pairs]


def _cells(source: Source, selection: Selection, detailed: bool) -> pl.DataFrame:
    """Reduce the events of a selection to distinct cells; detailed ones keep process and first event."""
    chosen = source.looked_at(selection(source.events, source.processes))
    kept = [HITS.sum().alias("hits")]
    if detailed:
        kept += [moment().min(), pl.col("time").min()]
    process = _PROCESS if detailed or source.unit == "tree" else []
    grouped = chosen.group_by("container_id", "window", *process, *selection.by).agg(kept)
    cells = source.rooted(grouped.collect(engine="streaming"))
    if detailed:
        cells = with_seq(cells)
    return cells if detailed or not process else _plain(cells, selection)


def _plain(cells: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    """Leave out what cells know of processes and events."""
    if "process_id" not in cells.columns:
        return cells
    return cells.group_by(*CELL, *selection.by).agg(pl.col("hits").sum())


def _scored(
    cells: pl.DataFrame, shapes: pl.DataFrame, source: Source, conditional: Conditional, baseline: Baseline
) -> Pairs:
    coded, texts = with_text(cells, shapes, conditional)
    containers, groups = source.groups
    code = pl.col("group").cast(pl.UInt64) * 2**32 + pl.col("pair")
    placed = coded.join(containers, on="container_id").with_columns(code=code)
    rows = placed.select(*CELL, "code").unique()
    codes = (
        rows.select("code")
        .unique()
        .with_columns(
            group=(pl.col("code") // 2**32).cast(groups.schema["group"]),
            pair=(pl.col("code") % 2**32).cast(texts.schema["pair"]),
        )
    )
    names = codes.join(texts, on="pair").join(groups, on="group")
    scored = baseline.surprise(conditional, names)
    results = scored.select("code", *_CODE, "bits", "known", "seen")
    rows = rows.join(results, on="code").with_columns(shared=pl.lit(False))
    if source.lossy.height:
        rows = _unsure_of_the_program(rows, scored, source, conditional, baseline)
    events = placed if "seq" in placed.columns else None
    return Pairs(rows, scored.with_columns(shared=pl.lit(False)), events, alike=not source.lossy.height)


def _unsure_of_the_program(
    rows: pl.DataFrame, names: pl.DataFrame, source: Source, conditional: Conditional, baseline: Baseline
) -> pl.DataFrame:
    """Take the bits without the program in windows that lost events, where they are fewer.

    When the event of an exec is lost, what the new program does seems to be done by the old one.
    """
    place = source.lossy.with_columns(pl.col("container_id").cast(pl.Categorical()), _lossy=pl.lit(True))
    marked = rows.join(place, on=["container_id", "window"], how="left")
    codes = marked.filter("_lossy").select(_CODE).unique()
    wanted = names.drop("bits", "known", "seen").join(codes, on=_CODE)
    bare = baseline.surprise(_without_program(conditional), wanted)
    fewer = marked.join(bare.select(*_CODE, _bits="bits", _seen="seen"), on=_CODE, how="left")
    lossy = pl.col("_lossy").fill_null(False)
    return fewer.with_columns(
        bits=pl.when(lossy).then(pl.min_horizontal("bits", "_bits")).otherwise("bits"),
        seen=pl.when(lossy).then(pl.col("seen") | pl.col("_seen")).otherwise("seen"),
    ).drop("_lossy", "_bits", "_seen")


@cache
def _without_program(conditional: Conditional) -> Conditional:
    """Return the same one each time: what was learnt of it is made once."""
    return replace(conditional, levels=tuple(level for level in conditional.levels if not level.parts))


def _beyond_peers(pairs: Pairs, active: pl.DataFrame) -> Pairs:
    """Mark the pairs that several replicas show for the first time together."""
    rows = pairs.rows.with_columns(pl.col("container_id").cast(pl.String))
    together = shared_pairs(rows, pairs.names, active)
    groups = pairs.names.select("group", "peers").unique()
    codes = groups.join(together, on="peers").select(*_CODE)
    if codes.is_empty():
        return pairs
    numbers = pairs.names.join(codes, on=_CODE, how="semi").select("code", _shared=pl.lit(True))
    fresh = pl.col("_shared").fill_null(False) & ~pl.col("seen")
    marked, names = (
        table.join(numbers, on="code", how="left").with_columns(shared=fresh).drop("_shared")
        for table in (pairs.rows, pairs.names)
    )
    return replace(pairs, rows=marked, names=names)


def _held(pairs: Pairs, conditional: str, following: TakenUp) -> Pairs:
    """Mark the pairs of windows that the workload had taken up by the end of the hold after them."""
    rows = pairs.rows.with_columns(pl.col("container_id").cast(pl.String))
    since = following.taken_up(conditional, rows, pairs.names)
    taken = (pl.col("since") <= pl.col("window") + span(following.hold)).fill_null(False)
    if since.is_empty():
        return pairs
    dated = pairs.rows.join(since, on=_CODE, how="left", maintain_order="left")
    return replace(pairs, rows=dated.with_columns(shared=taken & ~pl.col("seen")).drop("since"), alike=False)


def _active(source: Source, baseline: Baseline) -> pl.DataFrame:
    """Return when each container was last active, and whether its image is new to its peer group."""
    last = source.volume.group_by("container_id").agg(last=pl.col("window").max())
    return new_images(source.peers, baseline.population()).join(last, on="container_id")


def gather(
    source: Source,
    conditionals: Iterable[Conditional],
    baseline: Baseline,
    *,
    detailed: bool = False,
    beyond_peers: bool = False,
    following: TakenUp | None = None,
) -> Material:
    """Reduce the events of a source for some conditionals, and score their pairs.

    Parameters
    ----------
    detailed
        Also keep which process had a pair first, and in which event (`Pairs.events`): the events are
        read no more often for it, but cells are as many as processes.
    beyond_peers
        Mark the pairs that several replicas take up together (`rtml.features.shared`), over all time of
        the source: for batches.
    following
        Mark them by what came before and within a hold (`rtml.features.following`): for streams.
    """
    wanted = list(conditionals)
    selections = {conditional.selection: None for conditional in wanted}
    reduced = {selection: _cells(source, selection, detailed) for selection in selections}
    cells = {
        conditional.name: _plain(reduced[conditional.selection], conditional.selection)
        for conditional in wanted
    }
    counted = [] if baseline.empty else wanted
    shapes = {one.selection: shaped(reduced[one.selection].drop("hits"), one.selection.by) for one in counted}
    pairs = {
        conditional.name: _scored(*shapes[conditional.selection], source, conditional, baseline)
        for conditional in counted
    }
    if following is not None:
        pairs = {name: _held(scored, name, following) for name, scored in pairs.items()}
    elif beyond_peers:
        active = _active(source, baseline)
        pairs = {name: _beyond_peers(scored, active) for name, scored in pairs.items()}
    return Material(source, baseline, cells, pairs)
