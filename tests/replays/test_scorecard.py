"""The scorecard counts ids, not attacks; parts count once; what nobody knows is null, never nought."""

import json
from pathlib import Path

import polars as pl
from typer.testing import CliRunner

from rtml.cli import app
from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.sides import Side
from rtml.evaluation.track import make_track
from rtml.experiment.finished import Finished
from rtml.replays.catalogue import catalogue
from rtml.replays.coverage import Coverage
from rtml.replays.scorecard import scorecard
from rtml.report.ledger_files import write_ledger
from tests.evaluation.frames import make_finding, make_labels, make_windows

ATTACKS = {n: a for n, a in catalogue().items() if n in ("anti-debugging", "backup-in-shares", "dga-slow")}
CATALOGUE = Coverage(
    "falco",
    "Actions",
    {"falco:A": ["anti-debugging", "dga-slow"], "falco:B": ["dga-slow"], "falco:C": ["backup-in-shares"]},
    {"falco:D": "it cannot be done here"},
)


def finished(found: dict[str, bool], false: float = 3.0, days: float = 2.0) -> Finished:
    attacks = pl.DataFrame(
        {"attack_id": list(found), "side": "forest", "kind": "model", "found": list(found.values())}
    )
    summary = pl.DataFrame({"side": ["forest"], "kind": ["model"], "false": [false], "days": [days]})
    nothing = pl.DataFrame()
    return Finished(Path("run"), summary, attacks, nothing, nothing, {})


def test_ids_are_counted_along_the_chain():
    row = scorecard([CATALOGUE], ATTACKS, recorded=["dga-slow", "backup-in-shares~2"], seen=["dga-slow"])[0]
    assert (row.chosen, row.here, row.recorded, row.seen) == (4, 3, 3, 2)


def test_what_is_not_given_is_not_known():
    row = scorecard([CATALOGUE], ATTACKS)[0]
    assert (row.recorded, row.seen, row.found) == (None, None, [])


def test_a_part_that_is_found_finds_its_attack_and_the_rate_is_stated():
    run = finished({"backup-in-shares~1": False, "backup-in-shares~2": True, "anti-debugging": False})
    falco, *grades = scorecard([CATALOGUE], ATTACKS, run=run)
    assert falco.recorded == 2 and [(f.found, f.rate) for f in falco.found] == [(1, 1.5)]
    assert [(row.name, row.found[0].found) for row in grades] == [("grade 2", 0), ("grade 5", 1)]


def test_what_lies_before_the_test_of_a_run_is_recorded_and_not_judged():
    run = finished({"anti-debugging": True})
    falco = scorecard([CATALOGUE], ATTACKS, recorded=["anti-debugging", "dga-slow"], run=run)[0]
    assert (falco.recorded, falco.judged, falco.found[0].found) == (2, 1, 1)


def test_without_container_days_no_rate_is_made_up():
    row = scorecard([CATALOGUE], ATTACKS, run=finished({"dga-slow": True}, days=0.0))[0]
    assert row.found[0].rate is None


def test_the_command_prints_one_document():
    done = CliRunner().invoke(app, ["replay", "scorecard", "--json"])
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert (rows["falco"]["chosen"], rows["atomic"]["chosen"]) == (66, 428)
    assert rows["falco"]["recorded"] is None


def test_a_capture_alone_says_nothing_about_attacks(tmp_path: Path):
    done = CliRunner().invoke(app, ["replay", "scorecard", "--capture", str(tmp_path)])
    assert done.exit_code != 0 and "name its labels" in f"{done.output}{done.exception}"


def run_of(folder: Path, *names: str) -> Path:
    """Write a run that judged attacks of these names: rules find the first, a model all; one false each."""
    track = make_track(
        make_windows(), make_labels(*((name, f"c{n}", 10, 12, None) for n, name in enumerate(names)))
    )
    rules = pl.concat([make_finding("c0", first=11.0), make_finding("c3", first=90.0)])
    models = [make_finding(f"c{n}", first=11.0, source="model") for n in range(len(names))]
    sides = [Side("rules, tuned", "rules", rules), Side("forest", "model", pl.concat([*models, rules[1:]]))]
    folder.mkdir()
    write_ledger(build_ledger(sides, track), folder)
    return folder


def test_a_finished_run_is_read_and_told_a_row_for_each_side(tmp_path: Path):
    run = run_of(tmp_path / "run", "anti-debugging", "backup-in-shares~1", "backup-in-shares~2")
    done = CliRunner().invoke(app, ["replay", "scorecard", str(run)], env={"COLUMNS": "150"})
    rows = {line.split("  ")[0]: line.split() for line in done.stdout.splitlines()}
    assert rows["found of"][2:9] == ["falco:", "1", "grade", "2:", "1", "grade", "5:"]
    assert rows["rules, tuned"][2:] == ["1", "1", "0", "3.00"]
    assert rows["forest"][1:] == ["1", "1", "1", "3.00"]
    assert rows["models + rules"][3:6] == ["1", "1", "1"], "both together"


def test_a_run_of_other_peoples_attacks_says_so(tmp_path: Path):
    done = CliRunner().invoke(app, ["replay", "scorecard", str(run_of(tmp_path / "run", "theirs"))])
    assert "no attack of the lab was judged in that run" in done.stdout
