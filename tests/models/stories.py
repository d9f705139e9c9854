"""Stories of a shop that are told as they come, and who follows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures import Capture
from rtml.models import Model
from rtml.models.watching import DRIFT
from tests.models.conftest import attack_again, learnt, minute, shop
from tests.models.test_changes import NEW, attack, release, replica, rollout

HOLD, BEGIN, LAST = "10m", 30, 50
KEY = ["detector", "container_id", "window", "process_id"]
ALIKE = [one for n in (1, 2, 3) for one in attack(f"web-{n}", 33 + 2 * n)]


def slow() -> list[dict[str, Any]]:
    """Return a roll-out whose replicas follow each other more slowly than the hold."""
    pods = (("web-7", 32), ("web-8", 46))
    return [one for n, at in pods for one in [*replica(n, at, LAST, NEW), *release(n, at)]]


STORIES: dict[str, tuple[list[dict[str, Any]], int]] = {
    "nothing": ([], 0),
    "roll-out": (rollout(), 1),
    "attack during a roll-out": ([*rollout(), *attack("web-7", 36.2, NEW)], 1),
    "the same attack in three replicas": (ALIKE, 1),
    "attacks that go on": ([one for n in (33, 34, 41, 48) for one in attack_again("web-1", n)], 0),
    "a slow roll-out": (slow(), 1),
}
"""Events, and how many workloads change."""


def three_replicas(place: Path) -> Path:
    """Keep a model of a shop whose web has three replicas."""
    model = learnt(shop(place / "c", *replica("web-3", last=BEGIN), until=BEGIN))
    return model.save(place / "model")


def shop_with(place: Path, story: str) -> Capture:
    return shop(place / "c", *replica("web-3", last=LAST), *STORIES[story][0], until=LAST)


def cuts(seconds: float) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    step, at = dt.timedelta(seconds=seconds), minute(BEGIN)
    while at < minute(LAST):
        yield at, at + step
        at += step


class Follower:
    """Who follows a stream: the findings as they stand, the last word on every tree."""

    def __init__(self, model: Model, capture: Capture) -> None:
        self.model, self.capture = model, capture
        self.findings: pl.DataFrame | None = None
        self._scores: list[pl.DataFrame] = []
        self.drift = DRIFT.to_frame()

    def take(self, start: dt.datetime, end: dt.datetime, **more: Any) -> pl.DataFrame:
        scored = self.model.stream(self.capture, start=start, end=end, **more)
        self._scores.append(scored.tree_scores)
        self.drift = pl.concat([self.drift, scored.drift])
        self.findings = scored.onto(self.findings)
        return self.findings

    def flush(self) -> pl.DataFrame:
        scored = self.model.flush()
        self._scores.append(scored.tree_scores)
        self.drift = pl.concat([self.drift, scored.drift])
        self.findings = scored.onto(self.findings)
        return self.findings

    @property
    def scores(self) -> pl.DataFrame:
        return pl.concat(self._scores).unique(KEY, keep="last", maintain_order=True).sort(KEY)
