"""A watch finds the same when the processes of what it looks at were put away before it looks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from rtml.captures import open_capture
from rtml.captures.following import leaving, put_away
from tests.watching.shops import Shop, cut, same, told, watched


def test_processes_that_were_put_away_are_found_as_if_they_had_stayed(
    falco: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """They leave a minute after their end, and so before the hold of ten minutes is over."""
    monkeypatch.setattr(put_away, "LEAST", 1)
    monkeypatch.setattr(leaving, "GRACE", dt.timedelta(minutes=1))
    monkeypatch.setattr(leaving, "SILENT", dt.timedelta(minutes=3))
    log, pieces = falco.log(tmp_path, []), cut(b"".join(falco.lines), 8, seed=2)
    state = tmp_path / "state"
    watched(falco, log, tmp_path / "f.jsonl", pieces=pieces, state=state)
    watched(falco, log, tmp_path / "f.jsonl", state=state)
    same(told(tmp_path / "f.jsonl"), falco.found)
    growing = open_capture(state / "capture").manifest.growing
    assert growing is not None
    assert len(growing.archive) > 3
