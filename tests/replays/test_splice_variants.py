"""Harder trials: into a roll-out, into images of other workloads, into several replicas at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rtml.captures import Capture, open_capture
from rtml.captures.instances import identify
from rtml.captures.manifest import Container, Manifest
from rtml.captures.processes import process_images, with_images
from rtml.captures.write import write_capture
from rtml.errors import RtmlError, UnknownNameError, UsageError
from rtml.evaluation.measure import share
from rtml.evaluation.origins import groups_of
from rtml.evaluation.trees import attack_trees
from rtml.replays.parts import attack_of
from rtml.schema import LABELS, REJECTS, conform
from rtml.splicing.placing import STAGGER, Place, choose
from rtml.splicing.splice import Spliced, splice
from rtml.splicing.variants import SETTLING

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CURL = "/usr/bin/curl"
PLACES = {
    # container: workload, image, from, to, programs that run there
    "web-1": ("web", "web:1", 0, 3000, []),
    "web-2": ("web", "web:1", 0, 2500, []),
    "web-3": ("web", "web:2", 1000, 3000, []),
    "web-4": ("web", "web:1", 2000, 3000, []),
    "worker": ("worker", "worker:1", 0, 3000, [CURL, "/bin/sh"]),
    "db": ("db", "db:1", 0, 3000, ["/bin/sh"]),
    "infra": ("infra", "infra:1", 0, 3000, [CURL, "/bin/sh"]),
}
"""At 1000 web:2 comes while both of web:1 are up: a roll-out; at 2000 one of web:1 comes again: a restart of
nobody's, as web-1 is still up."""


def seconds(moment: dt.datetime) -> float:
    return (moment - BEGIN).total_seconds()


def made(folder: Path, attack: list[tuple[float, str, str, str | None]]) -> Capture:
    """Write a capture: an init that opens a file now and then in each container, and the attack in web-1."""
    rows = []
    for number, (name, (_, _, first, last, programs)) in enumerate(PLACES.items()):
        pid = 100 * (number + 1)
        rows.append((first, name, "exec", pid, 1, None, "/sbin/init", "/sbin/init"))
        for place, exe in enumerate(programs, 1):
            rows.append((first + 10 * place, name, "fork", pid, 1, pid + place, None, None))
            rows.append((first + 10 * place + 1, name, "exec", pid + place, pid, None, exe, exe))
        rows += [(at, name, "open", pid, 1, None, None, "/f") for at in range(first + 50, last, 50)]
    rows += [(at, "web-1", kind, 150, 7, None, exe, path) for at, kind, exe, path in attack]
    columns = ["at", "container_id", "kind", "pid", "ppid", "target_pid", "exe", "path"]
    frame = pl.DataFrame(sorted(rows, key=lambda row: row[0]), schema=columns, orient="row").with_columns(
        time=pl.lit(BEGIN, pl.Datetime("ns", "UTC")) + pl.duration(milliseconds=pl.col("at") * 1000),
        host=pl.lit("h"),
        image=pl.col("container_id").replace_strict({n: p[1] for n, p in PLACES.items()}),
        workload=pl.col("container_id").replace_strict({n: p[0] for n, p in PLACES.items()}),
        seq=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    events = identify(conform(frame))
    images = process_images(events)
    containers = [
        Container(
            container_id=name,
            workload=workload,
            image=image,
            host="h",
            events=9,
            role="infrastructure" if name == "infra" else None,
            first_seen=BEGIN + dt.timedelta(seconds=first),
            last_seen=BEGIN + dt.timedelta(seconds=last),
        )
        for name, (workload, image, first, last, _) in PLACES.items()
    ]
    manifest = Manifest(
        sensor="made", hosts=["h"], containers=containers, events=events.height, lost_intervals=[]
    )
    write_capture(folder / "c", manifest, with_images(events, images), images, REJECTS.to_frame())
    return open_capture(folder / "c")


ATTACK = [(100, "exec", "/bin/sh", "/bin/sh"), (102, "exec", CURL, CURL), (104, "create", None, "/tmp/x")]
ATTACK += [(106, "exec", "/tmp/x", "/tmp/x"), (108, "open", None, "/etc/shadow")]
"""A shell by exec from outside that becomes curl, which writes what it then becomes."""


@pytest.fixture
def capture(tmp_path: Path) -> Capture:
    return made(tmp_path, ATTACK)


def labels_of(capture: Capture, name: str = "a") -> pl.DataFrame:
    images = capture.processes().collect()
    root = images.filter(pl.col("pid") == 150)["process_id"][0]
    label = {
        "attack_id": name,
        "name": "reads shadow",
        "container_id": "web-1",
        "host": "h",
        "process_id": root,
    }
    times = {"start": BEGIN + dt.timedelta(seconds=100), "end": BEGIN + dt.timedelta(seconds=108)}
    return conform(pl.DataFrame([label | times]), LABELS)


def spliced(capture: Capture, name: str = "a", **how: object) -> Spliced:
    labels = labels_of(capture, name)
    trees = attack_trees(labels, capture.processes().collect())
    return splice(capture, labels, trees, **{"trials": 6, "seed": 3, "gap": 0.0} | how)


def trials(done: Spliced) -> list[dict[str, object]]:
    return done.labels.filter(pl.col("provenance") == "spliced").to_dicts()


def test_into_a_roll_out_is_while_a_new_version_comes_and_in_its_workload(capture: Capture):
    rows = trials(spliced(capture, into="rollouts"))
    assert len(rows) == 6 and {row["container_id"] for row in rows} <= {"web-2", "web-3"}
    assert all(1000 <= seconds(row["start"]) <= 1000 + SETTLING for row in rows)
    assert {row["name"] for row in rows} == {"reads shadow (spliced into a roll-out)"}
    assert {row["container_id"] for row in rows} == {"web-2", "web-3"}, "the old version and the new"


def test_without_a_roll_out_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("web-3", "web-4"):
        monkeypatch.delitem(PLACES, name)
    with pytest.raises(RtmlError, match="nothing can be spliced: no roll-out of its workload"):
        spliced(made(tmp_path, ATTACK), into="rollouts")


def test_into_another_image_is_where_all_its_programs_run_but_what_it_brings_itself(capture: Capture):
    done = spliced(capture, into="images")
    rows = trials(done)
    assert {row["container_id"] for row in rows} == {"worker"}, "no curl in db; infra is never a place"
    mine = done.events.filter(pl.col("path") == "/etc/shadow").with_columns(pl.col("image").cast(pl.String))
    assert mine["image"].value_counts().sort("image").rows() == [("web:1", 1), ("worker:1", 6)]
    assert {row["name"] for row in rows} == {"reads shadow (spliced into another image)"}


def test_a_program_that_no_other_image_runs_has_no_place(tmp_path: Path):
    capture = made(tmp_path, [(100, "exec", "/usr/bin/nginx", "/usr/bin/nginx"), (108, "open", None, "/f")])
    with pytest.raises(RtmlError, match="no other image runs all its programs"):
        spliced(capture, into="images")


def test_several_replicas_are_reached_at_once_and_count_as_one(capture: Capture):
    rows = trials(spliced(capture, replicas=2))
    assert len(rows) == 6
    ordered = sorted(rows, key=lambda row: row["attack_id"])
    for first, second in zip(ordered[::2], ordered[1::2], strict=True):
        assert first["container_id"] != second["container_id"]
        assert abs(seconds(first["start"]) - seconds(second["start"])) <= STAGGER / 1e9
    assert {row["name"] for row in rows} == {"reads shadow (spliced, in 2 containers at once)"}
    assert len(set(groups_of(pl.DataFrame(ordered)).tolist())) == 1
    alone, all_of_them = np.array([True]), np.array([True] * 6)
    assert share(all_of_them, once=groups_of(pl.DataFrame(ordered))).low == share(alone).low


def test_a_group_is_whole_or_not_at_all(capture: Capture):
    assert len(trials(spliced(capture, replicas=2, trials=5))) == 4, "one trial more would be half a group"
    with pytest.raises(RtmlError, match="room in 4 containers at once; ask for fewer replicas"):
        spliced(capture, replicas=4)
    with pytest.raises(UsageError, match="from 1 to the number of trials"):
        spliced(capture, replicas=7)
    with pytest.raises(UsageError, match="replicas is 0"):
        spliced(capture, replicas=0)
    with pytest.raises(UnknownNameError, match="did you mean 'peers'"):
        spliced(capture, into="peer")


def test_replicas_that_are_never_up_together_make_no_group():
    places = {"a": [Place("c", (0, 10**9)), Place("d", (10**12, 2 * 10**12))]}
    assert choose({"a": 5}, places, {}, 2, 0, 1, replicas=2) == []
    assert len(choose({"a": 5}, places, {}, 2, 0, 1)) == 2


def test_trials_of_a_part_stem_from_the_attack(capture: Capture):
    rows = trials(spliced(capture, "a~2"))
    assert {attack_of(row["attack_id"]) for row in rows} == {"a"}
    both = pl.concat([pl.DataFrame(rows).select("attack_id"), pl.DataFrame({"attack_id": ["a~1", "a"]})])
    assert len(set(groups_of(both).tolist())) == 1


def test_peers_are_what_they_were(capture: Capture):
    rows = trials(spliced(capture))
    assert {row["container_id"] for row in rows} <= {"web-2", "web-4"}
    assert {row["name"] for row in rows} == {"reads shadow"}
