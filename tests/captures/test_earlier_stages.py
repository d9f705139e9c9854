"""Earlier stages of API calls, counted as they come, are as many as all of them at once say."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest

from rtml.captures.audit import AUDIT, earlier_stages, more_earlier_stages
from rtml.schema import conform

STAGES = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic", "Odd", None)
AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def calls(seed: int, number: int) -> pl.DataFrame:
    """Return calls whose ids, moments and callers are few, so that they meet in every way."""
    chance = random.Random(seed)

    def moment() -> dt.datetime | None:
        return None if chance.random() < 0.2 else AT + dt.timedelta(seconds=chance.randrange(4))

    rows = [
        {
            "host": chance.choice(["h", "i"]), "seq": n, "audit_id": chance.choice(["a", "b", None]),
            "stage": chance.choice(STAGES), "stage_time": moment(), "received": moment(),
            "verb": chance.choice(["get", None]), "username": chance.choice(["u", "v"]),
            "source_ips": chance.choice([None, ["1.1.1.1"], ["1.1.1.1", "2.2.2.2"]]),
        }
        for n in range(number)
    ]  # fmt: skip
    return conform(pl.DataFrame(rows, schema_overrides=AUDIT), AUDIT)


@pytest.mark.parametrize("seed", range(12))
def test_piece_by_piece_they_are_as_many_as_in_one_go(seed: int):
    rows = calls(seed, 160)
    before, count = AUDIT.to_frame(), 0
    for piece in (rows[:1], rows[1:30], rows[30:31], rows[31:120], rows[120:]):
        count += more_earlier_stages(before.lazy(), piece)
        before = pl.concat([before, piece])
        assert count == earlier_stages(before.lazy())
    assert 0 < count < rows.height
