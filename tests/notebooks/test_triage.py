"""The triage app is code: its cells run, and a verdict goes to the file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from rtml.analyst import Hunt
from tests.conftest import REPOSITORY

pytest.importorskip("marimo", reason="needs rtml[lab]: make desk")


def triage() -> Any:
    """Return the app: its cells have not run."""
    spec = importlib.util.spec_from_file_location("triage", REPOSITORY / "notebooks" / "triage.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.app


def test_the_app_runs_and_shows_the_gravest_incident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["triage.py", "--verdicts", str(tmp_path / "verdicts.jsonl")])
    monkeypatch.chdir(REPOSITORY / "notebooks")
    outputs, defined = triage().run()
    hunt, incident = defined["hunt"], defined["incident"]
    assert isinstance(hunt, Hunt) and incident.row == hunt[0].row
    drawn = incident.tree().markup
    assert any(drawn in str(getattr(output, "text", "")) for output in outputs)
    assert not (tmp_path / "verdicts.jsonl").exists(), "nothing is said before somebody says it"


def test_what_is_no_capture_is_said_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["triage.py", "--capture", str(tmp_path)])
    outputs, defined = triage().run()
    told = " ".join(str(getattr(output, "text", "")) for output in outputs)
    assert "no capture here" in told and "Hunting in" in told and "incident" not in defined
