"""Every law of changed samples can be broken: a careless sensor for each, and one that holds them all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from rtml.captures.sensors import Reading, Sensor, Written
from rtml.captures.sensors.records import PROBLEM, Format, read_records
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.values import integer, said, small
from rtml.reading.content import opened
from rtml.testing import CHANGED_LAWS, check_sensor
from rtml.times import UTC_NS

FIELDS = {"at": "ts", "born": "born", "uid": "uid", "pid": "pid", "command": "command", "many": "many"}


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    rows = rows.with_columns(said(pl.col(pl.String)), time=when(pl.col("at")))
    count = integer(pl.col("many"))
    return rows.with_columns(
        pl.when(pl.col("time").is_null()).then(pl.lit("no time")).alias(PROBLEM),
        kind=pl.lit("exec"),
        host=pl.lit("h"),
        pid=small(pl.col("pid")),
        uid=small(pl.col("uid")),
        started=when(pl.col("born")),
        cmdline="command",
        count=pl.when(count > 0).then(count),
    )


def reads(events: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], Reading]:
    form = Format("toy", "a log of toys", (FIELDS,), claims=pl.col("at").is_not_null(), events=events)
    return lambda path: read_records(path, form)


TOY = Sensor("toy", reads(events_of), written=Written(aggregates=True))


def then(**columns: pl.Expr) -> Callable[[Path], Reading]:
    return reads(lambda rows: events_of(rows).with_columns(**columns))


def if_bytes(pattern: bytes, change: Callable[[Reading], Reading]) -> Callable[[Path], Reading]:
    def read(path: Path) -> Reading:
        with opened(path) as (stream, _):
            raw = stream.read()
        reading = TOY.read(path)
        return change(reading) if re.search(pattern, raw) else reading

    return read


def fewer(reading: Reading, most: int | None = None) -> Reading:
    events = reading.events.head(reading.events.height - 1 if most is None else most)
    return replace(reading, events=events, records=events.height + reading.rejects.height)


def once(path: Path) -> Reading:
    events = (reading := TOY.read(path)).events.unique(maintain_order=True)
    return replace(reading, events=events, records=events.height + reading.rejects.height)


def no_rejects(reading: Reading) -> Reading:
    return replace(reading, rejects=reading.rejects.clear(), records=reading.events.height)


def wrapping(path: Path) -> Reading:
    reading = TOY.read(path)
    if reading.events["uid"].null_count():
        raise OverflowError("int too large")
    return reading


BROKEN = {
    "spelling_changes_nothing": if_bytes(b"\r\n", fewer),
    "damage_stays_in_its_line": if_bytes(rb"Loading rules", lambda r: fewer(r, 1)),
    "a_cut_end_takes_one_line": if_bytes(rb"[^}\n]\Z", no_rejects),
    "doubled_and_moved_lines_lose_nothing": once,
    "a_bomb_is_told": if_bytes(rb"\n\n\n\n", no_rejects),
    "nothing_and_zero_are_told_apart": then(uid=pl.when(pl.col("uid") != 0).then("uid")),
    "a_time_is_that_time_in_every_unit": then(started=(integer(pl.col("born")) * 1_000_000).cast(UTC_NS)),
    "processes_begin_before_they_act": then(started=pl.lit(92_000_000_700).cast(UTC_NS)),
    "absurd_values_are_survived": wrapping,
    "command_lines_are_one_text": then(cmdline=pl.col("command").str.replace_all("'", "")),
    "processes_older_than_the_file_are_known_by_what_they_do": if_bytes(rb'\A(?!.*"pid": 1,)', fewer),
    "events_that_stand_for_several_say_so": then(count=integer(pl.col("many"))),
}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    rows = [
        {
            "ts": 1798761600 + n,
            "born": 1798761500000,
            "uid": 3 + n,
            "pid": n,
            "command": f"sh -c {n}",
            "many": 2,
        }
        for n in range(1, 7)
    ]
    path = tmp_path / "toy.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in [*rows, {"ts": "soon"}]))
    return path


def test_a_careful_sensor_holds_every_law(sample: Path):
    check_sensor(TOY, [sample])


@pytest.mark.parametrize("law", CHANGED_LAWS, ids=lambda law: law.__name__)
def test_a_careless_one_breaks_it(law, sample: Path):
    with pytest.raises((AssertionError, OverflowError)):
        law(replace(TOY, read=BROKEN[law.__name__]), sample)


def test_what_cannot_hold_is_declared_and_nothing_else_is_left_out(sample: Path):
    with pytest.raises(AssertionError, match="events stand for several: declare it"):
        check_sensor(replace(TOY, written=Written()), [sample])
    with pytest.raises(AssertionError, match="`Sensor.written` says how records stand"):
        check_sensor(replace(TOY, written=Written("cells", head=6)), [sample])
