"""Binaries by hand."""

from __future__ import annotations

import math

import pytest

from rtml.features import learn, windows
from rtml.testing.events import START, events


def runs(*rows: tuple[str, str, str]):
    return events(
        {"kind": "exec", "exe": exe, "container_id": container, "image": image, "workload": container[:3]}
        for container, image, exe in rows
    )


@pytest.fixture(scope="module")
def history():
    return learn(
        runs(
            ("web-1", "web:1", "/bin/sh"),
            ("web-2", "web:1", "/bin/sh"),
            ("web-3", "web:2", "/bin/ls"),
            ("app-1", "app:1", "/bin/sh"),
        )
    )


def test_prevalence_by_hand(history):
    row = windows(runs(("web-9", "web:1", "/bin/ls")), history, ["binaries"]).row(0, named=True)
    assert row["binaries.rarity_peers"] == pytest.approx(-math.log2(1.5 / 4))
    assert row["binaries.rarity_images"] == pytest.approx(-math.log2(1.5 / 4))
    assert row["binaries.rarity_fleet"] == pytest.approx(-math.log2(1.5 / 5))


def test_the_rarest_program_counts(history):
    both = runs(("web-9", "web:1", "/bin/sh"), ("web-9", "web:1", "/bin/nc"))
    row = windows(both, history, ["binaries"]).row(0, named=True)
    assert row["binaries.rarity_fleet"] == pytest.approx(-math.log2(0.5 / 5))
    assert row["binaries.never_seen"] == 1


def test_an_unknown_workload_has_a_rarity_of_one_bit(history):
    row = windows(runs(("new-1", "n:1", "/bin/sh")), history, ["binaries"]).row(0, named=True)
    assert row["binaries.rarity_peers"] == 1
    assert row["binaries.unknown_context"] == 1


def test_origin():
    table = events(
        [
            {"kind": "exec", "exe": "/tmp/x", "exe_written": START},
            {"kind": "exec", "exe": "/tmp/x", "exe_written": START},
            {"kind": "exec", "exe": "/dev/shm/.y", "exe_memory": True},
            {"kind": "exec", "exe": "/usr/tmp/z"},
            {"kind": "open", "exe": "/tmp/elsewhere"},
        ]
    )
    row = windows(table, None, ["binaries"]).row(0, named=True)
    assert row["binaries.written"] == 1
    assert row["binaries.memory"] == 1
    assert row["binaries.world_writable"] == 2
    assert row["binaries.rarity_fleet"] is None


def test_no_program_started_is_zero(history):
    row = windows(events([{"kind": "open"}]), history, ["binaries"]).row(0, named=True)
    assert row["binaries.rarity_fleet"] == row["binaries.bits_sum"] == row["binaries.written"] == 0
