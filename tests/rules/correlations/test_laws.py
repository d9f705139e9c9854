"""Laws that every correlation meets: its examples, and what must not change its findings."""

from __future__ import annotations

import random
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from rtml.captures.processes import process_images
from rtml.captures.store import open_capture
from rtml.captures.write import write_capture
from rtml.rules import evaluate, findings_of
from rtml.rules.account import HITS, TABLE
from rtml.rules.correlations import CORRELATIONS, Correlation
from rtml.rules.correlations.examples import Example, examples_of
from rtml.rules.running.run import load_all
from rtml.schema import KINDS, REJECTS, empty
from tests.rules.conftest import RowCapture, capture_of

EACH = pytest.mark.parametrize("one", CORRELATIONS, ids=lambda one: one.name)
STORIES = [(one, example) for one in CORRELATIONS for example in examples_of(one)]


def capture(example: Example) -> RowCapture:
    return capture_of([dict(event) for event in example.events])


def positive(one: Correlation) -> RowCapture:
    return capture(next(example for example in examples_of(one) if example.matches))


def elsewhere(rows: list[dict[str, Any]], later: int) -> list[dict[str, Any]]:
    """Tell the same story in another container, later."""
    shift = {"process_id": 1000, "parent_id": 1000, "seq": len(rows)}
    return [
        {
            **row,
            **{k: row[k] + n for k, n in shift.items() if row.get(k) is not None},
            "container_id": "other",
            "time": row["time"].replace(hour=later),
        }
        for row in rows
    ]


@pytest.mark.parametrize(
    ("one", "example"), STORIES, ids=[f"{one.name}: {story.name}" for one, story in STORIES]
)
def test_examples(one: Correlation, example: Example):
    result = evaluate(capture(example), [one])
    assert result.table["could_match"].all(), result.table["why_not"].to_list()
    assert (result.hits.height > 0) is example.matches


@EACH
def test_there_are_examples_of_both_sorts_and_all_is_said(one: Correlation):
    sorts = [example.matches for example in examples_of(one)]
    assert {True, False} <= set(sorts)
    assert one.description
    assert one.techniques
    assert set(one.kinds) <= set(KINDS)
    assert files("rtml.rules.correlations").joinpath(f"{one.name}.py").is_file()


def test_ids_are_unique_and_every_file_is_registered():
    folder = files("rtml.rules.correlations")
    stories = {entry.name for entry in folder.iterdir() if entry.name.endswith(".yml")}
    assert stories == {f"{one.name}.yml" for one in CORRELATIONS}
    assert len({one.id for one in CORRELATIONS}) == len(CORRELATIONS)


@EACH
def test_the_shape_of_hits(one: Correlation):
    hits = evaluate(positive(one), [one]).hits
    assert hits.select(HITS.names()).schema == HITS
    assert hits["rule"].unique().to_list() == [one.id]
    assert hits.select("host", "seq").is_unique().all()
    assert hits["root_id"].null_count() == 0


@EACH
def test_later_events_of_other_containers_change_no_finding(one: Correlation):
    first = positive(one)
    more = RowCapture("rows", first.manifest, [*first.rows, *elsewhere(first.rows, 11)])
    want = findings_of(evaluate(first, [one]).hits, [one])
    got = findings_of(evaluate(more, [one]).hits, [one])
    assert_frame_equal(want, got.filter(pl.col("container_id") == "c1"))
    assert got.height == 2 * want.height


@EACH
def test_the_order_of_events_does_not_matter(one: Correlation):
    first = positive(one)
    rows = list(first.rows)
    random.Random(3).shuffle(rows)
    again = RowCapture("rows", first.manifest, rows)
    assert_frame_equal(evaluate(first, [one]).hits, evaluate(again, [one]).hits)


@EACH
def test_the_order_of_files_does_not_matter(one: Correlation, tmp_path):
    first = positive(one)
    rows = first.events().collect()
    found = []
    for name, events in (("a", rows), ("b", rows.reverse())):
        write_capture(tmp_path / name, first.manifest, events, process_images(events), empty(REJECTS))
        found.append(evaluate(open_capture(tmp_path / name), [one]).hits)
    assert found[0].height
    assert_frame_equal(*found)


@EACH
@pytest.mark.parametrize("seed", range(3))
def test_nulls_never_crash(one: Correlation, seed: int):
    chance = random.Random(seed)
    keep = {"kind", "time", "seq", "host", "container_id"}
    rows = [
        {name: value for name, value in row.items() if name in keep or chance.random() < 0.5}
        for example in examples_of(one)
        for row in example.events
    ]
    numbered = [{**row, "process_id": None, **row, "seq": i} for i, row in enumerate(rows)]
    result = evaluate(capture_of(numbered), [one])
    assert result.table.schema == TABLE


@EACH
def test_only_nulls_could_not_match(one: Correlation):
    rows = [{"kind": kind, "process_id": None, "host": None} for kind in KINDS]
    result = evaluate(capture_of(rows), [one])
    assert result.hits.is_empty()
    columns = [column for step in one.steps for column in step.columns]
    could, why = result.table.select("could_match", "why_not").row(0)
    assert could is (not columns), why


@EACH
def test_an_empty_capture_gives_empty_hits_and_says_so(one: Correlation):
    result = evaluate(capture_of([]), [one])
    assert result.hits.is_empty()
    assert result.table.select("could_match", "events", "hits").row(0) == (False, 0, 0)
    assert result.table["why_not"].item().startswith("the capture has no ")


@EACH
def test_a_capture_without_a_step_could_not_match(one: Correlation):
    first = positive(one)
    for step in one.steps:
        rows = [row for row in first.rows if row["kind"] not in step.kinds]
        result = evaluate(capture_of(rows, blind=step.kinds), [one])
        assert result.hits.is_empty()
        assert (
            result.table["why_not"]
            .item()
            .startswith(("the sensor cannot see", "the capture has no", "always null here"))
        )


@EACH
def test_infrastructure_and_host_processes_are_left_out(one: Correlation):
    for name in ("infra", None):
        rows = [{**row, "container_id": name} for row in positive(one).rows]
        assert evaluate(capture_of(rows), [one]).hits.is_empty()


def test_hostile_names_are_made_visible():
    rows = [
        {"kind": "open", "exe": "/tmp/\x1b[2Jcurl", "path": "/tmp/x", "wrote": True},
        {"kind": "exec", "process_id": 3, "exe": "/tmp/x"},
    ]
    one = next(one for one in CORRELATIONS if one.name == "new_binary_executed")
    (entry,) = evaluate(capture_of(rows), [one]).hits["entry"]
    assert entry == "/tmp/x written by /tmp/\\x1b[2Jcurl"


def test_they_come_with_the_pack():
    ids = {rule.id for rule in load_all()[0]}
    assert {one.id for one in CORRELATIONS} <= ids
    assert not {one.id for one in CORRELATIONS} & {rule.id for rule in load_all(packs=())[0]}


@EACH
def test_the_documentation_describes_it(one: Correlation):
    text = (Path(__file__).parents[3] / "docs/finding-types.md").read_text("utf-8")
    assert f"| `{one.name}` | `{one.finding_type}`" in text
