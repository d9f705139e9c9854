"""Recordings side by side by grade: their own counts, a dash for nothing, names of those without grades."""

import io

import polars as pl
from rich.console import Console

from benchmarks.grades import beside, ledger_of, show_grades
from benchmarks.quality import left_in, others
from rtml.evaluation.canaries import CANARIES
from rtml.evaluation.ledger import Ledger, build_ledger
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.evaluation.trivial import flag_trees
from rtml.experiment.config import Experiment
from rtml.report import write_ledger
from tests.evaluation.frames import make_labels, make_windows, score_frame


def ledger(*grades: int | None, name: str = "perfect") -> Ledger:
    """Judge a detector with a known answer on attacks of these grades."""
    rows = [(f"a{n}", f"c{n}", 10.0, 12.0, None) for n in range(len(grades))]
    labels = make_labels(*rows).with_columns(grade=pl.Series(grades, dtype=pl.Int64))
    track = make_track(make_windows(minutes=40), labels)
    scores = score_frame(track.windows, CANARIES[name](track))
    return build_ledger([Side("forest", "model", flag_trees(name, scores, 1.0, track), scores)], track)


def shown(**ledgers: Ledger) -> list[str]:
    text = io.StringIO()
    show_grades(Console(file=text, width=150, color_system=None), ledgers)
    return text.getvalue().splitlines()


def test_each_recording_has_a_row_with_its_own_counts():
    lines = shown(v1=ledger(1, 1, 2), v2=ledger(1, 5, name="null"))
    rows = {line.split()[1]: line for line in lines if line.startswith("forest ")}
    assert "2 of 2" in rows["v1"] and "1 of 1" in rows["v1"]
    assert "0 of 1" in rows["v2"] and rows["v1"].split()[-2] == "-", "v1 has no attack of grade 5"
    head = next(line for line in lines if "grade 1" in line)
    assert ["grade 1" in head, "grade 2" in head, "grade 5" in head, "grade 3" in head] == [True] * 3 + [
        False
    ]


def test_a_recording_without_grades_is_named_and_nothing_else_is_lost():
    lines = shown(old=ledger(None, None), new=ledger(3))
    assert "old: its labels say no grade" in lines and any("grade 3" in line for line in lines)
    assert shown(old=ledger(None)) == ["old: its labels say no grade"]


def test_a_recording_that_is_not_here_is_left_out(tmp_path):
    experiment = Experiment(capture=[str(tmp_path / "none")], labels=tmp_path / "none.parquet")
    assert beside(experiment, tmp_path / "out") is None
    config = tmp_path / "later.yml"
    config.write_text(f"capture: {tmp_path / 'none'}\nlabels: {tmp_path / 'none.parquet'}\n")
    assert others([config], 1, tmp_path / "out") == {} and not (tmp_path / "out").exists()


def test_who_has_no_labels_keeps_what_lies_before_the_test():
    assert left_in(Experiment(split={"early_attacks": "leave out"})).split.early_attacks == "keep"


def test_a_run_that_is_kept_is_read_and_not_run_again(tmp_path):
    judged = ledger(1, 2)
    (tmp_path / "run").mkdir()
    write_ledger(judged, tmp_path / "run")
    nowhere = Experiment(capture=[str(tmp_path / "none")], labels=tmp_path / "none.parquet")
    kept = ledger_of(nowhere, tmp_path / "run")
    assert kept.attacks.equals(judged.attacks) and kept.by_grade.equals(judged.by_grade)
    assert shown(v1=kept) == shown(v1=judged)
