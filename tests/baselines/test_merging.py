"""Law 6: merging is associative and commutative, and equals learning in one go."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from rtml.baselines import Baseline, merge
from rtml.features import learn
from rtml.testing.events import events

cells = st.lists(
    st.tuples(
        st.sampled_from(["web-1", "web-2", "app-1"]),
        st.sampled_from(["exec", "open", "connect", "ptrace"]),
        st.sampled_from(["/bin/sh", "/bin/ls", "/tmp/x1"]),
        st.integers(0, 2),
        st.integers(0, 600),
    ),
    max_size=20,
)


def table(rows) -> pl.DataFrame:
    return events(
        {
            "container_id": container,
            "workload": container[:3],
            "kind": kind,
            "exe": exe,
            "seconds": at,
            "seq": number,
            "path": f"{exe}{shard}",
            "dst_ip": f"10.0.0.{shard}",
            "dst_port": 443,
            "request": "r",
            "shard": shard,
        }
        for number, (container, kind, exe, shard, at) in enumerate(rows)
    )


def learnt(frame: pl.DataFrame) -> Baseline:
    return learn(frame, processes=pl.DataFrame({"host": [], "image_seq": []}))


def same(one: Baseline, other: Baseline) -> bool:
    """Beacons look back over what is read in one go, so they forget at the borders of shards."""
    ours, theirs = (base.counts.filter(~pl.col("family").str.starts_with("beacon.")) for base in (one, other))
    return ours.equals(theirs, null_equal=True)


@settings(max_examples=15, deadline=None)
@given(cells, st.randoms(use_true_random=False))
def test_merging_shards_equals_learning_in_one_go(rows, random):
    whole = table(rows)
    labels = [random.randrange(3) for _ in rows]
    shards = [whole.filter(pl.Series([x == n for x in labels], dtype=pl.Boolean)) for n in range(3)]
    one, two, three = map(learnt, shards)
    assert same(merge(one, two, three), learnt(whole))
    assert same(merge(merge(one, two), three), merge(one, merge(two, three)))
    assert same(merge(one, two), merge(two, one))
    assert same(merge(one, Baseline()), one)


def test_containers_are_counted_once_however_often_they_appear():
    frame = table([("web-1", "exec", "/bin/sh", 0, 0), ("web-2", "exec", "/bin/sh", 0, 1)])
    twice = merge(learnt(frame), learnt(frame))
    view = twice.table().filter(pl.col("family") == "binaries.program")
    assert view.select("key", "count", "containers").rows() == [("/bin/sh", 4, 2)]
    assert view.columns == ["family", "context", "key", "count", "containers", "first_seen"]


def test_row_order_does_not_matter():
    rows = [("web-1", "exec", "/bin/sh", n % 3, n) for n in range(9)]
    frame = table(rows)
    assert same(learnt(frame), learnt(frame.sample(fraction=1, shuffle=True, seed=3)))


def test_population_counts_containers_that_did_nothing_of_interest():
    frame = events([{"container_id": "quiet", "kind": "exit", "seconds": 0}])
    assert learnt(frame).population()["container"].to_list() == ["quiet"]
