"""What the pictures of a hunt are made of: who calls what, how strange it was, what another version does."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from rtml.analyst import Hunt, versions
from rtml.analyst.hops import trees_of
from rtml.analyst.scored_history import containers_named, rollouts
from rtml.analyst.talking import edges_of
from rtml.baselines import Baseline
from rtml.baselines.counting import COUNTS
from rtml.errors import MissingError, UnknownNameError, UsageError
from tests.notebooks.test_showing import clean
from tests.rules.conftest import START, RowCapture, capture_of


def call(ip: str, port: int | None, exe: str = "/bin/app", **row: Any) -> dict[str, Any]:
    return {"kind": "connect", "dst_ip": ip, "dst_port": port, "exe": exe, **row}


def rows_of(edges: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    return edges.select(columns or ("who", "where", "count", "new")).rows()


def test_a_destination_has_the_name_that_answers_gave_it():
    capture = capture_of(
        [
            {"kind": "dns", "domain": "db.shop", "answers": ["10.0.0.5", "fd00::5"]},
            {"kind": "dns", "domain": "db.shop", "answers": ["10.0.0.5"]},
            {"kind": "dns", "domain": "zz.shop", "answers": ["10.0.0.5"]},
            {"kind": "dns", "domain": "nothing.shop"},
            call("10.0.0.5", 5432, count=7),
            call("fd00::5", 5432),
            call("fd00::6", 443),
            call("10.0.0.9", None, exe=None, comm="nc"),
            call("10.0.0.5", 22, container_id=None),
        ]
    )
    assert rows_of(edges_of(capture, "program")) == [
        ("/bin/app", "db.shop:5432", 8, None),
        ("/bin/app", "[fd00::6]:443", 1, None),
        ("[nc]", "10.0.0.9", 1, None),
    ]
    assert rows_of(edges_of(capture), "who")[0] == ("web",)
    assert edges_of(capture, containers=["c2"]).is_empty() and edges_of(capture_of([])).is_empty()


def test_what_is_first_seen_later_is_new_and_a_scan_is_one_line():
    scan = [call("10.0.0.7", port) for port in range(1, 40)]
    sweep = [call(f"10.1.0.{n}", 445) for n in range(30)]
    edges = edges_of(capture_of([call("10.0.0.5", 80), *scan, *sweep]), since=START + dt.timedelta(seconds=1))
    assert rows_of(edges) == [
        ("web", "10.0.0.7: 39 ports", 39, True),
        ("web", "30 hosts:445", 30, True),
        ("web", "10.0.0.5:80", 1, False),
    ]
    assert edges["first_seen"].min() == START


def test_what_the_model_has_never_seen_is_new(found: Hunt):
    shown = found.connections()
    new = [line for line in shown.text.splitlines() if line.endswith("◀ new")]
    assert any("10.99.0.14:4444" in line for line in new), "the shell that calls home"
    assert not any("6379" in line and line.startswith("app") for line in new), (
        "the cache that it always calls"
    )
    assert shown.text.splitlines()[-1].startswith("new: the model knew no such destination")
    clean(shown)
    named = found.connections("app", by="workload")
    assert {line.split(" → ")[0] for line in named.text.splitlines() if " → " in line} == {"app"}


def test_without_a_model_the_beginning_of_the_incident_or_a_moment_says_what_is_new(found: Hunt):
    rules = replace(found, scored=None)
    began = f"{rules[0].row['first_seen']:%Y-%m-%d %H:%M:%S}"
    assert rules[0].connections().text.endswith(f"new: first seen in this capture from {began} on")
    assert rules.connections().text.endswith("nothing tells what is new: give since=")
    later = rules.connections(since=found.capture.span[0])
    first, last = later.text.splitlines()[0], later.text.splitlines()[-1]
    number = first.split(": ")[1].split(" ")[0]
    assert f"{number} new" in first and last.startswith("new: first seen in this capture from 2026-11-24")
    with pytest.raises(UsageError, match="connections by 'pod': by one of workload, program"):
        rules.connections(by="pod")
    with pytest.raises(UsageError, match="hunt with model="):
        rules.history("app")


def test_a_history_is_that_of_the_scores(found: Hunt):
    assert found.scored is not None
    shown = found.history("app")
    ours = found.scored.scores.filter(pl.col("workload") == "app")
    assert f"{ours.height} windows of {ours['container_id'].n_unique()} containers" in shown.text
    assert f"{ours['alarm'].sum()} alarms, highest {ours['margin'].max():.3g}" in shown.text
    alarm = found.scored.alarms["surprise"]
    assert alarm.usual is not None and alarm.usual[0] <= alarm.usual[1] < alarm.limit
    assert f"alarm above {alarm.limit:.3g}; half of calibration: below {alarm.usual[0]:.3g}" in shown.text
    clean(shown)
    incident = next(one for one in found if "surprise" in one.row["detectors"])
    called = f"How strange {incident.row['workload']} {incident.containers[0][:12]} was"
    assert incident.history().text.startswith(called)
    one = str(ours["container_id"][0])
    assert "of 1 containers" in found.history(one[:12]).text
    with pytest.raises(MissingError, match="no workload or container 'ap'; did you mean 'app'"):
        found.history("ap")
    with pytest.raises(MissingError, match="no detector 'forest' took part"):
        found.history("app", "forest")


class Rolled(RowCapture):
    """A capture with containers of several versions."""

    def containers(self) -> pl.DataFrame:
        rows = [
            ("a1", "web", "shop/web:1", None, 0),
            ("a2", "web", "shop/web:1", None, 1),
            ("b1", "web", "shop/web:2", None, 5),
            ("b2", "web", "shop/web:2", None, 6),
            ("c1", "web", "shop/web:2", "sha256:" + "ab" * 32, 9),
            ("d1", "db", "pg:15", None, 2),
            ("d2", "db", None, None, 3),
            ("e1", None, "tool:1", None, 4),
        ]
        times = {"first_seen": [START + dt.timedelta(minutes=row[4]) for row in rows]}
        names = dict(
            zip(("container_id", "workload", "image", "image_digest"), zip(*rows, strict=True), strict=False)
        )
        frame = pl.DataFrame({**{name: list(column) for name, column in names.items()}, **times})
        return frame.with_columns(container_name="container_id")


def test_a_rollout_is_another_image_of_the_same_workload():
    capture = Rolled("x", capture_of([]).manifest)
    assert rollouts(capture, ["a1"]).rows() == [
        (START + dt.timedelta(minutes=5), "web: shop/web:2"),
        (START + dt.timedelta(minutes=9), "web: shop/web:2 @abababababab"),
    ]
    assert rollouts(capture, ["a1", "d1"]).height == 2, "each workload by itself"
    assert rollouts(capture, ["d1"]).is_empty() and rollouts(capture, ["e1"]).is_empty()
    assert containers_named(capture, "web") == ["a1", "a2", "b1", "b2", "c1"]
    assert containers_named(capture, "d2") == ["d2"]


def test_versions_say_what_the_new_one_does_and_what_is_gone():
    row = {"family": "files.read", "workload": "web", "subject": "cat", "container": "c", "count": 1}
    seen = [
        ("web:1", "read /a"),
        ("web:1", "read /old"),
        ("web:1", "read /older"),
        ("web:2", "read /a"),
        ("web:2", "read /new"),
    ]
    counts = [{**row, "image": image, "key": key} for image, key in seen]
    baseline = Baseline(pl.DataFrame(counts, COUNTS))
    assert versions(baseline, "web:1", "web:2").text.splitlines() == [
        "web:2 against web:1: 1 thing in 1 family",
        "files.read: 1 new, 2 gone",
        "  read /new by cat  1 of 1 containers, 1×",
    ]
    with pytest.raises(UnknownNameError, match="unknown image 'web:3'"):
        versions(baseline, "web:1", "web:3")
    with pytest.raises(UnknownNameError, match="unknown workload 'wep'"):
        versions(baseline, "web:1", "web:2", "wep")
    with pytest.raises(UsageError, match="are one image here"):
        versions(baseline, "web:1", "web:1")


def test_the_process_of_the_weightiest_event_is_marked(found: Hunt):
    assert found.scored is not None
    incident = next(one for one in found if "surprise" in one.row["detectors"])
    shown = incident.tree()
    drawn = incident.findings.filter(pl.col("process_id").is_in(incident.roots[:4]))
    first = drawn["evidence"].list.first().struct.unnest()
    events = (
        found.capture.events(["seq", "pid"]).filter(pl.col("seq").is_in(first["seq"].implode())).collect()
    )
    marked = {line.lstrip(" │├└─").split(" ")[0] for line in shown.text.splitlines() if "◆" in line}
    assert marked == set(events["pid"].cast(pl.String)) and "◆ this finding" in shown.markup
    clean(shown)
    nobody = trees_of(found, incident.findings.head(0), incident.roots)
    assert "◆" not in nobody.text and "bits" in nobody.text
    assert trees_of(found, incident.findings, []).text.startswith("No process is named")


def test_only_now_is_said_where_a_loaded_model_has_no_past(found: Hunt):
    assert found.scored is not None and found.scored.learnt is not None
    ours = next(one for one in found if "surprise" in one.row["detectors"])
    assert "Only what was scored now" not in ours.peers().text
    loaded = replace(found, scored=replace(found.scored, learnt=None))
    said = replace(ours, desk=loaded).peers().text
    assert said.splitlines()[-1].startswith("Only what was scored now: a model that was loaded")
