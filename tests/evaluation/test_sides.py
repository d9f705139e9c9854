"""Sides: what a union inherits, and that whole windows are flagged without touching the next one."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from rtml.errors import RtmlError
from rtml.evaluation.cells import tree_flags
from rtml.evaluation.sides import Side, scores_of_findings, union
from rtml.schema import FINDINGS, conform, empty
from rtml.times import Window
from tests.evaluation.frames import BEGIN, MINUTE


def windows(*minutes: int, container: str = "c") -> pl.DataFrame:
    times = [BEGIN + n * MINUTE for n in minutes]
    table = pl.DataFrame({"container_id": [container] * len(times), "window": times})
    return table.cast({"window": pl.Datetime("ns", "UTC")})


def finding(severity: float | None, first: float, last: float, container: str = "c") -> pl.DataFrame:
    row = {"severity": severity, "container_id": container, "finding_id": f"{first}-{severity}"}
    span = {"first_seen": BEGIN + first * MINUTE, "last_seen": BEGIN + last * MINUTE}
    return conform(pl.DataFrame([row | span]), FINDINGS)


def side(name: str, minute: int | None = None, findings: pl.DataFrame | None = None) -> Side:
    until = None if minute is None else BEGIN + minute * MINUTE
    return Side(name, "rules", empty(FINDINGS) if findings is None else findings, fitted_until=until)


@pytest.mark.parametrize(
    ("ends", "expected"), [((5, 9), 9), ((9, 5), 9), ((None, 5), 5), ((None, None), None)]
)
def test_a_union_was_fitted_when_the_last_of_its_sides_was(
    ends: tuple[int | None, int | None], expected: int | None
):
    both = union("all", [side(name, end) for name, end in zip("ab", ends, strict=True)])
    assert both.fitted_until == (None if expected is None else BEGIN + expected * MINUTE)
    assert (both.kind, both.note, both.scores) == ("union", "a + b", None)


def test_a_union_raises_every_finding_of_its_sides():
    one, two = finding(5.0, 0, 1), finding(7.0, 3, 4)
    both = union("all", [side("a", findings=one), side("b", findings=two)])
    assert both.findings["finding_id"].to_list() == [*one["finding_id"], *two["finding_id"]]


@pytest.mark.parametrize("every", [MINUTE, 5 * MINUTE])
def test_a_flag_covers_its_window_to_the_last_nanosecond_and_not_the_next(every: dt.timedelta):
    flagged = tree_flags(windows(0), Window.of(every), "flag all")
    assert flagged.select(pl.col("last_seen").to_physical() - pl.col("first_seen").to_physical()).item() == (
        every // dt.timedelta(microseconds=1) * 1000 - 1
    )


def test_a_window_scores_the_worst_finding_that_lies_in_it():
    found = pl.concat([finding(3.0, 0.5, 2.5), finding(8.0, 1.2, 1.3), finding(None, 4, 4)])
    scores = scores_of_findings(found, windows(0, 1, 2, 3, 4), MINUTE)
    assert scores["score"].to_list() == [3.0, 8.0, 3.0, 0.0, 0.0]
    other = scores_of_findings(found, windows(1, container="d"), MINUTE)
    assert other["score"].to_list() == [0.0]


def test_an_unknown_kind_of_side_is_refused():
    with pytest.raises(RtmlError, match="unknown kind 'modell'; known: rules, model"):
        Side("x", "modell", empty(FINDINGS))
