"""What every feature family must hold to, whoever wrote it (`rtml.features.contract`)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from polars.testing import assert_frame_equal

from rtml.baselines import Baseline
from rtml.features import Family, feature_columns, learn, surprises, windows
from rtml.schema import IDENTITY, empty
from rtml.testing.events import MINUTE, START, busy, events
from rtml.testing.laws import hold

__all__ = ["FAMILY_LAWS", "check_family"]

_CUT = START + 3 * MINUTE
_REQUIRED_WORDS = (
    "References",
    "https://",
    "Examples",
    ">>>",
    "Fails (when|behind)",
    "0 and up",
    "(are|has|stays) 0|0 in a window",
)
_LONG, _ODD = "/" + "a" * 1_000_000, "\x00\n\x1b[31m<script>'\"\\ud800"


def _history(family: Family) -> Baseline:
    return learn(*busy(), families=[family.name], end=_CUT)


def _features(
    family: Family, capture: Any = None, history: Baseline | None = None, **more: Any
) -> pl.DataFrame:
    table, processes = capture or busy()
    baseline = _history(family) if history is None else history
    return windows(table, baseline, [family.name], processes=processes, **more)


def later_events_change_nothing_earlier(family: Family) -> None:
    """Give the same features at a time when later events are appended."""
    table, processes = busy()
    early = _features(family, (table.filter(pl.col("time") < _CUT), processes))
    late = _features(family).filter(pl.col("window") < _CUT)
    assert_frame_equal(early, late, check_exact=True)


def order_of_rows_changes_nothing(family: Family) -> None:
    """Give the same features in whatever order events and processes come."""
    table, processes = busy()
    mixed = table.sample(fraction=1, shuffle=True, seed=5), processes.reverse()
    assert_frame_equal(_features(family, mixed), _features(family), check_exact=True)


def other_containers_change_nothing(family: Family) -> None:
    """Give the same features of a container whatever others do."""
    table, processes = busy()
    alone = table.filter(pl.col("container_id") == "web-1"), processes
    together = _features(family).filter(pl.col("container_id") == "web-1")
    assert_frame_equal(_features(family, alone), together, check_exact=True)


def trees_are_rows_of_their_own(family: Family) -> None:
    """Give each process tree a row of its own, no event to two, and say the same when later events come."""
    table, processes = busy()
    halves = table.with_columns(process_id=pl.col("seq") % 2 + 1)
    images = processes.with_columns(root_id=pl.lit(None, pl.Int64))
    whole = _features(family, (halves, images))
    trees = _features(family, (halves, images), unit="tree")
    early = _features(family, (halves.filter(pl.col("time") < _CUT), images), unit="tree")
    assert_frame_equal(early, trees.filter(pl.col("window") < _CUT), check_exact=True)
    cell, highest = ["container_id", "window"], [n for n in whole.columns if n.endswith("bits_max")]
    assert not trees.select(*cell, "process_id").is_duplicated().any(), "a tree has two rows in a window"
    made = trees.group_by(cell).agg(pl.col("events").sum(), pl.col(highest).max()).sort(cell)
    assert_frame_equal(made, whole.select(made.columns))


def no_events_give_no_rows(family: Family) -> None:
    """Return all columns and no row of a capture without events."""
    table = windows(empty(), _history(family), [family.name])
    assert table.height == 0, f"{table.height} rows of no events"
    assert table.columns[:3] == ["container_id", "window", "account"], table.columns[:3]
    columns = table.columns[-len(family.columns) :]
    assert columns == list(family.columns), f"its columns are {list(family.columns)}, the table has {columns}"


def one_bare_event_is_one_complete_row(family: Family) -> None:
    """Return one row without nulls of one event that says next to nothing."""
    history = _history(family)
    for kind in ("exec", "open", "connect", "dns", "ptrace", "exit"):
        row = windows(events([{"kind": kind, "workload": None}]), history, [family.name])
        assert row.height == 1, f"{row.height} rows of one event of kind {kind}"
        _are_amounts(row, kind)


def hostile_values_are_survived(family: Family) -> None:
    """Survive a path of a million characters, control characters, counts below zero and at the limit."""
    texts = ("exe", "comm", "path", "domain", "dst_ip", "request", "socket_path", "workload")
    rows = [
        {"kind": kind, "dst_port": -1, "count": count, "result": -(2**31), "mode": 2**31 - 1}
        | dict.fromkeys(texts, text)
        for kind in ("exec", "open", "chmod", "connect", "dns", "bind", "mount", "rename")
        for text, count in ((_LONG, 2**63 - 1), (_ODD, -5), ("", 0))
    ]
    _are_amounts(windows(events(rows), _history(family), [family.name]), "hostile values")
    learn(events(rows), families=[family.name])


def _are_amounts(table: pl.DataFrame, where: str) -> None:
    for row in table.select(feature_columns(table)).iter_rows(named=True):
        wrong = {name: x for name, x in row.items() if x is None or not 0 <= x < float("inf")}
        assert not wrong, f"{where}: not a number of 0 and up: {wrong}"


def host_processes_are_left_out(family: Family) -> None:
    """Return no row of what runs in no container."""
    table = windows(events([{"kind": "exec", "container_id": None}]), _history(family), [family.name])
    assert table.height == 0, f"{table.height} rows of a process of the host"


def columns_are_named_and_typed(family: Family) -> None:
    """Name columns ``family.feature``, all Float64, and give each container one row per window."""
    table = _features(family)
    columns = [column for column in table.columns if "." in column]
    odd = [name for name in columns if not re.fullmatch(rf"{family.name}\.[a-z0-9_]+", name)]
    assert not odd, f"not named {family.name}.feature: {odd}"
    assert all(table.schema[column] == pl.Float64 for column in columns), "a feature is not Float64"
    assert all(table.schema[column] == pl.String for column in IDENTITY), "an identity is not text"
    assert not table.select("container_id", "window").is_duplicated().any(), "a window has two rows"


def no_baseline_is_null_and_not_zero(family: Family) -> None:
    """Leave what compares with history null without a baseline, and nothing else."""
    table, processes = busy()
    table = windows(table, None, [family.name], processes=processes)
    filled = [name for name in family.compared if table[name].null_count() < table.height]
    assert not filled, f"has values without a baseline: {filled}"
    present = [name for name in family.columns if name not in family.compared and table[name].null_count()]
    assert not present, f"null without a baseline, but not said to be historical: {present}"


def explains_itself(family: Family) -> None:
    """Say in the docstring of ``own`` what each feature is, its unit and range, and when it fails."""
    text = inspect.getdoc(family.own) or ""
    silent = [word for word in _REQUIRED_WORDS if not re.search(re.sub(" ", r"\\s+", word), text)]
    assert not silent, f"the docstring says nothing of {silent}"
    assert re.search(r"bits|per minute|distinct", text), "the docstring names no unit"
    unknown = [name for name in family.names if name not in text and "one column per kind" not in text]
    assert not unknown, f"the docstring does not describe {unknown}"


def history_lowers_surprise(family: Family) -> None:
    """Be surprised of what the baseline has not seen, and of nothing that it has."""
    if not family.conditionals:
        return
    once = learn(*busy(), families=[family.name], end=START + MINUTE)
    before, after = (
        float(_features(family, history=baseline)[f"{family.name}.never_seen"].sum())
        for baseline in (once, learn(*busy(), families=[family.name]))
    )
    assert after == 0 < before, f"never seen: {before} with little history, {after} with all of it"


def repeats_count_once(family: Family) -> None:
    """Be as surprised of a thing that happens twice in a window as of one that happens once."""
    table, processes = busy()
    doubled = pl.concat([table, table.with_columns(seq=pl.col("seq") + 10_000)])
    images = pl.concat([processes, processes.with_columns(image_seq=pl.col("image_seq") + 10_000)])
    columns = [f"{family.name}.{part}" for part in family.surprise]
    once = _features(family).select(columns)
    assert_frame_equal(_features(family, (doubled, images)).select(columns), once)


def surprises_add_up_to_the_window(family: Family) -> None:
    """Sum the surprises of single events to that of their window."""
    if not family.conditionals:
        return
    single = surprises(*busy(), _history(family), families=[family.name])
    distinct = single.unique(["container_id", "window", "conditional", "context", "key"])
    total = distinct.group_by("container_id", "window").agg(pl.col("bits").sum())
    merged = _features(family).join(total, on=["container_id", "window"], how="left")
    np.testing.assert_allclose(
        merged[f"{family.name}.bits_sum"].to_numpy(), merged["bits"].to_numpy(), rtol=1e-6
    )


FAMILY_LAWS: tuple[Callable[[Family], None], ...] = (
    later_events_change_nothing_earlier,
    order_of_rows_changes_nothing,
    other_containers_change_nothing,
    trees_are_rows_of_their_own,
    no_events_give_no_rows,
    one_bare_event_is_one_complete_row,
    hostile_values_are_survived,
    host_processes_are_left_out,
    columns_are_named_and_typed,
    no_baseline_is_null_and_not_zero,
    explains_itself,
    history_lowers_surprise,
    repeats_count_once,
    surprises_add_up_to_the_window,
)
"""Every law, a function of the family: for a test per law."""


def check_family(family: Family) -> None:
    """Hold a registered family of containers to every law; some seconds.

    Raises
    ------
    AssertionError
        It breaks a law: who, which, and what happened.

    Examples
    --------
    >>> from rtml.features import FAMILIES
    >>> check_family(FAMILIES["activity"])
    """
    hold(FAMILY_LAWS, f"family {family.name}", family)
