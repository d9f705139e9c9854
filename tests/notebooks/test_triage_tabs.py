"""Every tab of the triage app, on the shipped capture and on one without the kinds that tabs draw."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import open_capture
from rtml.captures.write import write_capture
from rtml.schema import REJECTS, empty
from tests.conftest import LAB, REPOSITORY
from tests.notebooks.test_triage import triage

pytest.importorskip("marimo", reason="needs rtml[lab]: make desk")

TABS = ["what", "why", "tree", "timeline", "peers", "history", "connections", "events", "similar"]


@pytest.fixture(scope="module", params=["shipped", "programs alone", "connections alone"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped capture, or three workloads of it with one kind of event."""
    kinds = {"programs alone": "exec", "connections alone": "connect"}
    if request.param not in kinds:
        return LAB / "capture"
    lab = open_capture(LAB / "capture")
    ours = lab.containers().filter(pl.col("workload").is_in(["web", "client", "job"]))["container_id"]
    theirs = pl.col("container_id").cast(pl.String).is_in(ours.implode())
    events = lab.events().filter(theirs & (pl.col("kind") == kinds[request.param])).collect()
    manifest = lab.manifest.model_copy(update={"events": events.height})
    target = tmp_path_factory.mktemp("triage") / "capture"
    write_capture(target, manifest, events, lab.processes().filter(theirs).collect(), empty(REJECTS))
    return target


def test_every_tab_is_drawn_or_says_why_not(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "verdicts.jsonl"
    monkeypatch.setattr(sys, "argv", ["triage.py", "--capture", str(place), "--verdicts", str(file)])
    monkeypatch.chdir(REPOSITORY / "notebooks")
    outputs, defined = triage().run()
    page = " ".join(str(getattr(output, "text", "")) for output in outputs)
    if not len(defined["hunt"]):
        assert "Nothing was found" in page
        return
    assert all(tab in page for tab in TABS) and "Traceback" not in page
    incident = defined["incident"]
    for tab in ("tree", "timeline", "peers", "history", "connections"):
        assert getattr(incident, tab)().markup in page, tab
    for tab in ("explain", "events", "similar"):
        assert getattr(incident, tab)()._repr_html_() in page, tab


def test_a_verdict_file_in_no_folder_is_said_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    argv = ["triage.py", "--verdicts", str(tmp_path / "no" / "v.jsonl"), "--model", str(tmp_path / "m")]
    monkeypatch.setattr(sys, "argv", argv[:3])
    monkeypatch.chdir(REPOSITORY / "notebooks")
    outputs, _ = triage().run()
    assert "there is no folder" in " ".join(str(getattr(output, "text", "")) for output in outputs)
    monkeypatch.setattr(sys, "argv", [argv[0], *argv[3:]])
    outputs, defined = triage().run()
    page = " ".join(str(getattr(output, "text", "")) for output in outputs)
    assert "no such file or folder" in page and "keep the verdict" not in page and "keep" not in defined
    assert list(tmp_path.iterdir()) == []
