"""Where events were lost, who did something is not sure: the fewer bits count."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml.baselines import Baseline
from rtml.features import FAMILIES, feature_columns, learn
from rtml.features.families import families_of
from rtml.features.source import LOST, open_source
from rtml.features.windows import assemble, assemble_with_surprises
from rtml.testing.events import MINUTE, START, busy, events

WEB, SHELL = "/usr/sbin/nginx", "/bin/sh"
SECOND = dt.timedelta(seconds=1)


def opened(*files: tuple[float, str, str], **more: object) -> pl.DataFrame:
    """Return openings: second, program, path."""
    return events({"kind": "open", "seconds": s, "exe": exe, "path": path, **more} for s, exe, path in files)


@pytest.fixture(scope="module")
def history() -> Baseline:
    usual = [(n, WEB, "/srv/page") for n in range(20)] + [(n, SHELL, "/etc/profile") for n in range(20)]
    return learn(opened(*usual), families=["files"])


def featured(
    table: pl.DataFrame, history: Baseline, *gaps: tuple[object, object], host: str = "h"
) -> list[dict[str, float]]:
    """Return the windows of events when the host lost some in these gaps."""
    lost = pl.DataFrame([(host, *gap) for gap in gaps], schema=LOST, orient="row")
    source = replace(open_source(table), lost=lost)
    return assemble(source, history, families_of(["files"])).sort("window").to_dicts()


AS_SHELL = (5, SHELL, "/srv/page")
"""The exec of the web server was lost, so that its page seems to be read by the shell."""


def test_what_another_program_may_have_done_is_known(history: Baseline):
    (sure,) = featured(opened(AS_SHELL), history)
    (unsure,) = featured(opened(AS_SHELL), history, (START, START + SECOND))
    assert sure["complete"] and not unsure["complete"]
    assert (sure["files.never_seen"], unsure["files.never_seen"]) == (1, 0)
    assert unsure["files.bits_max"] < 2 < sure["files.bits_max"]


def test_what_nobody_did_stays_new(history: Baseline):
    table = opened((5, SHELL, "/opt/kit"))
    sure, unsure = (featured(table, history, *gaps)[0] for gaps in ((), [(START, START + SECOND)]))
    assert unsure["files.never_seen"] == sure["files.never_seen"] == 1
    assert 1 < unsure["files.bits_max"] <= sure["files.bits_max"]


@pytest.mark.parametrize(
    ("gap", "lossy"),
    [
        ((0, 0), [0]),
        ((30, 70), [0, 1]),
        ((60, 60), [1]),
        ((59.9, 59.9), [0]),
        ((130, None), [2]),
        ((None, 10), [0]),
        ((None, None), [0, 1, 2]),
        ((500, 600), []),
    ],
)
def test_only_windows_that_a_gap_touches_are_unsure(
    gap: tuple[float | None, float | None], lossy: list[int], history: Baseline
):
    table = opened(*((60 * n + 5, SHELL, "/srv/page") for n in range(3)))
    times = tuple(None if at is None else START + at * SECOND for at in gap)
    rows = featured(table, history, times)
    assert [n for n, row in enumerate(rows) if not row["complete"]] == lossy
    assert [n for n, row in enumerate(rows) if not row["files.never_seen"]] == lossy


def test_what_another_host_lost_is_not_ours(history: Baseline):
    (row,) = featured(opened(AS_SHELL), history, (None, None), host="elsewhere")
    assert row["complete"] and row["files.never_seen"] == 1


def test_a_window_with_two_gaps_has_one_row(history: Baseline):
    gaps = [(START, START + SECOND), (START + 20 * SECOND, START + 21 * SECOND)]
    (row,) = featured(opened(AS_SHELL), history, *gaps)
    assert (row["events"], row["files.pairs"]) == (1, 1)


def test_single_events_and_windows_agree_on_fewer_bits(history: Baseline):
    lost = pl.DataFrame([("h", START, START + SECOND)], schema=LOST, orient="row")
    source = replace(open_source(opened(AS_SHELL, (65, SHELL, "/srv/page"))), lost=lost)
    table, single = assemble_with_surprises(source, history, families_of(["files"]))
    joined = table.select("window", "files.bits_max").join(
        single.group_by("window").agg(pl.col("bits").max()), on="window"
    )
    assert joined.filter((pl.col("files.bits_max") - pl.col("bits")).abs() > 1e-9).is_empty(), joined


@pytest.mark.parametrize("family", [name for name in FAMILIES.own if FAMILIES[name].conditionals])
def test_losing_events_never_makes_a_family_more_surprised(family: str):
    table, processes = busy()
    history = learn(table, processes, [family], end=START + 2 * MINUTE)
    source = open_source(table, processes)
    lost = replace(source, lost=pl.DataFrame([("h", None, None)], schema=LOST, orient="row"))
    sure, unsure = (assemble(s, history, families_of([family])) for s in (source, lost))
    for part in ("bits_sum", "bits_max", "bits_top3", "bits_excess", "bits_beyond", "never_seen"):
        assert (unsure[f"{family}.{part}"] <= sure[f"{family}.{part}"]).all(), part
    same = [name for name in feature_columns(sure) if name.endswith((".pairs", ".unknown_context"))]
    assert_frame_equal(unsure.select(same), sure.select(same))
