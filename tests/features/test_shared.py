"""What becomes new in several replicas at once, by hand; and trees judged beyond it."""

from __future__ import annotations

import random

import polars as pl
import pytest

from rtml.baselines import Baseline
from rtml.features import families_of, learn, windows
from rtml.features.shared import shared_pairs
from rtml.features.source import open_source
from rtml.features.windows import assemble, assemble_with_surprises
from rtml.testing.events import MINUTE, START, events

PAIR = 7
Sightings = dict[str, float]


def shared(
    sightings: Sightings,
    active: dict[str, float] | None = None,
    new: str = "",
    seen: bool = False,
    peers: str = "web",
) -> bool:
    """Say whether a pair is shared that containers show in these minutes for the first time.

    ``active``: the last minute of others of the group; ``new``: the containers of a new image.
    """
    last = {**dict.fromkeys(sightings, 999.0), **(active or {})}
    rows = [
        {"container_id": c, "window": START + m * MINUTE, "group": ord(c) % 2, "pair": PAIR, "seen": seen}
        for c, m in sightings.items()
    ]
    random.Random(3).shuffle(rows)
    known = [
        {"container_id": c, "peers": peers, "last": START + m * MINUTE, "new_image": c in new}
        for c, m in last.items()
    ]
    groups = pl.DataFrame({"group": [0, 1], "peers": [peers] * 2})
    found = shared_pairs(pl.DataFrame(rows), groups, pl.DataFrame(known)).rows()
    assert found in ([], [(peers, PAIR)])
    return bool(found)


TWENTY = {f"{n}": 999.0 for n in range(20)}


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ((0, 0, 0), True),
        ((0, 5, 10), True),
        ((0, 5, 11), False),
        ((0, 30, 35, 40), True),
        ((0, 20, 40, 60, 80), False),
        ((0, 1), False),
        ((0,), False),
    ],
)
def test_three_of_twenty_replicas_within_ten_minutes(minutes: tuple[int, ...], expected: bool):
    assert shared(dict(zip("abcde", minutes, strict=False)), TWENTY) is expected


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ({}, True),
        ({"x": 999.0, "y": 999.0, "z": 999.0}, True),  # three of six: half
        ({"w": 999.0, "x": 999.0, "y": 999.0, "z": 999.0}, False),  # three of seven
        ({"w": 9.0, "x": 9.0, "y": 999.0, "z": 999.0}, True),  # two were gone when it began
        ({"w": 10.0, "x": 9.0, "y": 999.0, "z": 999.0}, True),
        ({"v": 10.0, "w": 10.0, "x": 10.0, "y": 999.0}, False),  # who is there at its first minute counts
    ],
)
def test_a_slow_majority(others: Sightings, expected: bool):
    assert shared({"a": 10, "b": 100, "c": 400}, others) is expected


@pytest.mark.parametrize(
    ("new", "others", "expected"),
    [
        ("ab", {}, True),
        ("abx", {"x": 999.0}, True),
        ("abwxyz", dict.fromkeys("wxyz", 999.0), False),  # two of six of the new image
        ("ab", TWENTY, True),  # however many still run the old one
        ("a", {}, False),  # one of the new, one of the old
        ("", {}, False),
    ],
)
def test_two_replicas_of_a_new_image(new: str, others: Sightings, expected: bool):
    assert shared({"a": 0, "b": 300}, others, new) is expected


def test_one_replica_of_a_new_image_is_alone():
    assert not shared({"a": 0}, new="a")


def test_what_is_known_is_never_shared():
    assert shared(dict.fromkeys("abcdef", 0.0))
    assert not shared(dict.fromkeys("abcdef", 0.0), seen=True)


def test_other_workloads_are_no_peers():
    """Two replicas of one workload and two of another are not four."""
    names = pl.DataFrame({"group": [0, 1], "peers": ["web", "app"]})
    rows = pl.DataFrame(
        {"container_id": list("abcd"), "group": [0, 0, 1, 1]} | {"window": [START] * 4, "pair": [7] * 4}
    ).with_columns(seen=False)
    active = pl.DataFrame(
        {"container_id": list("abcd"), "peers": ["web", "web", "app", "app"], "last": [START] * 4}
    ).with_columns(new_image=False)
    assert shared_pairs(rows, names, active).is_empty()
    together = names.with_columns(peers=pl.lit("web"))
    one = shared_pairs(rows, together, active.with_columns(peers=pl.lit("web")))
    assert one.rows() == [("web", 7)]


def replicas(*names: str, doing: dict[str, list[str]] | None = None, image: str = "shop/web:1"):
    """Return what replicas do: each opens a known file; ``doing``: more files, by replica."""
    rows: list[dict[str, object]] = []
    for name in names:
        for number, path in enumerate(["/srv/known", *(doing or {}).get(name, [])]):
            process = 10 * (names.index(name) + 1) + number
            rows.append({"kind": "open", "path": path, "container_id": name, "process_id": process})
    return events({"exe": "/bin/web", "image": image, "seconds": 1 + n, **row} for n, row in enumerate(rows))


@pytest.fixture(scope="module")
def history() -> Baseline:
    return learn(replicas("web-1", "web-2", "web-3"), families=["files"])


def trees(table: pl.DataFrame, history: Baseline, beyond_peers: bool = True) -> dict[int, dict[str, float]]:
    source = open_source(table, unit="tree")
    rows = assemble(source, history, families_of(["files"]), beyond_peers=beyond_peers)
    return {row["process_id"]: row for row in rows.iter_rows(named=True)}


def test_trees_are_judged_by_what_they_do_beyond_their_peers(history: Baseline):
    """Three replicas take up a file together; one of them reads another file besides."""
    doing = {name: ["/opt/new"] for name in ("web-1", "web-2", "web-3")}
    doing["web-2"].append("/etc/shadow")
    table = replicas("web-1", "web-2", "web-3", doing=doing)
    alone, judged = trees(table, history, beyond_peers=False), trees(table, history)
    for process in (11, 21, 31):
        assert alone[process]["files.bits_max"] > 1
        assert judged[process]["files.bits_max"] == judged[process]["files.never_seen"] == 0
        assert judged[process]["files.pairs"] == alone[process]["files.pairs"] == 1
    assert judged[22] == alone[22] and judged[22]["files.bits_max"] > 1


@pytest.mark.parametrize(("image", "shared_there"), [("shop/web:2", True), ("shop/web:1", False)])
def test_two_replicas_of_a_new_version_are_judged_beyond_it(
    history: Baseline, image: str, shared_there: bool
):
    doing = {"web-8": ["/opt/new"], "web-9": ["/opt/new"]}
    judged = trees(replicas("web-8", "web-9", doing=doing, image=image), history)
    assert (judged[11]["files.bits_max"] == 0) is shared_there


def test_events_say_that_they_are_shared(history: Baseline):
    doing = {name: ["/opt/new"] for name in ("web-1", "web-2", "web-3")} | {"web-4": ["/opt/else"]}
    source = open_source(replicas(*doing, doing=doing), unit="tree")
    _, single = assemble_with_surprises(source, history, families_of(["files"]), beyond_peers=True)
    told = dict(single.select("key", "shared").unique().iter_rows())
    assert told == {"read /srv/known": False, "read /opt/new": True, "read /opt/else": False}
    assert single.filter("shared")["bits"].min() > 1, "bits stay: they are what the workload's change weighs"


def test_features_of_a_live_window_know_no_peers(history: Baseline):
    """Beyond peers is for batches: `windows` gives what a container shows by itself."""
    doing = {name: ["/opt/new"] for name in ("web-1", "web-2", "web-3")}
    table = windows(replicas(*doing, doing=doing), history, ["files"])
    assert (table["files.never_seen"] == 1).all()
