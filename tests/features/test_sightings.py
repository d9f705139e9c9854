"""Sightings on disk, whatever they are parted into, give what all of them give at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from rtml.features.sightings import FRESH, TAKEN, Sighted

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOSTILE = ["../x", "", "a\nb", "\x1b[2J", "é" * 300, None]


def seen(key: str, containers: str, subject: str | None = None, minute: int = 0) -> list[dict[str, object]]:
    at = AT + dt.timedelta(minutes=minute)
    row = {"conditional": "f.x", "peers": "web", "subject": subject, "key": key, "window": at}
    return [{**row, "container_id": container} for container in containers]


def alive() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {"container_id": c, "peers": "web", "last": AT + dt.timedelta(hours=2), "new_image": False}
            for c in "abcdef"
        ],
        schema_overrides={"last": pl.Datetime("ns", "UTC")},
    )


@pytest.mark.parametrize("parts", [1, 2, 7, 64])
def test_parts_do_not_matter(tmp_path: Path, parts: int):
    batches = [
        [*seen("together", "ab"), *seen("alone", "a"), *seen("two", "ab")],
        [*seen("together", "c", minute=5), *seen("far", "a"), *seen("alone", "a", minute=9)],
        [*seen("far", "bc", minute=90), *(row for text in HOSTILE for row in seen("k", "abc", text))],
    ]
    sighted = Sighted(tmp_path, parts)
    for rows in batches:
        sighted.add(pl.DataFrame(rows, FRESH))
    taken = sighted.taken(alive())
    assert taken.schema == TAKEN
    found = sorted(taken.select("key", "subject").rows(), key=str)
    # Three of six are half of those that are alive, also hours apart; two never are.
    assert found == sorted([("together", None), ("far", None), *(("k", text) for text in HOSTILE)], key=str)


def test_nothing_was_seen(tmp_path: Path):
    sighted = Sighted(tmp_path, 3)
    sighted.add(FRESH.to_frame())
    assert sighted.taken(alive()).equals(TAKEN.to_frame())
    assert not list(tmp_path.iterdir())
