"""One length of a window, three views of it; borders between windows."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtml.captures.sensors import SENSORS
from rtml.errors import RtmlError, UsageError
from rtml.evaluation import read_labels
from rtml.findings.importing import read_alerts
from rtml.findings.reading import read_findings
from rtml.splits import Split
from rtml.times import UTC_NS, Window, from_text
from tests.captures.test_k8s_audit import event as audit_event
from tests.rules.test_alerts import FALCO
from tests.test_architecture import ROOT

seconds = st.integers(1, 7 * 24 * 3600)


@given(seconds)
def test_three_views_are_one_length(length: int):
    window = Window.of(f"{length}s")
    assert window == Window.of(window.text) == Window.of(window.length) == Window.of(window)
    assert window.nanoseconds == length * 10**9 and window.seconds == length


@given(seconds, st.integers(0, 2**31))
def test_a_time_lies_in_the_window_between_its_borders(length: int, second: int):
    at, window = dt.datetime.fromtimestamp(second, dt.UTC), Window.of(f"{length}s")
    frame = pl.DataFrame({"time": [at]}, schema={"time": UTC_NS})
    assert frame.select(window.start()).item() == window.border_before(at)
    assert window.border(at) - window.border_before(at) in (dt.timedelta(0), window.length)


@pytest.mark.parametrize("text", ["", "s", "0s", "-1s", "1.5m", "60", "1 m", "1d", "999999999h", "१s"])
def test_what_is_no_length_is_refused(text: str):
    with pytest.raises(UsageError, match="window"):
        Window.of(text)


@given(st.floats(0.01, 0.98), st.floats(0.01, 0.98), st.integers(100, 10_000))
def test_shares_are_of_the_time_and_lie_on_borders(one: float, two: float, minutes: int):
    if abs(one - two) < 0.02:
        return
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    split = Split(min(one, two), max(one, two)).between(begin, begin + dt.timedelta(minutes=minutes))
    assert all(edge.second == 0 for edge in split.edges)
    assert (split.edges[1] - begin) / dt.timedelta(minutes=minutes) == pytest.approx(min(one, two), abs=0.01)


WRAPPED = ("0001-01-01", "1677-09-21", "1709-02-11", "1754-08-30", "1969-12-31", "2200-01-01", "9999-12-31")
"""Days that 64 bits of nanoseconds cannot hold, or that no clock of a sensor shows."""


@pytest.mark.parametrize("day", WRAPPED)
def test_no_reader_wraps_a_time_round(tmp_path: Path, day: str):
    at = f"{day}T12:00:00Z"
    frame = pl.DataFrame({"at": [at, "2027-01-01T12:00:00.5Z"]})
    assert frame.select(from_text(pl.col("at"), "%+"))["at"].is_null().to_list() == [True, False]
    events = audit_event(1, requestReceivedTimestamp=at, stageTimestamp=at), audit_event(2)
    (tmp_path / "audit.log").write_text("\n".join(map(json.dumps, events)))
    reading = SENSORS["k8s-audit"].read(tmp_path / "audit.log")
    assert (reading.events.height, reading.rejects.height) == (1, 1)
    (tmp_path / "a.jsonl").write_text(json.dumps({**FALCO, "time": at}))
    assert read_alerts(tmp_path / "a.jsonl", "falco").alerts == 0
    for name, read in (("f.jsonl", read_findings), ("l.jsonl", read_labels)):
        row = {"finding_id": "f", "attack_id": "a", "container_id": "c", "detector": "d", "source": "rule"}
        times = dict.fromkeys(("start", "end", "first_seen", "last_seen"), at)
        (tmp_path / name).write_text(json.dumps(row | times))
        with pytest.raises(RtmlError, match=f"{name}.*{day}"):
            read(tmp_path / name)


@pytest.mark.parametrize("path", sorted((ROOT / "rtml").rglob("*.py")), ids=str)
def test_texts_of_others_become_times_in_one_place(path: Path):
    text = path.read_text("utf-8").replace(">>> at = at.str.to_datetime()", "")
    ours = path.name in ("instants.py", "scoring.py")  # scoring reads what the program itself wrote
    assert ours or "str.to_datetime(" not in text, f"{path}: use rtml.times.from_text"


@pytest.mark.parametrize("reverse", [False, True])
def test_each_text_is_read_by_itself_whatever_stands_beside_it(reverse: bool):
    texts = [
        "2027-01-01T00:00:00Z",
        "2027-01-01T02:00:00+02:00",
        "2026-12-31T22:00:00-0200",
        "2027-01-01T01:00:00+01",
        "2027-01-01 00:00:00.000000",
        "2027-01-01 00:00",
        "2027-01-01",
    ]
    texts = texts[::-1] if reverse else texts
    read = pl.DataFrame({"at": ["soon", *texts, "01/02/2027"]}).select(from_text(pl.col("at")).dt.epoch("s"))
    assert read["at"].to_list() == [None, *[1798761600] * len(texts), None]
