"""The law of watching: whatever pieces a log comes in, what is told is what a batch finds."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from rtml.findings.jsonl import from_jsonl
from tests.watching.shops import Shop, same, told, watched


@pytest.mark.parametrize("events", [10**9, 170])
def test_what_is_told_is_what_a_batch_finds(shop: Shop, tmp_path: Path, events: int):
    """Of every finding all that is told of it, at whatever events a look comes."""
    assert {"rule", "model"} == set(shop.found["source"])
    done = watched(shop, shop.log(tmp_path), tmp_path / "f.jsonl", events=events)
    same(told(tmp_path / "f.jsonl"), shop.found)
    lines = from_jsonl((tmp_path / "f.jsonl").read_text("utf-8"))
    assert lines.is_unique().all(), "nothing is told twice"
    assert done.counts["findings told"] + done.counts["findings withdrawn"] == lines.height


@pytest.mark.parametrize("seed", [1, 2])
def test_a_log_that_is_watched_now_and_then_gives_the_same(falco: Shop, tmp_path: Path, seed: int):
    """Cut anywhere, also within a line, and watched once after each piece; the state goes on."""
    raw, rng = b"".join(falco.lines), random.Random(seed)
    cuts = sorted(rng.sample(range(len(raw)), 4))
    log = falco.log(tmp_path, [])
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        with log.open("ab") as file:
            file.write(raw[start:end])
        for _ in range(2 if end == cuts[1] else 1):  # and once without news
            watched(falco, log, tmp_path / "f.jsonl", state=tmp_path / "state", events=rng.randint(50, 500))
    same(told(tmp_path / "f.jsonl"), falco.found)
    lines = from_jsonl((tmp_path / "f.jsonl").read_text("utf-8"))
    assert max(Counter(_contents(lines)).values()) == 1, "nothing is told twice"


def _contents(lines: pl.DataFrame) -> list[str]:
    return [str(row) for row in lines.filter(pl.col("count") > 0).iter_rows()]


def test_rows_out_of_order_are_in_within_the_hold_and_counted_beyond(falco: Shop, tmp_path: Path):
    """One attack comes six minutes late, an ordinary hour-old line comes when its time is settled."""
    attack = [line for line in falco.lines if b"/tmp/kit" in line and b"07:36:0" in line]
    rest = [line for line in falco.lines if line not in attack]
    place = next(n for n, line in enumerate(rest) if b"T07:42:" in line)
    said: list[str] = []
    late = [*rest[:place], *attack, *rest[place:]]
    log = falco.log(tmp_path, late)
    watched(falco, log, tmp_path / "f.jsonl", events=60, say=said.append)
    # Sequences, numbers and content of events follow the order of the log.
    assert told(tmp_path / "f.jsonl")["finding_id"].to_list() == falco.found["finding_id"].to_list()
    assert not [text for text in said if "late" in text]
    old = rest[5].replace(b"/etc/conf.d", b"/etc/late.d")
    log = falco.log(tmp_path / "old", [*falco.lines[: len(falco.lines) - 50], old, *falco.lines[-50:]])
    watched(falco, log, tmp_path / "g.jsonl", events=60, say=said.append)
    assert [text for text in said if text.startswith("1 events came late")]
    assert told(tmp_path / "g.jsonl")["finding_id"].to_list() == falco.found["finding_id"].to_list()
