"""What a hunt finds, how an incident shows itself, and what it says where something is lacking."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from pathlib import Path

import polars as pl
import pytest

import rtml
from rtml.analyst import Hunt, Incident, Rows
from rtml.analyst.desk import Desk
from rtml.analyst.quieted import why_untuned
from rtml.captures import Capture
from rtml.errors import MissingError, MissingFileError, UsageError
from rtml.models import Model
from rtml.schema import FINDINGS, empty
from tests.conftest import LAB


def test_every_finding_is_in_exactly_one_incident_and_the_gravest_is_first(found: Hunt):
    listed = found.table["finding_ids"].explode().to_list()
    assert sorted(listed) == sorted(found.findings["finding_id"])
    grave = found.table["severity"].to_list()
    assert grave == sorted(grave, reverse=True) and len(found) == len(grave) > 10
    assert {"model", "rule"} <= set(found.findings["source"])


def test_what_is_hunted_for_is_what_was_done(found: Hunt):
    """The replays of the recording are among the gravest incidents; labels guided nothing."""
    labels = rtml.read_labels(LAB / "labels.parquet")
    roots = {root for incident in list(found)[:20] for root in incident.roots}
    assert len(roots & set(labels["process_id"])) >= labels.height / 2


def test_an_incident_is_named_by_place_by_id_and_by_the_beginning_of_an_id(found: Hunt, lab: Capture):
    name = found[3].row["incident_id"]
    assert found[name].row == found[name[:12]].row == found[3].row == list(found)[3].row
    assert found[-1].row == found[len(found) - 1].row
    with pytest.raises(MissingError, match=r"there are \d+ incidents, the first is hunt\[0\]"):
        found[len(found)]
    with pytest.raises(MissingError, match="'zz' is no incident of this hunt"):
        found["zz"]
    with pytest.raises(UsageError, match="by its place .* or its id, not by None"):
        found[None]
    with pytest.raises(UsageError, match="verdicts=None: name the file"):
        rtml.hunt(lab, verdicts=None)
    with pytest.raises(MissingError, match="'' is no incident"):
        found[""]


def test_its_events_are_those_of_its_trees_in_its_time_and_hold_the_evidence(found: Hunt, lab: Capture):
    incident = next(one for one in found if one.roots and one.findings["process_id"].null_count() == 0)
    events = incident.events().frame
    evidence = incident.findings["evidence"].explode().drop_nulls().n_unique()
    assert events["rank"].drop_nulls().len() == evidence > 0
    seqs = lab.processes().filter(pl.col("root_id").is_in(incident.roots)).select("process_id").collect()
    ours = lab.events(["seq", "process_id", "host"]).filter(pl.col("seq").is_in(events["seq"].implode()))
    assert set(ours.collect()["process_id"]) <= set(seqs["process_id"])
    assert events["time"].is_sorted()


def test_every_view_is_drawn_and_is_plain_text_elsewhere(found: Hunt):
    incident = found[0]
    tree = incident.tree()
    assert tree.markup.count("surprise in bits") == len(incident.roots[:4]) and "bits" in tree.text
    assert "this one at" in incident.timeline().text
    model_found = next(one for one in found if "surprise" in one.row["detectors"])
    assert "◀" in model_found.peers().text
    assert model_found.peers("lineage.bits_max").text.startswith("lineage.bits_max")
    explained = incident.explain()
    assert {"check", "contain", "silence"} <= explained.sentences.keys() and "share" in repr(explained)
    for shown in (found, incident, explained, incident.events(), incident.similar(), found.containers()):
        assert repr(shown) and shown._repr_html_().count("<table") >= 1
        assert shown.to_pandas() is not None


def test_a_container_names_the_gravest_incident_that_it_is_in(found: Hunt):
    ranked = found.containers().frame
    assert ranked["incident"].null_count() < ranked.height
    for row in ranked.drop_nulls("incident").iter_rows(named=True):
        inside = [place for place, incident in enumerate(found) if row["container_id"] in incident.containers]
        assert row["incident"] == inside[0]


def test_a_hunt_that_found_nothing_says_so_when_asked_for_an_incident(lab: Capture, tmp_path: Path):
    nothing = rtml.hunt(lab, rules=None, findings=empty(FINDINGS), verdicts=tmp_path / "v.jsonl")
    with pytest.raises(MissingError, match="nothing was found, neither by rules nor by the model"):
        nothing[0]


def test_who_is_most_alike_shares_marks_and_is_never_the_incident_itself(found: Hunt):
    similar = found[0].similar(3).frame
    assert found[0].row["incident_id"] not in similar["incident_id"].to_list()
    assert similar["likeness"].is_between(0, 1).all() and similar["likeness"].is_sorted(descending=True)
    assert similar["shared"].list.len().min() >= 1


def test_msticpy_gets_the_columns_that_its_mapping_names(found: Hunt):
    frame, mapping = found[0].to_msticpy()
    columns = {column for field, column in mapping.items() if field != "path_separator"}
    assert columns <= set(frame.columns) and len(frame) > 1
    assert set(frame["ppid"].iloc[1:]) & set(frame["pid"])


def test_without_a_model_rules_hunt_alone_and_say_what_needs_one(lab: Capture):
    rules = rtml.hunt(str(LAB / "capture"), start=0.55)
    assert set(rules.findings["source"]) == {"rule"} and rules.scored is None
    for needs in (rules.containers, rules[0].peers):
        with pytest.raises(UsageError, match="model="):
            needs()
    assert "bits" not in rules[0].tree().text
    with pytest.raises(UsageError, match="nothing to hunt with"):
        rtml.hunt(lab, rules=None)


def test_findings_of_others_are_hunted_too_and_only_in_the_time_asked_for(lab: Capture, found: Hunt):
    given = found.findings.filter(pl.col("source") == "rule")
    middle = given["first_seen"].sort()[given.height // 2]
    later = rtml.hunt(lab, rules=None, findings=given, start=middle)
    assert 0 < len(later.findings) < given.height and later.findings["first_seen"].min() >= middle
    early = rtml.hunt(lab, rules=None, findings=given, end=middle)
    assert len(later.findings) + len(early.findings) == given.height
    nothing = rtml.hunt(lab, rules=None, findings=FINDINGS.to_frame())
    assert len(nothing) == 0 and repr(nothing).startswith("Hunt(no incident in")
    assert nothing._repr_html_() and list(nothing) == []


def test_a_wrong_feature_is_named_with_the_nearest(found: Hunt):
    model_found = next(one for one in found if "surprise" in one.row["detectors"])
    with pytest.raises(MissingError, match=r"unknown feature 'lineage.bits_mxa'; did you mean"):
        model_found.peers("lineage.bits_mxa")


def test_hostile_strings_are_escaped_wherever_an_incident_shows_them(found: Hunt):
    hostile = "<script>alert(1)</script>\x1b[2J"
    findings = found.findings.head(1).with_columns(title=pl.lit(hostile), workload=pl.lit(hostile))
    table = found.table.head(1).with_columns(
        title=pl.lit(hostile),
        workload=pl.lit(hostile),
        finding_ids=pl.lit([findings["finding_id"][0]], pl.List(pl.String)),
    )
    hunt = Hunt(found.capture, findings, table, found.scored, found.verdicts)
    incident = Incident(hunt, table.row(0, named=True))
    rows = Rows(pl.DataFrame({"exe": [hostile]}))
    for shown in (hunt, incident, rows, incident.explain()):
        assert "<script" not in shown._repr_html_() and "\x1b" not in repr(shown)


def test_noisy_rules_are_tuned_on_what_the_model_learnt_and_nothing_is_lost(found: Hunt, lab: Capture):
    as_they_come = rtml.hunt(lab, rules="default", start=0.55)
    ours = found.findings.filter(pl.col("source") == "rule")
    assert 0 < ours.height < as_they_come.findings.height / 2 and found.aside.height > 0
    assert "of noisy rules set aside" in repr(found) and as_they_come.aside.is_empty()
    with pytest.raises(UsageError, match="did you mean 'tuned'"):
        rtml.hunt(lab, rules="tunde")


def test_findings_whose_events_are_gone_are_said_to_be_of_another_capture(found: Hunt, lab: Capture):
    moved = pl.col("evidence").list.eval(
        pl.struct(pl.element().struct.field("host"), seq=pl.element().struct.field("seq") + 10**9)
    )
    gone = found.findings.with_columns(
        evidence=moved, process_id=pl.col("process_id") + 1, container_id=pl.lit("elsewhere")
    )
    incident = rtml.hunt(lab, rules=None, findings=gone)[0]
    sentence = f"{lab.path} holds no event of these findings: hunt in the capture that they were made from."
    for drawn in (incident.tree(), incident.timeline(), incident.events()):
        assert repr(drawn) == sentence
    with pytest.raises(MissingError, match="holds no event"):
        incident.to_rule()
    assert len(incident.events()) == 0 and incident.explain().reasons.height


def test_findings_are_taken_from_where_they_are(found: Hunt, lab: Capture, tmp_path: Path):
    found.findings.write_parquet(tmp_path / "findings.parquet")
    assert rtml.hunt(lab, rules=None, findings=tmp_path).table.equals(
        rtml.hunt(lab, rules=None, findings=found.findings).table
    )


@pytest.mark.parametrize(
    ("capture", "words"),
    [
        ("no/such/folder", r"no capture here \(no such folder\)"),
        ("README.md", r"no capture here \(this is a file, a capture is a folder\); `rtml capture import"),
        ("tests", r"no capture here \(capture.json is missing\); `rtml capture import"),
    ],
)
def test_what_is_no_capture_says_what_it_is_and_how_one_is_made(capture: str, words: str):
    with pytest.raises(MissingFileError, match=words):
        rtml.hunt(LAB.parents[1] / capture)


def test_what_is_no_model_says_so(lab: Capture, tmp_path: Path):
    for place, words in ((tmp_path, "no model.json"), (tmp_path / "x", "no such folder")):
        with pytest.raises(MissingFileError, match=rf"not a model folder \({words}\); `rtml train`"):
            rtml.hunt(lab, place)


def test_rules_that_run_untuned_say_why(found: Hunt, lab: Capture, model: Model):
    assert found.untuned == "" and "untuned" not in repr(found) + found._repr_html_()
    early = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    assert why_untuned(lab, early).endswith("the model learnt from none of the time of this capture.")
    assert why_untuned(lab, None).endswith("without a model nobody says which time is benign.")
    assert why_untuned(lab, model.description.fitted_until) == ""
    told = Hunt(*(getattr(found, field.name) for field in fields(Desk) if field.name != "untuned"), "<why>")
    assert repr(told) == f"{found!r}\n<why>"
    assert told._repr_html_().endswith("<p>&lt;why&gt;</p>")
