"""Who drifts: the watches of all peer groups, what they have seen, and what is near when they tell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from rtml.models.calibration import Calibration
from rtml.models.drift import LEVEL, Watch
from rtml.models.explaining.changes import great
from rtml.peers import peer_groups
from rtml.reading.state import State
from rtml.schema import COMBINED
from rtml.text import SEPARATOR, visible
from rtml.times import UTC_NS, Window, instant

__all__ = ["DRIFT", "NEAR", "BLOCK", "COUNTED", "WatchState", "Watching", "caused", "drifting", "sentence"]

DRIFT = pl.Schema(
    {
        "detector": pl.String(),
        "peers": pl.String(),
        "since": UTC_NS,
        "noticed": UTC_NS,
        "evidence": pl.Float64(),
        "changed": UTC_NS,
        "cause": pl.String(),
    }
)
"""Peer groups whose scores are no more like calibration: ``evidence`` is the capital of a martingale (to 1),
``changed`` when the workload took something up, if it did; see `rtml.models.drift`."""

NEAR = dt.timedelta(hours=1)
"""How long before drift began a change of the workload may lie to be its cause."""

BLOCK = Window.of("30m")
"""Trees of so much time are taken in random order: replicas that do a task at the same time are no drift."""

_PLACE = ["container_id", "window", "process_id"]
_TREE = ["container_id", "process_id", "block"]
COUNTED = pl.Schema(
    {
        "detector": pl.String(),
        "container_id": pl.String(),
        "process_id": pl.Int64(),
        "block": UTC_NS,
        "window": UTC_NS,
        "peers": pl.String(),
        "score": pl.Float64(),
        "alarm": pl.Boolean(),
        "u": pl.Float64(),
        "seen": pl.Boolean(),
    }
)


class WatchState(State):
    """One watch as JSON."""

    bag: list[float]
    capital: list[float]
    level: float
    lowest: float
    since: str | None

    @classmethod
    def of(cls, watch: Watch) -> WatchState:
        """Return a watch as it is kept."""
        since = None if watch.since is None else watch.since.isoformat()
        return cls(bag=watch.bag, capital=watch.capital, level=watch.level, lowest=watch.lowest, since=since)

    def watch(self) -> Watch:
        """Return the watch that was kept."""
        since = None if self.since is None else dt.datetime.fromisoformat(self.since)
        return Watch(sorted(self.bag), self.capital, self.level, self.lowest, since)


@dataclass
class Watching:
    """The watches of a model's peer groups, by label and group.

    Parameters
    ----------
    watches
        By label and peer group (`SEPARATOR` between them).
    counted
        Trees of the blocks that are open, with their scores (`COUNTED`); ``seen``: by a watch, or not to be
        counted.
    """

    watches: dict[str, Watch] = field(default_factory=dict)
    counted: pl.DataFrame = field(default_factory=COUNTED.to_frame)

    def take(
        self,
        scores: pl.DataFrame,
        trees: pl.DataFrame,
        calibrations: Mapping[str, Calibration],
        until: dt.datetime | None = None,
    ) -> pl.DataFrame:
        """Take settled scores into account, block by block; return the drift that is noticed (`DRIFT`).

        Parameters
        ----------
        scores
            `TREE_SCORES`; of them the combination's, or those of all detectors where there is none.
        trees
            Features of the trees, for their peer groups.
        calibrations
            By label: what the watches begin with.
        until
            All before it is settled: blocks that end later wait. None: the last do not wait either.
        """
        labels = [COMBINED] if COMBINED in calibrations else list(calibrations)
        groups = trees.select(*_PLACE, peers=pl.Series(peer_groups(trees), dtype=pl.String))
        ours = scores.filter(pl.col("detector").is_in(labels)).drop_nulls("score")
        self._count(ours.join(groups, on=_PLACE, how="inner", nulls_equal=True, maintain_order="left"))
        ended = pl.lit(True) if until is None else pl.col("block") + BLOCK.span <= instant(until)
        due = self.counted.filter(ended, ~pl.col("seen")).sort("block", "u", "detector", "container_id")
        latest = pl.col("block").max()
        self.counted = self.counted.with_columns(seen=pl.col("seen") | ended).filter(
            ~pl.col("seen") | (pl.col("block") == latest)
        )
        parts = due.partition_by("detector", "block", "peers", maintain_order=True)
        told = [row for part in parts for row in self._seen(part, calibrations)]
        table = pl.DataFrame(told, schema=list(DRIFT.items())[:5], orient="row")
        return table.sort("noticed", "peers", "detector").with_columns(
            changed=pl.lit(None, UTC_NS), cause=pl.lit(None, pl.String)
        )

    def _seen(
        self, block: pl.DataFrame, calibrations: Mapping[str, Calibration]
    ) -> Iterator[tuple[str, str, dt.datetime, dt.datetime, float]]:
        """Show a block of one group to its watch; yield what it notices."""
        label, group = block["detector"][0], block["peers"][0]
        name, calibration = SEPARATOR.join((label, group)), calibrations[label]
        if name not in self.watches:
            self.watches[name] = Watch(calibration.kept(group), level=LEVEL / max(len(calibration.groups), 1))
        begun, last = block.select(first=pl.col("window").min(), last=pl.col("window").max()).row(0)
        told = False
        for score, u in block.select("score", "u").iter_rows():
            if told:  # what the new watch knows at first
                self.watches[name].know(score)
            elif noticed := self.watches[name].see(score, u, begun):
                told = True
                yield label, group, noticed.since, last, noticed.evidence

    def _count(self, rows: pl.DataFrame) -> None:
        """Count of each tree its first score in a block, of each container one tree that alarms."""
        names = pl.struct("detector", "container_id", "process_id", "window")
        blocks = rows.with_columns(
            BLOCK.start("window").alias("block"), u=(names.hash(seed=0) % 2**32 + 0.5) / 2**32
        ).sort("window", "container_id", "process_id", "detector")
        first = blocks.unique(["detector", *_TREE], keep="first", maintain_order=True)
        known = {"on": ["detector", *_TREE], "nulls_equal": True, "maintain_order": "left"}
        new = first.join(self.counted, how="anti", **known)  # type: ignore[arg-type]
        place = ["detector", "container_id", "block"]
        told = self.counted.filter("alarm").select(place).unique().with_columns(_told=True)
        nth = pl.col("alarm").cast(pl.Int64).cum_sum().over(place)
        marked = new.join(told, on=place, how="left", maintain_order="left").with_columns(_nth=nth)
        again = pl.col("alarm") & ((pl.col("_nth") > 1) | pl.col("_told").fill_null(False))
        columns = [pl.col(name).cast(kind) for name, kind in COUNTED.items()]
        self.counted = pl.concat([self.counted, marked.with_columns(seen=again).select(columns)])


def caused(drift: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    """Say what drift lies near to: ``changed`` and ``cause``.

    Parameters
    ----------
    drift
        `DRIFT`.
    shared
        What workloads took up together (`rtml.models.explaining.changes.folded`); may have no column.
    """
    if drift.is_empty():
        return drift
    if shared.width:
        taken = great(shared).group_by("peers", "conditional", "key", "context").agg(pl.col("since").min())
        near = drift.join(taken.select("peers", _at="since"), on="peers").filter(
            pl.col("_at").is_between(pl.col("since") - NEAR, pl.col("noticed"))
        )
        first = near.group_by("detector", "peers", "noticed").agg(_changed=pl.col("_at").min())
        drift = drift.join(first, on=["detector", "peers", "noticed"], how="left", maintain_order="left")
        drift = drift.with_columns(changed=pl.coalesce("changed", "_changed")).drop("_changed")
    changed = pl.format("workload changed at {}", pl.col("changed").dt.strftime("%H:%M"))
    return drift.with_columns(cause=changed.fill_null("no roll-out seen: calibrate again"))


def drifting(drift: pl.DataFrame) -> list[str]:
    """Return `DRIFT` in words, one sentence per peer group and time."""
    return [sentence(row) for row in drift.iter_rows(named=True)]


def sentence(row: Mapping[str, Any]) -> str:
    """Return one row of `DRIFT` in words.

    Examples
    --------
    >>> at = dt.datetime(2026, 1, 1, 10, 31, tzinfo=dt.UTC)
    >>> sentence({"detector": "combined", "peers": "web", "since": at, "noticed": at + NEAR,
    ...           "evidence": 234.6, "cause": "workload changed at 10:31"})
    'web drifts since 2026-01-01 10:31 (noticed at 11:31 by combined, 235 to 1): workload changed at 10:31'
    """
    return (
        f"{visible(str(row['peers']))} drifts since {row['since']:%Y-%m-%d %H:%M} (noticed at"
        f" {row['noticed']:%H:%M} by {row['detector']}, {row['evidence']:,.0f} to 1): {row['cause']}"
    )
