"""A source that is read in pieces of time gives the same bits as one that is read at once."""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from rtml import features
from rtml.baselines import Baseline, Selection
from rtml.captures import Capture
from rtml.features.beacon import RHYTHM
from rtml.features.in_blocks import assemble_in_blocks, can_be_cut
from rtml.features.recalled import Recalled
from rtml.features.source import Source, open_source
from rtml.features.windows import assemble_with_surprises
from rtml.schema import POLARS, conform
from rtml.times import MINUTE
from tests.conftest import ATTACKED, LAB

ORDER = ["time", "host", "seq", "conditional", "context", "key"]


def edges(capture: Capture, pieces: int, seed: int) -> list[dt.datetime]:
    begin, end = ATTACKED, capture.span[1]
    draw = random.Random(seed)
    inner = {MINUTE.border_before(begin + draw.random() * (end - begin)) for _ in range(pieces - 1)}
    return [begin, *sorted(at for at in inner if at > begin), end + dt.timedelta(minutes=1)]


@pytest.fixture(scope="module")
def stormy_time(lab: Capture) -> Source:
    """The time of the attacks, in containers that all pass for replicas of one workload: they share much."""
    source = open_source(lab, unit="tree").between(ATTACKED, None)
    return replace(source, identity=source.identity.with_columns(workload=pl.lit("one")))


@pytest.mark.parametrize(("pieces", "seed"), [(2, 1), (5, 2), (12, 3)])
def test_pieces_give_what_the_whole_gives(
    lab: Capture, stormy_time: Source, calm: Baseline, pieces: int, seed: int
):
    families = features.families_of(None)
    assert can_be_cut(families)
    whole = assemble_with_surprises(stormy_time, calm, families, beyond_peers=True)
    assert whole[1]["shared"].sum() > 0, "nothing is shared: the test says less than it should"
    assert whole[0]["beacon.regular"].sum() > 0
    passed = list[float]()
    cuts = edges(lab, pieces, seed)
    parts = list(assemble_in_blocks(lambda: stormy_time, calm, families, cuts, passed.append))
    assert len(parts) > 1
    assert passed == sorted(passed)
    assert len(passed) == 2 * len(parts), "replicas are read twice"
    assert passed[-1] == 1.0
    trees = pl.concat([trees for trees, _ in parts])
    tree = pl.col("process_id").fill_null(0)
    assert trees.sort("container_id", "window", tree).equals(whole[0].sort("container_id", "window", tree))
    surprises = pl.concat([surprises for _, surprises in parts]).sort(ORDER, maintain_order=True)
    assert surprises.equals(whole[1])


def test_of_what_is_recalled_a_piece_reads_what_it_meets(tmp_path: Path):
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    def piece(minute: int, addresses: list[str]) -> Source:
        calls = pl.DataFrame(
            {
                "time": [at + dt.timedelta(minutes=minute)] * len(addresses),
                "seq": [100 * minute + number for number in range(len(addresses))],
                "kind": "connect",
                "container_id": "c",
                "dst_ip": addresses,
                "dst_port": 443,
            }
        )
        return open_source(conform(calls), unit="tree")

    def recalled(selection: Selection) -> Recalled:
        (tmp_path / str(len(selection.met_by))).mkdir()
        kept = Recalled(tmp_path / str(len(selection.met_by)), [selection], POLARS.names())
        for minute, addresses in enumerate([["10.0.0.1", "10.0.0.2"], ["10.0.0.1", "10.0.0.3"]]):
            kept.add(piece(minute, addresses))
        return kept

    by_stream = recalled(RHYTHM.selection)
    met = by_stream.with_earlier(piece(2, ["10.0.0.3", "10.0.0.1"])).collect()
    assert met["seq"].sort().to_list() == [0, 100, 101, 200, 201]
    assert by_stream.with_earlier(piece(2, ["10.0.0.9"])).collect().height == 1
    # Of a selection that does not say by what events meet, all are.
    every = recalled(replace(RHYTHM.selection, met_by=()))
    assert every.with_earlier(piece(2, ["10.0.0.9"])).collect()["seq"].to_list() == [0, 1, 100, 101, 200]


FORGETTING = """
import sys
import polars as pl
from rtml import features
from rtml.baselines import Baseline
from rtml.captures import open_capture
from rtml.features.in_blocks import assemble_in_blocks
from rtml.features.source import open_source
from rtml.times import MINUTE

path = sys.argv[1]
begin, end = open_capture(path).span
middle = MINUTE.border_before(begin + (end - begin) / 2)
opened = lambda: open_source(open_capture(path), unit="tree")
families = features.families_of(None)
for tables in assemble_in_blocks(opened, Baseline(), families, [begin, middle, end]):
    del tables
    print(pl.Series(["a text that no event has"], dtype=pl.Categorical()).to_physical()[0])
"""


def test_texts_of_a_piece_are_forgotten_with_it():
    """Polars numbers texts; were those of a piece kept, memory would grow with all that there ever were."""
    capture = str(LAB / "capture")
    told = subprocess.run([sys.executable, "-c", FORGETTING, capture], capture_output=True, check=True)
    assert told.stdout.split() == [b"0", b"0"]
