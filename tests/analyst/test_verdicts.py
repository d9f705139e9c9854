"""One file of verdicts: suppression, training and evaluation read it; lines are only added."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import rtml
from rtml.analyst import Hunt
from rtml.captures import Capture
from rtml.cli import app
from rtml.errors import MissingFileError, RtmlError, UsageError
from rtml.findings.suppression.archiving import suppress
from rtml.findings.suppression.files import read_suppressions
from rtml.findings.verdicts import About, Verdict, add_verdict, as_labels, benign_trees, read_verdicts
from rtml.models import Model
from rtml.models.learning import OUTLIERS
from tests.conftest import LAB

AT = dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)


def said(verdict: str, *names: str, incident: str = "i", **facts: object) -> Verdict:
    span = {"start": AT, "end": AT + dt.timedelta(minutes=1)}
    about = [{"finding_id": name, **span, **facts} for name in names]
    whole = {"time": AT, "by": "me", "expires": AT + dt.timedelta(days=90), "incident": incident}
    return Verdict.model_validate(whole | {"verdict": verdict, "reason": "why", "findings": about})


def test_a_verdict_is_shown_and_the_last_one_counts(afresh: Hunt):
    assert afresh.view()["verdict"].null_count() == len(afresh)
    afresh[0].verdict("attack", "nobody knows it", by="ana")
    afresh[1].verdict("benign", "the nightly export")
    afresh[0].verdict("unsure", "asked the team")
    assert afresh.view()["verdict"].head(3).to_list() == ["unsure", "benign", None]
    assert "benign" in afresh[1]._repr_html_()
    lines = afresh.verdicts.read_text().splitlines()
    assert len(lines) == 3  # lines are only ever added


@pytest.mark.parametrize(
    ("verdict", "reason", "words"),
    [("benin", "x", "did you mean 'benign'"), ("", "x", "unknown"), ("benign", "  ", "needs a reason")],
)
def test_what_is_no_verdict_writes_nothing(afresh: Hunt, verdict: str, reason: str, words: str):
    with pytest.raises(UsageError, match=words):
        afresh[0].verdict(verdict, reason)
    assert not afresh.verdicts.exists()


@pytest.mark.parametrize(
    ("place", "words"),
    [("no/v.jsonl", "there is no folder .*no: make it, or"), (".", "Is a directory; name a file in it")],
)
def test_a_misspelt_folder_is_said_before_the_hunt_and_never_made(
    place: str, words: str, lab: Capture, tmp_path: Path
):
    with pytest.raises(RtmlError, match=words):
        rtml.hunt(lab, verdicts=tmp_path / place)
    with pytest.raises(RtmlError, match=words):
        add_verdict(tmp_path / place, said("benign", "a"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_is_said_before_the_hunt(lab: Capture, tmp_path: Path):
    file = tmp_path / "v.jsonl"
    file.write_text('{"verdict": "benign"}\n')
    with pytest.raises(UsageError, match=r"v.jsonl: line 1: .* is required"):
        rtml.hunt(lab, rules=None, findings=tmp_path / "of nobody.parquet", verdicts=file)


def test_benign_verdicts_silence_findings_like_these_and_no_others(afresh: Hunt):
    incident = next(one for one in afresh if one.row["findings"] > 1)
    incident.verdict("benign", "ours")
    done = suppress(afresh.findings, read_suppressions(afresh.verdicts), now=dt.datetime.now(dt.UTC))
    archived = set(done.archived["finding_id"])
    assert set(incident.findings["finding_id"]) <= archived
    others = afresh.findings.filter(pl.col("workload") != incident.row["workload"])
    assert not set(others["finding_id"]) & archived and done.kept.height > afresh.findings.height / 2
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=91)
    assert suppress(afresh.findings, read_suppressions(afresh.verdicts), now=later).archived.is_empty()


def test_the_bits_of_a_title_do_not_matter_but_the_chain_does(tmp_path: Path):
    title = "web: sh -> cp (never seen: child given its ancestors, 10.2 bits)"
    facts = {"type": "t", "workload": "web", "exe": "/bin/cp"}
    add_verdict(tmp_path / "v.jsonl", said("benign", "f", title=title, **facts))
    titles = [title.replace("10.2", "9.7"), "web: sh -> cp (2 trees)", "web: sh -> cp -> nc (9 bits)", None]
    rows = pl.DataFrame([{"finding_id": str(i), "title": t, **facts} for i, t in enumerate(titles)])
    from rtml.schema import FINDINGS, conform

    kept = suppress(conform(rows, FINDINGS), read_suppressions(tmp_path / "v.jsonl"), now=AT).kept
    assert kept["finding_id"].to_list() == ["2", "3"]


def test_a_finding_of_which_nothing_is_known_silences_nothing(tmp_path: Path):
    add_verdict(tmp_path / "v.jsonl", said("benign", "a", type="t", workload="web"))
    add_verdict(tmp_path / "v.jsonl", said("benign", "b", type="t", title="x", exe="/x"))
    assert read_suppressions(tmp_path / "v.jsonl") == []


def test_attacks_are_labels_that_evaluation_reads(afresh: Hunt):
    incident = next(one for one in afresh if len(one.roots) > 1)
    incident.verdict("attack", "a shell of nobody's")
    afresh[-1].verdict("benign", "ours")
    labels = rtml.read_labels(afresh.verdicts)
    assert set(labels["provenance"]) == {"analyst"} and set(labels["process_id"]) == set(incident.roots)
    assert labels["attack_id"].str.starts_with(incident.row["incident_id"] + "~").all()
    assert (labels["start"] <= labels["end"]).all()


def test_what_is_about_a_workload_labels_each_of_its_containers():
    labels = as_labels([said("attack", "f", containers=["a", "b"]), said("attack", "g", incident="j")])
    assert labels.select("attack_id", "container_id").rows() == [("i~1", "a"), ("i~2", "b")]


def test_a_later_line_takes_its_findings_from_an_earlier_one(tmp_path: Path):
    file = tmp_path / "v.jsonl"
    add_verdict(file, said("attack", "a", "b", host="h", process_id=1))
    add_verdict(file, said("benign", "b", incident="j", host="h", process_id=2))
    first, second = read_verdicts(file)
    assert [about.finding_id for about in first.findings] == ["a"]
    assert benign_trees([first, second]) == {("h", 2)}


def test_a_line_that_was_cut_costs_itself_alone_and_is_named(tmp_path: Path):
    file = tmp_path / "v.jsonl"
    add_verdict(file, said("attack", "a"))
    with file.open("ab") as stream:
        stream.write(b'{"verdict": "att')
    add_verdict(file, said("benign", "b"))
    assert file.read_text().count("\n") == 3
    with pytest.raises(UsageError, match=r"v.jsonl: line 2 is no JSON"):
        read_verdicts(file)
    with pytest.raises(UsageError, match=r"line 1.*verdct.*did you mean 'verdict'"):
        file.write_text(said("attack", "a").model_dump_json().replace("verdict", "verdct") + "\n")
        read_verdicts(file)
    with pytest.raises(MissingFileError, match="no such file"):
        read_verdicts(tmp_path / "none.jsonl")


def test_labels_of_people_in_json_lines_are_still_read(tmp_path: Path):
    file = tmp_path / "labels.jsonl"
    file.write_text('{"attack_id": "a", "container_id": "c", "start": 1795490205, "end": 1795490208}\n')
    assert rtml.read_labels(file).height == 1
    file.write_text("[1]\n")
    with pytest.raises(RtmlError, match="line 1"):
        rtml.read_labels(file)


def test_training_leaves_attacks_out_and_learns_what_is_benign(lab: Capture, model: Model, tmp_path: Path):
    split, learnt = rtml.Split(calibrate=0.3, test=0.55).of(lab), model
    assert learnt.trees is not None
    row = learnt.trees.filter(pl.col("part") == "train").row(0, named=True)
    about = {name: row[name] for name in ("host", "container_id", "process_id")}
    span = {"start": row["window"], "end": row["window"] + dt.timedelta(seconds=1)}
    verdict = said("attack", "f")
    attack = About.model_validate({"finding_id": "f", **span, **about})
    add_verdict(tmp_path / "v.jsonl", verdict.model_copy(update={"findings": (attack,)}))
    without = rtml.train(lab, ["surprise"], split, verdicts=tmp_path / "v.jsonl")
    assert without.trees is not None
    cell = (pl.col("container_id") == row["container_id"]) & (pl.col("window") == row["window"])
    assert learnt.trees.filter(cell).height > 0 == without.trees.filter(cell).height


def test_who_was_said_to_be_benign_is_no_outlier():
    from rtml.models.learning import _unsaid

    rows = OUTLIERS.to_frame().clear(2).with_columns(host=pl.lit("h"), process_id=pl.Series([1, 2]))
    assert _unsaid(rows, frozenset({("h", 1), ("g", 2)}))["process_id"].to_list() == [2]
    assert _unsaid(rows, frozenset()).height == 2


def test_the_command_line_takes_the_file(afresh: Hunt, tmp_path: Path):
    afresh[0].verdict("benign", "x")
    found, out = tmp_path / "found.parquet", tmp_path / "kept.parquet"
    afresh.findings.write_parquet(found)
    quiet = ["findings", "suppress", found, "--rules", afresh.verdicts, "--out", out]
    assert CliRunner().invoke(app, list(map(str, quiet))).exit_code == 0
    assert pl.read_parquet(out).height < afresh.findings.height
    gone = str(tmp_path / "none.jsonl")
    none = ["train", str(LAB / "capture"), "--verdicts", gone, "--out", str(tmp_path / "m"), "--no-track"]
    refused = CliRunner().invoke(app, none)
    assert isinstance(refused.exception, MissingFileError) and "none.jsonl" in str(refused.exception)


def test_a_verdict_that_cannot_be_kept_is_an_error(afresh: Hunt, tmp_path: Path):
    (tmp_path / "verdicts.jsonl").mkdir()
    with pytest.raises(RtmlError, match="verdicts.jsonl: Is a directory"):
        afresh[0].verdict("benign", "the nightly export")
