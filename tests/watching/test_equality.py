"""The law of watching: whatever pieces a log comes in, what is told is what a batch finds.

A piece is a commit and a look, seconds of work: `make soak` has 40 pieces (``RTML_PIECES``).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from rtml.findings.jsonl import from_jsonl
from tests.watching.shops import Shop, cut, same, told, watched


@pytest.mark.parametrize("number", [1, int(os.environ.get("RTML_PIECES", "8"))])
def test_what_is_told_is_what_a_batch_finds(shop: Shop, tmp_path: Path, number: int):
    """Of every finding all that is told of it, whatever pieces the log grows by."""
    assert {"rule", "model"} == set(shop.found["source"])
    log, pieces = shop.log(tmp_path, []), cut(b"".join(shop.lines), number, seed=number)
    done = watched(shop, log, tmp_path / "f.jsonl", pieces=pieces)
    same(told(tmp_path / "f.jsonl"), shop.found)
    lines = from_jsonl((tmp_path / "f.jsonl").read_text("utf-8"))
    assert max(Counter(_contents(lines)).values()) == 1, "nothing is told twice"
    assert done.counts["findings told"] + done.counts["findings withdrawn"] == lines.height


@pytest.mark.parametrize("seed", [1])
def test_a_log_that_is_watched_now_and_then_gives_the_same(falco: Shop, tmp_path: Path, seed: int):
    """Watched once after each piece, and once without news; the state goes on."""
    log = falco.log(tmp_path, [])
    for piece in [*cut(b"".join(falco.lines), 3, seed), b""]:
        with log.open("ab") as file:
            file.write(piece)
        watched(falco, log, tmp_path / "f.jsonl", state=tmp_path / "state")
    same(told(tmp_path / "f.jsonl"), falco.found)
    lines = from_jsonl((tmp_path / "f.jsonl").read_text("utf-8"))
    assert max(Counter(_contents(lines)).values()) == 1, "nothing is told twice"


def _contents(lines: pl.DataFrame) -> list[str]:
    return [str(row) for row in lines.filter(pl.col("count") > 0).iter_rows()]


def parts(lines: Sequence[bytes]) -> list[bytes]:
    """Return lines by the hundred and fifty."""
    return [b"".join(lines[n : n + 150]) for n in range(0, len(lines), 150)]


def test_rows_out_of_order_are_in_within_the_hold_and_counted_beyond(falco: Shop, tmp_path: Path):
    """One attack comes six minutes late, an ordinary hour-old line comes when its time is settled."""
    attack = [line for line in falco.lines if b"/tmp/kit" in line and b"07:36:0" in line]
    rest = [line for line in falco.lines if line not in attack]
    place = next(n for n, line in enumerate(rest) if b"T07:42:" in line)
    said: list[str] = []
    pieces = parts([*rest[:place], *attack, *rest[place:]])
    log = falco.log(tmp_path, [])
    watched(falco, log, tmp_path / "f.jsonl", pieces=pieces, say=said.append)
    # Sequences, numbers and content of events follow the order of the log.
    assert told(tmp_path / "f.jsonl")["finding_id"].to_list() == falco.found["finding_id"].to_list()
    assert not [text for text in said if "late" in text]
    old = next(line for line in rest if b"/etc/conf.d" in line).replace(b"/etc/conf.d", b"/etc/late.d")
    pieces = parts([*falco.lines[:-150], old, *falco.lines[-150:]])
    log = falco.log(tmp_path / "old", [])
    watched(falco, log, tmp_path / "g.jsonl", pieces=pieces, say=said.append)
    assert [text for text in said if text.startswith("1 events came late")]
    assert told(tmp_path / "g.jsonl")["finding_id"].to_list() == falco.found["finding_id"].to_list()


def test_rules_do_not_wait_for_the_end_of_a_window(falco: Shop, tmp_path: Path):
    """An attack in the first seconds of a minute is told while the minute still comes."""
    lines = [
        line for line in falco.lines if (at := line.find(b"T07:36:")) < 0 or line[at + 7 : at + 9] < b"50"
    ]
    end = next(n for n, line in enumerate(lines) if b"T07:37:" in line)
    log = falco.log(tmp_path, [])
    watched(falco, log, tmp_path / "f.jsonl", pieces=parts(lines[:end]), state=tmp_path / "state")
    found = told(tmp_path / "f.jsonl").filter(pl.col("source") == "rule")
    last = found["last_seen"].dt.strftime("%H:%M").max()
    assert last == "07:36"
