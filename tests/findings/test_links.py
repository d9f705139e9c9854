"""Signals that share keys, over any number of steps, are one group."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.findings.sequences.links import components
from rtml.findings.sequences.signals import parameters

LINKS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=20)
TYPES = {
    "finding_id": pl.String,
    "a": pl.String,
    "first_seen": pl.Datetime("ns", "UTC"),
    **dict.fromkeys(("kind", "b", "c", "pod"), pl.String),
    **dict.fromkeys(("own", "hub", "one_pod"), pl.Boolean),
}


def keys(links: list[tuple[int, int]]) -> pl.DataFrame:
    rest = {"kind": "container", "b": "", "c": "", "own": True, "hub": False, "one_pod": False}
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    rows = [
        {"finding_id": f"f{signal}", "a": f"c{key}", "first_seen": begin, **rest} for signal, key in links
    ]
    return pl.DataFrame(rows, schema=TYPES)


def merged(links: list[tuple[int, int]]) -> list[set[str]]:
    """Sets of signals and keys, merged until no two overlap."""
    groups: list[set[str]] = []
    for signal, key in links:
        pair = {f"f{signal}", f"key {key}"}
        touched = [group for group in groups if group & pair]
        groups = [group for group in groups if group not in touched]
        groups.append(pair.union(*touched))
    return [{name for name in group if not name.startswith("key")} for group in groups]


@settings(deadline=None)
@given(LINKS)
def test_signals_are_joined_over_any_number_of_shared_keys(links: list[tuple[int, int]]):
    found = components(keys(links), parameters(), [])
    wanted = {signal: min(group) for group in merged(links) for signal in group}
    assert dict(found.select("finding_id", "group").iter_rows()) == wanted
