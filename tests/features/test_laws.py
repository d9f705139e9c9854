"""The laws, for every registered family without a test file of its own."""

from __future__ import annotations

import inspect
import re

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml.baselines import Baseline
from rtml.features import FAMILIES, feature_columns, learn, prequential, surprises, windows
from rtml.schema import IDENTITY, empty
from rtml.testing.events import MINUTE, START, busy, events

EVERY = pytest.mark.parametrize("name", list(FAMILIES))
WITH_HISTORY = pytest.mark.parametrize(
    "name", [name for name, family in FAMILIES.items() if family.conditionals]
)


@pytest.fixture(scope="module")
def capture():
    return busy()


@pytest.fixture(scope="module")
def history(capture) -> Baseline:
    return learn(*capture, end=START + 3 * MINUTE)


def features(capture, history, name, **options) -> pl.DataFrame:
    table, processes = capture
    return windows(table, history, [name], processes=processes, **options)


@EVERY
def test_later_events_change_nothing_earlier(capture, history, name):
    table, processes = capture
    cut = START + 3 * MINUTE
    early = windows(table.filter(pl.col("time") < cut), history, [name], processes=processes)
    late = features(capture, history, name).filter(pl.col("window") < cut)
    assert_frame_equal(early, late, check_exact=True)


@EVERY
def test_the_order_of_rows_does_not_matter(capture, history, name):
    table, processes = capture
    mixed = table.sample(fraction=1, shuffle=True, seed=5), processes.reverse()
    assert_frame_equal(features(mixed, history, name), features(capture, history, name), check_exact=True)


@EVERY
def test_other_containers_do_not_matter(capture, history, name):
    table, processes = capture
    alone = table.filter(pl.col("container_id") == "web-1"), processes
    together = features(capture, history, name).filter(pl.col("container_id") == "web-1")
    assert_frame_equal(features(alone, history, name), together, check_exact=True)


@EVERY
def test_no_events_give_no_rows_and_all_columns(history, name):
    table = windows(empty(), history, [name])
    assert table.height == 0
    assert table.columns[:3] == ["container_id", "window", "account"]
    assert feature_columns(table) == sorted(FAMILIES[name].columns)
    assert table.columns[-len(FAMILIES[name].columns) :] == list(FAMILIES[name].columns)


@EVERY
@pytest.mark.parametrize("kind", ["exec", "open", "connect", "dns", "ptrace", "exit"])
def test_one_bare_event_is_one_complete_row(history, name, kind):
    single = events([{"kind": kind, "workload": None}])
    row = windows(single, history, [name])
    assert row.height == 1
    values = row.select(feature_columns(row)).row(0)
    assert all(value is not None and 0 <= value < float("inf") for value in values)


@EVERY
def test_hostile_values_survive(history, name):
    long, odd = "/" + "a" * 1_000_000, "\x00\n\x1b[31m<script>'\"\\ud800"
    rows = [
        {
            "kind": kind,
            "exe": text,
            "comm": text,
            "path": text,
            "domain": text,
            "dst_ip": text,
            "request": text,
            "socket_path": text,
            "dst_port": -1,
            "count": count,
            "result": -(2**31),
            "mode": 2**31 - 1,
            "workload": text,
        }
        for kind in ("exec", "open", "chmod", "connect", "dns", "bind", "mount", "rename")
        for text, count in ((long, 2**63 - 1), (odd, -5), ("", 0))
    ]
    table = windows(events(rows), history, [name])
    values = table.select(feature_columns(table)).rows()
    assert all(0 <= value < float("inf") for row in values for value in row)
    learn(events(rows), families=[name])


@EVERY
def test_host_processes_are_left_out(history, name):
    assert windows(events([{"kind": "exec", "container_id": None}]), history, [name]).height == 0


@EVERY
def test_names_and_types(capture, history, name):
    table = features(capture, history, name)
    own = [column for column in table.columns if "." in column]
    assert all(re.fullmatch(rf"{name}\.[a-z0-9_]+", column) for column in own)
    assert all(table.schema[column] == pl.Float64 for column in own)
    assert all(table.schema[column] == pl.String for column in IDENTITY)
    assert table.select("container_id", "window").is_duplicated().any() is False


@EVERY
def test_no_baseline_is_null_and_not_zero(capture, name):
    table = features(capture, None, name)
    compared = FAMILIES[name].compared
    assert table.select(compared).null_count().row(0) == (table.height,) * len(compared)
    present = [column for column in FAMILIES[name].columns if column not in compared]
    assert not any(table.select(present).null_count().row(0))


@EVERY
def test_the_docstring_explains(name):
    text = inspect.getdoc(FAMILIES[name].own) or ""
    for word in (
        "References",
        "https://",
        "Examples",
        ">>>",
        "Fails (when|behind)",
        "0 and up",
        "(are|has|stays) 0|0 in a window",
    ):
        assert re.search(re.sub(" ", r"\\s+", word), text), f"{name} says nothing of {word!r}"
    assert re.search(r"bits|per minute|distinct", text), f"{name} names no unit"
    for feature in FAMILIES[name].names:
        known = feature in text or "one column per kind" in text
        assert known, f"{name}.{feature} is not described"


@WITH_HISTORY
def test_history_lowers_surprise(capture, name):
    once = learn(*capture, families=[name], end=START + MINUTE)
    often = learn(*capture, families=[name])
    column = f"{name}.never_seen"
    before = features(capture, once, name)[column].sum()
    assert features(capture, often, name)[column].sum() == 0 < before


@WITH_HISTORY
def test_repeats_within_a_window_count_once(capture, history, name):
    table, processes = capture
    doubled = pl.concat([table, table.with_columns(seq=pl.col("seq") + 10_000)])
    images = pl.concat([processes, processes.with_columns(image_seq=pl.col("image_seq") + 10_000)])
    columns = [f"{name}.{part}" for part in FAMILIES[name].surprise]
    once = features(capture, history, name).select(columns)
    assert_frame_equal(features((doubled, images), history, name).select(columns), once)


@WITH_HISTORY
def test_event_surprises_add_up_to_the_window(capture, history, name):
    single = surprises(*capture, history, families=[name])
    distinct = single.unique(["container_id", "window", "conditional", "context", "key"])
    total = distinct.group_by("container_id", "window").agg(pl.col("bits").sum())
    merged = features(capture, history, name).join(total, on=["container_id", "window"], how="left")
    assert merged[f"{name}.bits_sum"].to_list() == pytest.approx(merged["bits"].to_list())


def test_prequential_windows_have_not_been_seen_by_their_baseline(capture):
    table, full = prequential(*capture, blocks=6)
    assert table["window"].min() == START + MINUTE
    assert full.counts.equals(learn(*capture).counts, null_equal=True)
    second = table.filter(pl.col("window") == START + MINUTE)
    first_only = learn(*capture, end=START + MINUTE)
    expected = windows(
        capture[0], first_only, processes=capture[1], start=START + MINUTE, end=START + 2 * MINUTE
    )
    assert_frame_equal(second, expected)
