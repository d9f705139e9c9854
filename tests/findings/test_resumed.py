"""What a program does again after its parent was restarted is one incident with what it did before."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from rtml.captures.processes import PROCESSES
from rtml.findings.incidents import incidents
from rtml.findings.resumed import RESUMED, resumed
from rtml.schema import FINDINGS, POLARS, conform

START = dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)


def at(minute: float | None) -> dt.datetime | None:
    return None if minute is None else START + dt.timedelta(minutes=minute)


def process(
    number: int, parent: int | None, since: float, until: float | None, **more: object
) -> dict[str, object]:
    """One image; ``number`` is its own root unless said otherwise."""
    plain = {"exe": "/bin/sh", "cmdline": "sh /srv/job", "container_id": "c", "host": "h"}
    return {**plain, "process_id": number, "parent_id": parent, "since": at(since), "until": at(until)} | more


def told(images: list[dict[str, object]], deeds: dict[int, str]) -> list[list[str]]:
    """The incidents of one finding per tree, each of which read one file: names of findings."""
    found = [
        {"finding_id": f"f{root}", "container_id": "c", "process_id": root, "severity": 5.0, "detector": "d"}
        | {"evidence": [{"host": "h", "seq": root}]}
        for root in deeds
    ]
    events = [
        {"host": "h", "seq": root, "kind": "open", "exe": "/bin/cat", "path": path, "process_id": root}
        for root, path in deeds.items()
    ]
    rows = conform(pl.DataFrame(found), FINDINGS)
    processes = conform(pl.DataFrame(images, infer_schema_length=None), PROCESSES).lazy()
    again = resumed(rows, conform(pl.DataFrame(events), POLARS).lazy(), processes)
    assert again.schema == RESUMED
    return sorted(incidents(rows, None, again)["finding_ids"].to_list())


SHADOW = "/etc/shadow"


def test_children_of_a_restarted_parent_that_do_the_same_are_one_incident():
    images = [
        process(1, None, 0, 10, exe="/sbin/app", cmdline="app"),
        process(2, 1, 5, 6),
        process(11, None, 11, None, exe="/sbin/app", cmdline="app"),
        process(12, 11, 15, 16),
        process(13, 11, 17, 18, cmdline="sh /srv/other"),
        process(14, 11, 19, 20, exe="/bin/bash"),
        process(15, 11, 21, 22),
    ]
    deeds = {2: SHADOW, 12: SHADOW, 13: SHADOW, 14: SHADOW, 15: "/etc/motd"}
    assert told(images, deeds) == [["f12", "f2"], ["f13"], ["f14"], ["f15"]]


def test_several_restarts_are_one_story_and_several_children_before_one_are_too():
    images = [process(1, None, 0, 10), process(11, None, 10, 20), process(21, None, 20, None)]
    images += [
        process(10 * life + child, 10 * life + 1, 10 * life + child, None)
        for life in range(3)
        for child in (2, 3)
    ]
    deeds = {10 * life + child: SHADOW for life in range(3) for child in (2, 3)}
    assert told(images, deeds) == [sorted(f"f{root}" for root in deeds)]


@pytest.mark.parametrize("gone", [None, 16.0])
def test_who_was_still_there_was_not_restarted(gone: float | None):
    images = [
        process(1, None, 0, gone),
        process(2, 1, 5, 6),
        process(11, None, 11, None),
        process(12, 11, 15, 16),
    ]
    assert told(images, {2: SHADOW, 12: SHADOW}) == [["f12"], ["f2"]]


def test_children_of_one_living_parent_are_told_apart():
    images = [process(1, None, 0, 30), process(2, 1, 5, 6), process(3, 1, 15, 16)]
    assert told(images, {2: SHADOW, 3: SHADOW}) == [["f2"], ["f3"]]


def test_the_main_process_itself_goes_on():
    images = [process(1, None, 0, 10), process(11, None, 10, None)]
    assert told(images, {1: SHADOW, 11: SHADOW}) == [["f1", "f11"]]


def test_another_container_is_another_story_and_nothing_is_known_of_no_evidence():
    images = [process(1, None, 0, 10), process(11, None, 11, None)]
    rows = conform(
        pl.DataFrame(
            [
                {
                    "finding_id": "a",
                    "container_id": "c",
                    "process_id": 1,
                    "evidence": [{"host": "h", "seq": 1}],
                },
                {
                    "finding_id": "b",
                    "container_id": "d",
                    "process_id": 11,
                    "evidence": [{"host": "h", "seq": 2}],
                },
                {"finding_id": "e", "container_id": "c", "process_id": 11, "evidence": None},
                {
                    "finding_id": "g",
                    "container_id": "c",
                    "process_id": None,
                    "evidence": [{"host": "h", "seq": 2}],
                },
            ]
        ),
        FINDINGS,
    )
    events = pl.DataFrame([{"host": "h", "seq": seq, "kind": "open", "path": SHADOW} for seq in (1, 2)])
    tables = (conform(events, POLARS).lazy(), conform(pl.DataFrame(images), PROCESSES).lazy())
    assert resumed(rows, *tables).is_empty()
    assert resumed(rows.clear(), *tables).schema == RESUMED
