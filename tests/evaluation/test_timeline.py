"""The timeline of one container, and the whole evaluation over the shipped capture."""

import math
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import polars as pl
import pytest

from rtml.errors import RtmlError
from rtml.evaluation.activity import activity
from rtml.evaluation.labels.reading import read_labels
from rtml.evaluation.ledger import build_ledger
from rtml.evaluation.sides import Side
from rtml.evaluation.timeline import SHOWN_KINDS, make_timeline, most_attacked
from rtml.evaluation.track import make_track
from rtml.report.budget_picture import budget_picture
from rtml.report.timeline_picture import timeline_picture
from rtml.schema import FINDINGS, empty
from tests.evaluation.frames import MINUTE, make_finding, score_frame, utc


def test_events_are_counted_per_slice_and_rare_kinds_joined(windows, labels):
    kinds = [f"k{n}" for n in range(SHOWN_KINDS + 3)]
    events = pl.DataFrame(
        {
            "time": utc([5.0] * len(kinds) + [500.0]),
            "kind": [*kinds, "k0"],
            "container_id": "c0",
            "count": [*range(20, 20 - len(kinds), -1), 9],
        }
    )
    track = make_track(windows, labels)
    timeline = make_timeline("c0", events, [], track)
    assert timeline.events["events"].sum() == sum(range(20, 20 - len(kinds), -1))
    assert "other" in timeline.events["kind"] and timeline.events["kind"].n_unique() == 8
    assert most_attacked(track) == "c0"
    with pytest.raises(RtmlError, match="no test window"):
        make_timeline("c77", events, [], track)


def test_scores_are_drawn_as_shares_of_all_windows(windows, labels):
    track = make_track(windows, labels)
    side = Side("m", "model", make_finding(first=3), score_frame(track.windows, range(track.windows.height)))
    timeline = make_timeline("c3", empty().lazy(), [side], track)
    assert timeline.scores["share"].max() == pytest.approx(1.0)
    assert timeline.scores.height == 120
    assert timeline.findings.is_empty(), "the finding lies in another container"
    drawn = ET.fromstring(timeline_picture(timeline))
    assert [path.get("class") for path in drawn.iter("path")] == ["rank k-model"]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.97, 0.999])
def test_the_name_of_a_late_attack_stays_on_the_paper(windows, labels, share):
    track = make_track(windows, labels)
    timeline = make_timeline("c3", empty().lazy(), [], track)
    begin = timeline.begin + (timeline.end - timeline.begin) * share
    row = {"attack_id": "passwords-overwritten-at-night", "name": None, "start": begin, "end": timeline.end}
    drawn = ET.fromstring(timeline_picture(replace(timeline, attacks=pl.DataFrame([row]))))
    (name,) = (mark for mark in drawn.iter("text") if (mark.text or "").startswith("passwords"))
    room = 5.5 * len(name.text)
    ends = {"start": (0, room), "end": (-room, 0)}[name.get("text-anchor")]
    width = float(drawn.get("viewBox").split()[2])
    assert all(0 <= float(name.get("x")) + end <= width for end in ends)


def test_a_curve_without_false_alarms_can_be_drawn(windows, labels):
    track = make_track(windows, labels)
    perfect = score_frame(track.windows, track.windows["target"].fill_null(0))
    ledger = build_ledger([Side("m", "model", empty(FINDINGS), perfect)], track)
    drawn = ET.fromstring(budget_picture(ledger))
    places = [float(mark.get("cx")) for mark in drawn.iter("circle")]
    assert places and all(math.isfinite(x) and 0 < x < 520 for x in places), "a logarithmic axis has no zero"


def test_the_shipped_capture_carries_an_evaluation(lab, lab_labels):
    """Every attack lies in an observed window of its container; random does no better than luck."""
    labels = read_labels(lab_labels)
    infrastructure = lab.containers().filter(pl.col("role") == "infrastructure")["container_id"]
    windows = (
        lab.events(columns=["time", "container_id", "host"])
        .with_columns(pl.col("container_id", "host").cast(pl.String))
        .filter(~pl.col("container_id").is_in(infrastructure.cast(pl.String).implode()))
        .group_by("container_id", "host", window=pl.col("time").dt.truncate(MINUTE))
        .agg(complete=pl.lit(True))
        .collect()
    )
    processes = lab.processes().collect()
    active = activity(lab.events(), processes, MINUTE)
    track = make_track(windows, labels, processes, active=active, containers=lab.containers())
    assert track.notes == () and track.labels.height == 16
    noise = score_frame(track.windows, np.random.default_rng(0).random(track.windows.height))
    ledger = build_ledger([Side("noise", "model", empty(FINDINGS), noise)], track)
    rows = {row["side"]: row for row in ledger.summary.iter_rows(named=True)}
    assert rows["flag all"]["found"] == 16
    assert rows["random"]["auroc"] == pytest.approx(0.5, abs=0.1)
