"""A real sitting of a minute: containers, load, three attacks, the sensor. Needs root and BPF."""

import json
import os
from pathlib import Path

import polars as pl
import pytest

from rtml.captures import check_capture, open_capture
from rtml.replays.quality import missing_events
from rtml.replays.reading import load_scenario
from rtml.replays.recorder import Recording, check_scenario, record
from tests.replays.live import left_behind, live

SCENARIO = load_scenario(Path(__file__).parents[2] / "experiments" / "replay-smoke.yml")

pytestmark = live


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory, lab_images: None) -> tuple[Path, Recording]:
    out = tmp_path_factory.mktemp("lab") / "smoke"
    return out, record(SCENARIO, out, lambda _: None)


def test_every_promise_of_the_sensor_is_kept(smoke: tuple[Path, Recording]):
    assert [vars(finding) for finding in smoke[1].quality if not finding.ok] == []


def test_the_log_tells_how_it_went(smoke: tuple[Path, Recording]):
    log = json.loads((smoke[0] / "log.json").read_text())
    assert log["complete"] and not log["not_done"]
    assert log["lines"] > 2000 and 0 < log["sensor_cpu_share"] < 1 and 0 < log["cpu_busy_share"] <= 1
    assert {a["id"] for a in log["attacks"]} == set(SCENARIO.attacks)
    assert all(a["complete"] and not a["killed"] for a in log["attacks"])


def test_the_capture_is_whole_and_knows_its_containers(smoke: tuple[Path, Recording]):
    capture = open_capture(smoke[0] / "capture")
    assert [c for c in check_capture(capture) if c.grave and not c.ok] == []
    seen = capture.containers()
    named = seen.select(pl.col("workload", "image").cast(pl.String)).rows()
    assert {workload for workload, _ in named} == {"infra", *SCENARIO.workloads}
    assert ("web", "rtml/nginx:1") in named
    assert seen.filter(pl.col("role") == "infrastructure").height == 1
    assert seen["started"].null_count() == 0


def test_every_workload_really_works(smoke: tuple[Path, Recording]):
    events = open_capture(smoke[0] / "capture").events(["workload", "kind"]).collect()
    counts = events.select(pl.all().cast(pl.String)).group_by("workload").len()
    assert counts["len"].min() > 150
    kinds = set(events["kind"].cast(pl.String).unique())
    assert kinds >= {"exec", "fork", "exit", "open", "connect", "accept", "dns", "unlink", "chmod"}


def test_every_address_is_the_labs_own(smoke: tuple[Path, Recording]):
    events = open_capture(smoke[0] / "capture").events(["dst_ip"]).collect()
    addresses = set(events["dst_ip"].cast(pl.String).drop_nulls().unique())
    own = ("10.99.0.", "127.0.0.", "::1", "::ffff:10.99.0.", "::ffff:127.", "0.0.0.0", "::")
    assert [a for a in addresses if not a.startswith(own)] == []


def test_labels_have_their_roots_in_their_containers(smoke: tuple[Path, Recording]):
    labels = pl.read_parquet(smoke[0] / "labels.parquet")
    images = open_capture(smoke[0] / "capture").processes().collect()
    roots = images.with_columns(pl.col("container_id").cast(pl.String)).unique("process_id")
    found = labels.join(roots, on=["process_id", "container_id"])
    assert found.height == labels.height == len(SCENARIO.attacks)
    assert labels["provenance"].unique().to_list() == ["replay"]


def test_an_expectation_that_is_not_met_is_told(smoke: tuple[Path, Recording]):
    attacks = check_scenario(SCENARIO)
    wrong = attacks["reverse-shell-bash"].model_dump()
    wrong["expects"].append({"kind": "exec", "exe": "/never-there$"})
    name = "reverse-shell-bash"
    changed = attacks | {name: type(attacks[name]).model_validate(wrong)}
    labels = pl.read_parquet(smoke[0] / "labels.parquet")
    lacking = missing_events(open_capture(smoke[0] / "capture"), labels, changed)
    assert list(lacking) == [name] and "never-there" in lacking[name][0]


def test_nothing_is_left_behind(smoke: tuple[Path, Recording]):
    assert left_behind(os.getpid()) == []
