"""The law of watching: whatever pieces a log comes in, what is told is what a batch finds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rtml.findings.jsonl import from_jsonl
from tests.watching.shops import Shop, same, told, watched


@pytest.mark.parametrize("events", [10**9, 400, 37])
def test_what_is_told_is_what_a_batch_finds(shop: Shop, tmp_path: Path, events: int):
    assert {"rule", "model"} == set(shop.found["source"])
    watched(shop, shop.log(tmp_path), tmp_path / "f.jsonl", events=events)
    same(told(tmp_path / "f.jsonl"), shop.found)
