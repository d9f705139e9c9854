"""By grade and entry: detectors with a known answer, at what they really cost; parts count once."""

import io
import json

import polars as pl
import pytest
from rich.console import Console

from rtml.evaluation.by_grade import by_grade
from rtml.evaluation.canaries import CANARIES
from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.evaluation.trivial import flag_trees
from rtml.report.input import ReportInput
from rtml.report.ledger_files import as_json
from rtml.report.page import render_report
from rtml.report.terminal import ledger_view
from rtml.schema import FINDINGS, SETTINGS, empty
from tests.evaluation.frames import make_finding, make_labels, score_frame, scored_trees

MODEL = {"source": "model", "detector": "forest"}
GRADES = {
    "a1": (1, "exec"),
    "a2": (1, "exec"),
    "a3": (2, "rce"),
    "a4": (4, "service"),
    "a5~1": (5, "service"),
}
GRADES["a5~2"] = (5, "service")


def graded(labels, grades=GRADES):
    """Add grade and entry by attack."""
    ids = labels["attack_id"]
    grade = pl.Series("grade", [grades.get(name, (None, None))[0] for name in ids], pl.Int64)
    return labels.with_columns(
        grade, pl.Series("entry", [grades.get(n, (None, None))[1] for n in ids], pl.String)
    )


@pytest.fixture
def labels():
    """Four attacks in one go, and one of two parts in two containers."""
    return graded(
        make_labels(
            ("a1", "c0", 10.2, 17.9, 10),
            ("a2", "c0", 40.1, 46.5, 20),
            ("a3", "c1", 20.5, 30.2, 30),
            ("a4", "c1", 70.3, 81.0, 40),
            ("a5~1", "c2", 55.0, 62.0, 50),
            ("a5~2", "c3", 90.6, 99.1, 60),
        )
    )


@pytest.fixture
def track(windows, labels, processes):
    return make_track(windows, labels, processes)


def canary(name, track):
    scores = score_frame(track.windows, CANARIES[name](track))
    return Side(name, "model", flag_trees(name, scores, 1.0, track), scores)


def told(table, side, by="grade"):
    rows = table.filter((pl.col("side") == side) & (pl.col("by") == by))
    return {of: (found, attacks) for of, found, attacks in rows.select("of", "found", "attacks").iter_rows()}


def test_perfect_finds_all_of_every_grade_at_no_cost_and_null_none(track):
    table = by_grade([canary("perfect", track), canary("null", track)], track)
    assert told(table, "perfect") == {"1": (2, 2), "2": (1, 1), "4": (1, 1), "5": (1, 1)}
    assert told(table, "perfect", "entry") == {"exec": (2, 2), "rce": (1, 1), "service": (2, 2)}
    assert told(table, "null") == {"1": (0, 2), "2": (0, 1), "4": (0, 1), "5": (0, 1)}
    assert table["within"].all() and set(table["rate"]) == {0.0}
    delays = table.filter(pl.col("side") == "perfect")["delay_s"]
    assert delays.min() > 0 and delays.max() <= 60, "a window's end is not later than a window"


def test_random_and_flag_all_cost_too_much_and_say_so(track):
    everything = score_frame(track.windows, [1.0] * track.windows.height)
    side = Side("all", "model", flag_trees("all", everything, 1.0, track), everything)
    table = by_grade([side, canary("random", track)], track)
    assert told(table, "all")["5"] == (1, 1)
    assert not table.filter(pl.col("side") == "all")["within"].any()


def test_parts_are_one_attack_that_is_seen_with_its_first_part_seen(track):
    late = Side("late", "rules", make_finding("c3", first=91.0, process_id=60))
    table = by_grade([late], track)
    assert told(table, "late")["5"] == (1, 1)
    row = table.filter((pl.col("by") == "grade") & (pl.col("of") == "5"))
    assert row["delay_s"].item() == pytest.approx((91.0 - 55.0) * 60), "from the first part's start"


def test_spliced_trials_are_no_attacks_of_their_own(windows, labels, processes):
    trials = make_labels(("a1~0001", "c2", 5, 9, None), ("a1~0002", "c3", 5, 9, None), provenance="spliced")
    more = pl.concat([labels, graded(trials, {"a1~0001": (1, "exec"), "a1~0002": (1, "exec")})])
    side = Side("rules", "rules", make_finding("c2", first=6))
    track = make_track(windows, more, processes)
    assert told(by_grade([side], track), "rules")["1"] == (0, 2)


def forest(*rows):
    """Rows of container, minute, root, score and the least budget at which it alarms."""
    return Side("forest", "model", empty(FINDINGS), trees=scored_trees(*rows))


def test_the_setting_is_chosen_by_what_it_really_cost(busy):
    """At 3 a day it finds a3 without any false tree, at 10 there is one, which is three a day."""
    side = forest(("c0", 12, 1010, 9.0, 0.25), ("c1", 22, 1030, 5.0, 3.0), ("c2", 3, 7, 6.0, 10.0))
    row = by_grade([side], busy).filter(pl.col("of") == "2").row(0, named=True)
    assert (row["found"], row["asked"], row["rate"], row["within"]) == (1, 5.0, 0.0, True)
    assert row["delay_s"] == pytest.approx((23 - 20.5) * 60)
    wider = by_grade([side], busy, most=3.5).filter(pl.col("of") == "2").row(0, named=True)
    assert (wider["asked"], wider["rate"]) == (30.0, pytest.approx(3.0))


def test_a_side_that_never_keeps_it_is_shown_at_its_narrowest(busy):
    side = forest(("c2", 3, 7, 6.0, 0.25), ("c0", 12, 1010, 9.0, 30.0))
    row = by_grade([side], busy).filter(pl.col("of") == "1").row(0, named=True)
    assert (row["found"], row["asked"], row["within"]) == (0, SETTINGS[0], False)


def test_two_sides_share_the_cost(busy):
    """Rules tuned to 3 a day are false once; with the model each has half of what was asked."""
    loud, quiet = make_finding("c2", first=50, process_id=7), make_finding("c0", first=41, process_id=20)
    rules = Side("rules, tuned", "rules", quiet, dial={b: loud if b >= 3 else quiet for b in SETTINGS})
    table = by_grade([rules, forest(("c0", 12, 1010, 9.0, 0.25), ("c1", 22, 1030, 5.0, 1.5))], busy)
    assert told(table, "rules, tuned") == {"1": (1, 2), "2": (0, 1), "4": (0, 1), "5": (0, 1)}
    assert told(table, "rules, tuned + forest") == {"1": (2, 2), "2": (1, 1), "4": (0, 1), "5": (0, 1)}
    row = table.filter(pl.col("side") == "rules, tuned + forest").row(0, named=True)
    assert (row["asked"], row["within"]) == (3.0, True), "at 10 the rules' half is 5, and loud"


def shown(ledger):
    text = io.StringIO()
    Console(file=text, width=150, color_system=None).print(ledger_view(ledger))
    return text.getvalue()


def test_it_is_printed_written_and_on_the_page(track):
    ledger = build_ledger([canary("perfect", track), canary("null", track)], track)
    assert "grade 5" in shown(ledger) and "service" in shown(ledger)
    assert {row["of"] for row in json.loads(json.dumps(as_json(ledger)))["by_grade"]} >= {"1", "5", "rce"}
    page = render_report(ReportInput("t", ledger))
    assert 'id="grades"' in page and "grade 4" in page


def test_without_grades_the_table_is_left_out(windows, labels, processes):
    bare = labels.with_columns(grade=pl.lit(None, pl.Int64), entry=pl.lit(None, pl.String))
    track = make_track(windows, bare, processes)
    ledger = build_ledger([canary("perfect", track)], track)
    assert ledger.by_grade.is_empty() and "grade" not in shown(ledger)
    assert 'id="grades"' not in render_report(ReportInput("t", ledger))


def test_a_grade_without_an_entry_is_shown_and_hostile_words_are_escaped(windows, labels, processes):
    odd = labels.with_columns(entry=pl.lit("<b>\x1b[2J"), grade=pl.lit(None, pl.Int64))
    ledger = build_ledger(
        [canary("perfect", make_track(windows, odd, processes))], make_track(windows, odd, processes)
    )
    assert "\x1b[2J" not in shown(ledger)
    assert "<b>\x1b" not in render_report(ReportInput("t", ledger))
