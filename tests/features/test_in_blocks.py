"""A source that is read in pieces of time gives the same bits as one that is read at once."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import polars as pl
import pytest

from rtml import features
from rtml.baselines import Baseline
from rtml.captures import Capture
from rtml.features.in_blocks import assemble_in_blocks, can_be_cut
from rtml.features.source import Source, open_source
from rtml.features.windows import assemble_with_surprises
from rtml.times import MINUTE
from tests.conftest import ATTACKED

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
    parts = list(assemble_in_blocks(stormy_time, calm, families, edges(lab, pieces, seed)))
    assert len(parts) > 1
    trees = pl.concat([trees for trees, _ in parts])
    tree = pl.col("process_id").fill_null(0)
    assert trees.sort("container_id", "window", tree).equals(whole[0].sort("container_id", "window", tree))
    surprises = pl.concat([surprises for _, surprises in parts]).sort(ORDER, maintain_order=True)
    assert surprises.equals(whole[1])
