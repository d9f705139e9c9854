"""API calls that are streamed: told as a batch tells them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from rtml.models import load_model
from tests.findings.test_anomalous_calls import BEGIN, LEARNT, THIEF, capture_of, request, trained  # fixture

__all__ = ["trained"]


@pytest.mark.parametrize("minutes", [7, 200])
def test_a_stream_of_requests_tells_what_a_batch_tells(trained: Any, tmp_path: Path, minutes: int):
    """Saved and opened between two batches, with requests of the thief in several of them."""
    usual = [request(5000 + i, LEARNT + i, "get", ("pods", "configmaps")[i % 2]) for i in range(60)]
    stolen = [request(9000 + i, LEARNT + at, "list", "secrets", **THIEF) for i, at in enumerate((4, 5, 31))]
    capture = capture_of(tmp_path / "c", [*usual, *stolen])
    model = load_model(trained.save(tmp_path / "trained"))
    whole = model.score(capture, hold="10m")
    assert whole.findings.height >= 2
    table, begin = None, LEARNT
    while begin < LEARNT + 60:
        edges = [BEGIN + dt.timedelta(minutes=at) for at in (begin, begin + minutes)]
        table = model.stream(capture, start=edges[0], end=edges[1]).onto(table)
        model, begin = load_model(model.save(tmp_path / f"m{begin}")), begin + minutes
    assert model.flush().onto(table).equals(whole.findings)
