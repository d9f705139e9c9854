"""Labels of attacks that start nothing: the root is the service, the time is the attack's, parts are one."""

import datetime as dt

import polars as pl

from rtml.replays.catalogue import catalogue
from rtml.replays.roots import root_of
from rtml.schema import LABELS
from rtml.times import UTC_NS

START = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def stamped(seconds: float) -> dict[str, int]:
    return {"unix_ns": round(at(seconds).timestamp() * 1e9)}


def images() -> pl.DataFrame:
    """The service of two containers, a child that came later, and a shell by exec."""
    rows = [
        (1, "one", 0, 0, "python3 /srv/app.py"),
        (2, "one", 20, 20, "sh -c getent hosts x"),
        (3, "one", 30, 30, "sh"),
        (7, "two", 50, 50, "python3 /srv/app.py"),
    ]
    frame = pl.DataFrame(
        [
            {
                "process_id": process,
                "image_seq": process,
                "container_id": container,
                "started": at(started),
                "since": at(since),
                "cmdline": words,
            }
            for process, container, started, since, words in rows
        ]
    )
    return frame.with_columns(pl.col("started", "since").cast(UTC_NS))


def fact(container: str, start: float, end: float) -> dict[str, object]:
    return {"container_id": container, "start": stamped(start), "end": stamped(end), "ticks": None}


def test_the_root_of_an_attack_inside_a_service_is_the_service():
    assert root_of(images(), fact("one", 25, 40), "service", 0) == 1
    assert root_of(images(), fact("two", 60, 70), "rollout", 0) == 7


def test_a_service_that_began_later_is_no_root():
    assert root_of(images(), fact("two", 25, 40), "service", 0) is None
    assert root_of(images(), fact("gone", 25, 40), "service", 0) is None


def test_labels_say_grade_and_entry():
    assert LABELS["grade"] == pl.Int64 and LABELS["entry"] == pl.String
    known = catalogue()
    assert {known[name].entry for name in ("app-reads-a-secret", "jobs-at-every-worker")} == {"service"}
