"""Labels of before get grade and entry from the catalogue; labels of others never do."""

import datetime as dt

import polars as pl
import pytest

from rtml.replays.grading import with_grades
from rtml.schema import LABELS, conform
from tests.conftest import REPOSITORY

SHIPPED = REPOSITORY / "datasets" / "replays-v1" / "labels.parquet"


def labels(*rows, **more):
    table = pl.DataFrame(rows, schema=["attack_id", "technique", "provenance"], orient="row")
    return conform(table.with_columns(**{name: pl.lit(value) for name, value in more.items()}), LABELS)


def graded(*rows, **more):
    return with_grades(labels(*rows, **more)).select("grade", "entry").rows()


@pytest.mark.parametrize("name", ["setuid-shell", "setuid-shell~2", "setuid-shell~0017"])
@pytest.mark.parametrize("provenance", ["replay", "spliced"])
def test_an_attack_of_the_catalogue_is_known_by_its_id_and_so_are_its_trials(name, provenance):
    assert graded((name, "T1548.001", provenance)) == [(1, "exec")]


def test_attacks_of_others_stay_without():
    assert (
        graded(("setuid-shell", "T1059.004", "replay"), ("theirs", "T1548.001", "replay"))
        == [(None, None)] * 2
    )
    assert (
        graded(("setuid-shell", "T1548.001", "analyst"), ("setuid-shell", None, "replay"))
        == [(None, None)] * 2
    )


def test_what_labels_say_themselves_is_kept():
    assert graded(("setuid-shell", "T1548.001", "replay"), grade=3) == [(3, None)]
    assert with_grades(labels()).is_empty()


def test_everything_else_stays_as_it_is_in_its_order():
    before = labels(("theirs", "T1", "analyst"), ("setuid-shell", "T1548.001", "replay"), ("b", None, None))
    after = with_grades(before)
    assert (
        after.drop("grade", "entry").equals(before.drop("grade", "entry")) and after.schema == before.schema
    )


def test_every_attack_of_the_first_recording_has_its_grade():
    early = pl.col("start") < dt.datetime(2026, 11, 24, 10, 52, tzinfo=dt.UTC)
    table = with_grades(conform(pl.read_parquet(SHIPPED), LABELS).filter(early))
    assert table.height == 29 and table["grade"].null_count() == 0
    assert set(table["entry"]) == {"exec", "rce"}
