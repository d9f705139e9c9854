"""The ground that mistakes are planted in: a small world with a known truth. It tests no detector.

Eight containers, four hours; in each a service that always works, a job every ten minutes in a process tree
of its own, and twelve attacks. Honest sides find most of them and are wrong once or twice.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console

from rtml.evaluation import Ledger, Side, Track, build_ledger, in_capture, make_track
from rtml.evaluation.activity import activity
from rtml.report.terminal import ledger_view
from rtml.schema import FINDINGS, LABELS, conform
from rtml.times import UTC_NS

__all__ = ["BEGIN", "CONTAINERS", "MINUTES", "Ground", "at", "finding", "printed"]

_MINUTE = dt.timedelta(minutes=1)

BEGIN = dt.datetime(2026, 1, 5, 8, tzinfo=dt.UTC)
CONTAINERS = [f"c{number}" for number in range(8)]
MINUTES = 240
_ATTACKS = [(number % 6, 12 + 18 * number) for number in range(12)]
_LASTING = 1.3
_SEEDS = 4
"""Draws of the random side: no mistake hangs on its width, and a hundred ledgers are made."""


def at(minutes: float) -> dt.datetime:
    """Return a moment of the small world, to the odd microsecond: nothing real happens on the second."""
    return BEGIN + dt.timedelta(minutes=minutes, microseconds=137)


def _utc(minutes: Iterable[float]) -> pl.Series:
    return pl.Series([at(minute) for minute in minutes], dtype=pl.Datetime("us", "UTC")).cast(UTC_NS)


def finding(container: str | None, first: float, last: float | None = None, **more: Any) -> pl.DataFrame:
    """Return one finding; times in minutes since the beginning."""
    row = {
        "finding_id": f"{container}-{first}",
        "source": "model",
        "detector": "m",
        "type": "Execution:Runtime/Test",
        "severity": 5.0,
        "container_id": container,
        "first_seen": at(first),
        "last_seen": at(first if last is None else last),
        "count": 1,
    }
    return conform(
        pl.DataFrame([row | more], infer_schema_length=None, schema_overrides={"container_id": pl.String}),
        FINDINGS,
    )


def _workload(name: str) -> str:
    """Two containers are replicas of each other; the pause container is nobody's."""
    return f"w{CONTAINERS.index(name) // 2}" if name in CONTAINERS else "infrastructure"


@dataclass(frozen=True)
class Ground:
    """The small world; ``seed`` moves its noise."""

    seed: int = 0

    @cached_property
    def events(self) -> pl.DataFrame:
        """Events of services, jobs and attacks: ``host, seq, time, container_id, process_id, kind``."""
        rows = [
            (name, minute + 0.2, 1000 * c + 7)
            for c, name in enumerate(CONTAINERS)
            for minute in range(MINUTES)
        ]
        rows += [
            (name, 10 * n + 3 + s / 10, self.job(c, n))
            for c, name in enumerate(CONTAINERS)
            for n in range(MINUTES // 10)
            for s in range(3)
        ]
        rows += [
            (CONTAINERS[c], minute + s / 4, self.root(n))
            for n, (c, minute) in enumerate(_ATTACKS)
            for s in range(6)
        ]
        table = pl.DataFrame(rows, schema=["container_id", "minute", "process_id"], orient="row").sort(
            "minute", "process_id"
        )
        return table.select(
            pl.lit("h").alias("host"),
            pl.int_range(pl.len()).alias("seq"),
            _utc(table["minute"]).alias("time"),
            "container_id",
            "process_id",
            pl.lit("exec").alias("kind"),
        )

    @staticmethod
    def job(container: int, number: int) -> int:
        """Return the process of a job."""
        return 1000 * container + 100 + number

    @staticmethod
    def root(number: int) -> int:
        """Return the root process of an attack."""
        return 90_000 + number

    @cached_property
    def processes(self) -> pl.DataFrame:
        """One row per process, its own root; its life is that of its events."""
        lives = self.events.group_by("process_id").agg(
            pl.col("container_id").first(), started=pl.col("time").min(), until=pl.col("time").max()
        )
        own = lives.with_columns(parent_id=pl.lit(1, pl.Int64), root_id="process_id")
        return own.sort("process_id")

    @cached_property
    def labels(self) -> pl.DataFrame:
        """Twelve attacks that were replayed."""
        rows = [
            {
                "attack_id": f"a{n:02}",
                "name": f"attack {n}",
                "technique": f"T10{n:02}",
                "host": "h",
                "container_id": CONTAINERS[c],
                "start": at(minute - 0.002),
                "end": at(minute + _LASTING),
                "process_id": self.root(n),
                "provenance": "replay",
            }
            for n, (c, minute) in enumerate(_ATTACKS)
        ]
        return conform(pl.DataFrame(rows), LABELS)

    @cached_property
    def windows(self) -> pl.DataFrame:
        """Every container and minute."""
        names = [name for name in CONTAINERS for _ in range(MINUTES)]
        starts = pl.Series([BEGIN + minute * _MINUTE for _ in CONTAINERS for minute in range(MINUTES)]).cast(
            UTC_NS
        )
        about = {
            "workload": [_workload(name) for name in names],
            "host": "h",
            "image": "base:1",
            "complete": True,
        }
        return pl.DataFrame({"container_id": names, "window": starts, **about})

    @cached_property
    def roles(self) -> pl.DataFrame:
        """The containers of the capture, one of them of the infrastructure."""
        roles = ["workload"] * len(CONTAINERS) + ["infrastructure"]
        names = [*CONTAINERS, "pause"]
        workloads = [_workload(name) for name in names]
        return pl.DataFrame({"container_id": names, "role": roles, "workload": workloads})

    def scores(self, bump: float = 2.0) -> pl.DataFrame:
        """Return noise, and more where an attack is."""
        draws = np.random.default_rng(self.seed).random(self.windows.height)
        target = self.track().windows["target"].fill_null(0).to_numpy()
        return self.windows.select("container_id", "window", score=pl.Series(draws + bump * target))

    def shown(self, process: int, **more: Any) -> pl.DataFrame:
        """Return an honest finding about a process: its events, its times."""
        rows = self.events.filter(pl.col("process_id") == process).sort("time")
        minutes = [(moment - at(0)).total_seconds() / 60 for moment in rows["time"][[0, -1]]]
        evidence = [{"host": "h", "seq": seq} for seq in rows["seq"][:50]]
        return finding(rows["container_id"][0], *minutes, process_id=process, evidence=evidence, **more)

    def honest(
        self, attacks: Sequence[int], jobs: Sequence[tuple[int, int]] = (), **more: Any
    ) -> pl.DataFrame:
        """Return findings about attacks, and wrong ones about jobs."""
        made = [self.shown(self.root(n), **more) for n in attacks]
        return pl.concat([*made, *(self.shown(self.job(c, n), **more) for c, n in jobs)])

    @property
    def rules(self) -> Side:
        """Rules that find nine attacks and are wrong once."""
        found = self.honest(range(9), [(7, 3)], source="rule", detector="rules")
        return Side("rules, tuned", "rules", found, fitted_until=BEGIN)

    @property
    def model(self) -> Side:
        """A model that finds eleven and is never wrong, at one a day."""
        found = self.honest(range(1, 12))
        return Side("m", "model", found, self.scores(), fitted_until=BEGIN, asked=1.0, calibrated=0.8)

    @property
    def rival(self) -> Side:
        """The simple rival: six attacks, wrong twice."""
        return Side("first seen", "rival", self.honest(range(6), [(6, 2), (7, 5)], source="rule"))

    def track(self, labels: pl.DataFrame | None = None, **more: Any) -> Track:
        """Return the track; labels are held against the capture as a run does."""
        given = self.labels if labels is None else labels
        whole = (at(0), at(MINUTES))
        kept, _ = in_capture(given, [*CONTAINERS, "pause"], self.processes, whole, ["pause"])
        usual: dict[str, Any] = {
            "test": (BEGIN, BEGIN + MINUTES * _MINUTE),
            "active": activity(self.events, self.processes, _MINUTE),
            "containers": self.roles,
        }
        windows = more.pop("windows", self.windows)
        return make_track(windows, kept, self.processes, self.events, **usual | more)

    def ledger(self, *sides: Side, labels: pl.DataFrame | None = None, **more: Any) -> Ledger:
        """Judge sides beside honest rules and the rival."""
        others = more.pop("beside", [self.rules, self.rival])
        told = {name: more.pop(name) for name in ("features", "suspicions") if name in more}
        return build_ledger([*others, *sides], self.track(labels, **more), seeds=_SEEDS, **told)

    @cached_property
    def honestly(self) -> str:
        """What a terminal shows of the honest model's ledger."""
        return printed(self.ledger(self.model))


def printed(ledger: Ledger) -> str:
    """Return what a wide terminal shows of a ledger."""
    console = Console(width=400, record=True, file=io.StringIO())
    console.print(ledger_view(ledger))
    return console.export_text()
