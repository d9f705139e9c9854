"""Features of a source that is too large for memory: read in pieces of time, the same bit for bit.

What replicas take up together is known by looking at all of the time (`rtml.features.shared`), so containers
that have peers are read twice: first for what is new in them, then for the features. What a family compares
with earlier events is handed on from piece to piece (`rtml.features.recalled`).

Fails for a family that looks back and recalls nothing: its source cannot be cut (`can_be_cut`).
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import polars as pl

from rtml.baselines import Baseline
from rtml.features.contract import Family
from rtml.features.held import columns_of, held
from rtml.features.pairs import Pairs, gather
from rtml.features.recalled import Recalled
from rtml.features.shared import new_images
from rtml.features.sightings import FRESH, PAIR, TAKEN, Sighted
from rtml.features.source import Source
from rtml.features.windows import assemble_with_surprises
from rtml.schema import empty
from rtml.times import UTC_NS

__all__ = ["assemble_in_blocks", "can_be_cut"]

T = TypeVar("T")
Opened = Callable[[], Source]
_BEGUN = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def can_be_cut(families: Mapping[str, Family]) -> bool:
    """Say whether what families look back to is handed on."""
    selections = [one.selection for family in families.values() for one in family.conditionals]
    return all(selection.recall is not None for selection in selections if selection.looks_back)


def assemble_in_blocks(
    opened: Opened,
    baseline: Baseline,
    families: Mapping[str, Family],
    edges: Sequence[dt.datetime],
    passed: Callable[[float], None] = lambda _: None,
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield trees and surprises (`rtml.features.windows.assemble_with_surprises`) by pieces, in no order.

    Parameters
    ----------
    opened
        Opens the source that features are made of, anew for each piece: as long as a lazy table lives, Polars
        keeps every text that was ever read through it (145 bytes each, measured).
    baseline, families
        The history, and the features.
    edges
        Rising: the begin of the first piece, where one ends and the next begins (between windows), the end of
        the last. Events outside are not read; each piece is held in memory (`rtml.features.held`).
    passed
        Called with the share of the work that is done, after each piece of either reading.
    """
    if len(edges) < 3:
        part = opened().between(edges[0], edges[-1])
        yield assemble_with_surprises(part, baseline, families, beyond_peers=True, ordered=False)
        return
    crowd = _crowd(opened().peers)
    steps = (2 if len(crowd) else 1) * (len(edges) - 1)
    done = (number / steps for number in range(1, steps + 1))
    told, among = _Foretold(empty(TAKEN)), partial(_among, opened, crowd)
    if len(crowd):
        told = _foretold(among, baseline, families, edges, lambda: passed(next(done)))

    def assembled(block: Source) -> tuple[pl.DataFrame, pl.DataFrame]:
        return assemble_with_surprises(block, baseline, families, following=told, ordered=False)

    for tables in _of_blocks(assembled, opened, families, edges):
        passed(next(done))
        yield tables


def _of_blocks(
    made: Callable[[Source], T], opened: Opened, families: Mapping[str, Family], edges: Sequence[dt.datetime]
) -> Iterator[T]:
    """Yield what is made of each piece, behind earlier events that it is compared with (`Source.since`)."""
    selections = {one.selection: None for family in families.values() for one in family.conditionals}
    columns = columns_of(families)
    with tempfile.TemporaryDirectory(prefix="rtml-recalled-") as scratch:
        recalled = Recalled(Path(scratch), selections, columns)
        for begin, end in zip(edges, edges[1:], strict=False):
            # Nothing of a piece has a name here, so nothing of it is alive while the next is read.
            yield made(_piece(opened().between(begin, end), columns, recalled, begin))


def _piece(source: Source, columns: Sequence[str], recalled: Recalled, begin: dt.datetime) -> Source:
    own = held(source, columns)
    piece = replace(own, events=recalled.with_earlier(own), since=begin)
    recalled.add(own)
    return piece


@dataclass(frozen=True)
class _Foretold:
    """What workloads take up at any time: stands in for `rtml.features.following.Following`."""

    taken: pl.DataFrame
    hold: dt.timedelta = field(default=dt.timedelta())

    def taken_up(self, conditional: str, rows: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
        """Return ``group``, ``pair``, ``since`` of the pairs that are shared: since ever."""
        ours = self.taken.filter(pl.col("conditional") == conditional).select(PAIR)
        met = names.join(ours, on=PAIR, how="semi", nulls_equal=True).select("group", "pair").unique()
        return met.with_columns(since=pl.lit(_BEGUN, UTC_NS))


def _foretold(
    opened: Opened,
    baseline: Baseline,
    families: Mapping[str, Family],
    edges: Sequence[dt.datetime],
    passed: Callable[[], None],
) -> _Foretold:
    conditionals = [one for family in families.values() for one in family.conditionals]

    def new(block: Source) -> tuple[list[pl.DataFrame], pl.DataFrame]:
        pairs = gather(block, conditionals, baseline).pairs
        last = block.volume.group_by("container_id").agg(last=pl.col("window").max())
        return [_fresh(name, scored) for name, scored in pairs.items()], last

    active = []
    with tempfile.TemporaryDirectory(prefix="rtml-sightings-") as scratch:
        sighted = Sighted(Path(scratch), len(edges) - 1)
        for sightings, last in _of_blocks(new, opened, families, edges):
            for rows in sightings:
                sighted.add(rows)
            active.append(last)
            passed()
        last = pl.concat(active).group_by("container_id").agg(pl.col("last").max())
        alive = new_images(opened().peers, baseline.population()).join(last, on="container_id")
        return _Foretold(sighted.taken(alive))


def _crowd(peers: pl.DataFrame) -> pl.Series:
    """Return the containers that have peers: nobody takes something up together with itself."""
    groups = peers.group_by("peers").agg("container_id")
    return groups.filter(pl.col("container_id").list.len() > 1)["container_id"].explode()


def _among(opened: Opened, containers: pl.Series) -> Source:
    """Open the source with the events of some of its containers."""
    source = opened()
    if containers.len() == source.identity.height:
        return source
    return replace(source, events=source.events.filter(pl.col("container_id").is_in(containers.to_list())))


def _fresh(conditional: str, pairs: Pairs) -> pl.DataFrame:
    """Return when containers first showed, within a piece, what their peers never had."""
    new = pairs.rows.filter(~pl.col("seen")).select("container_id", "window", "code")
    texts = pairs.names.select("code", *PAIR)
    named = new.join(texts, on="code").with_columns(conditional=pl.lit(conditional))
    return named.select(pl.col(name).cast(kind) for name, kind in FRESH.items())
