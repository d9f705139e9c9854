"""A workload that changes is one finding; who does more than its peers is still found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import Capture
from rtml.features import EVENT_SURPRISES
from rtml.models import Model, Scored
from rtml.models.explaining import CHANGED, changes, is_change
from rtml.models.explaining.changes import LEAST_BITS
from rtml.schema import FINDINGS, IDENTITY, conform
from tests.models.conftest import JUDGES, MINUTE, START, event, hash_of, judged, learnt, minute, shop, work

OLD, NEW = "shop/base:1", "shop/base:2"


def row(container: str, key: str, bits: float, **more: Any) -> dict[str, Any]:
    seq = sum(map(ord, container + key))
    usual = {"host": "h", "seq": seq, "time": START + seq % 7 * MINUTE, "container_id": container}
    kind = {"family": "lineage", "conditional": "lineage.child", "context": "web: nginx", "shared": True}
    return {**usual, **kind, "key": key, "bits": bits, "seen": False, "known": True} | more


def surprises(*rows: dict[str, Any]) -> pl.DataFrame:
    table = {name: [one.get(name) for one in rows] for name in EVENT_SURPRISES}
    return pl.DataFrame(table, schema=EVENT_SURPRISES)


def containers(new: str = "", **workloads: str) -> pl.DataFrame:
    """Return facts of containers named ``a`` to ``f``; those in ``new`` run a new image."""
    facts = [
        {
            "container_id": name,
            "host": "h",
            "image": NEW if name in new else OLD,
            "workload": workloads.get(name, "web"),
        }
        for name in "abcdef"
    ]
    identity = conform(pl.DataFrame(facts), pl.Schema(dict.fromkeys(IDENTITY, pl.String())))
    return identity.with_columns(
        peers="workload", new_image=pl.col("container_id").is_in(list(new)).fill_null(False)
    )


def test_one_finding_per_workload_lists_its_containers_and_changes():
    rows = surprises(
        *(row(c, "/bin/new", 25.0) for c in "cab"),
        *(row(c, "10.0.0.9 443", 15.0, conditional="destinations.address") for c in "ab"),
        row("f", "/bin/else", 99.0, shared=False),
    )
    (found,) = changes(rows, containers()).to_dicts()
    assert found["type"] == CHANGED and changes(rows, containers()).schema == FINDINGS
    assert (found["container_id"], found["process_id"], found["workload"]) == (None, None, "web")
    assert found["containers"] == ["a", "b", "c"]
    assert found["score"] == 40.0
    assert found["title"] == "web: 3 containers change together: starts /bin/new, calls 10.0.0.9 443"
    assert [reason["feature"] for reason in found["contributions"]] == [
        "lineage.child: /bin/new given web: nginx",
        "destinations.address: 10.0.0.9 443 given web: nginx",
    ]
    assert sum(reason["share"] for reason in found["contributions"]) == pytest.approx(1.0)
    assert {shown["seq"] for shown in found["evidence"]} == set(rows.filter("shared")["seq"])
    assert (found["first_seen"], found["last_seen"]) == (
        rows.filter("shared")["time"].min(),
        rows.filter("shared")["time"].max(),
    )


@pytest.mark.parametrize(
    ("new", "severity", "title"),
    [
        ("abc", "low", "web: 3 containers of shop/base:2 change together: starts /bin/new"),
        ("ab", "medium", "web: 3 containers change together: starts /bin/new"),
        ("", "medium", "web: 3 containers change together: starts /bin/new"),
    ],
)
def test_a_new_image_makes_it_less_grave(new: str, severity: str, title: str):
    (found,) = changes(surprises(*(row(c, "/bin/new", 40.0) for c in "abc")), containers(new)).to_dicts()
    assert found["title"] == title
    assert (1 <= found["severity"] < 4) if severity == "low" else (4 <= found["severity"] < 7)


def test_workloads_are_told_apart():
    rows = surprises(*(row(c, "/bin/new", 40.0) for c in "abcdef"))
    found = changes(rows, containers(d="app", e="app", f="app"))
    assert sorted(found["workload"]) == ["app", "web"] and found["finding_id"].is_unique().all()
    assert sorted(found["containers"].to_list()) == [["a", "b", "c"], ["d", "e", "f"]]


@pytest.mark.parametrize(("bits", "height"), [(LEAST_BITS - 0.1, 0), (LEAST_BITS, 1)])
def test_a_trifle_is_no_news(bits: float, height: int):
    """What counts is the most surprising pair of each conditional, not how many there are."""
    rows = surprises(*(row(c, f"/bin/{n}", bits) for c in "abc" for n in range(9)))
    assert changes(rows, containers()).height == height


def test_a_title_names_four_changes_and_counts_the_rest():
    rows = surprises(*(row(c, f"/bin/{n}", 40.0 - n) for c in "abc" for n in range(7)))
    title = changes(rows, containers())["title"].item()
    assert title.endswith("starts /bin/0, starts /bin/1, starts /bin/2, starts /bin/3 and 3 more")


def test_hostile_names_are_made_visible():
    rows = surprises(*(row(c, "/bin/\x1b[2J", 40.0) for c in "abc"))
    assert "\x1b" not in changes(rows, containers())["title"].item()


def test_order_changes_nothing_and_nothing_gives_nothing():
    rows = surprises(*(row(c, f"/bin/{n}", 20.0 + n) for c in "abc" for n in range(9)))
    assert changes(rows.reverse(), containers().reverse()).equals(changes(rows, containers()))
    assert changes(rows.with_columns(shared=pl.lit(False)), containers()).is_empty()
    assert changes(surprises(), containers()).schema == FINDINGS


# Whole models: a shop with three replicas of the web, one of which is attacked, or all, or none.

TOOL = "/dev/shm/.kit"


def replica(name: str, first: int = 0, last: int = 40, image: str = OLD) -> list[dict[str, Any]]:
    return [{**one, "image": image} for n in range(first, last) for one in work(name, n)]


def release(name: str, number: float, image: str = NEW) -> list[dict[str, Any]]:
    """Return what a new version does that no other did: two programs, a backend, a name."""
    rows: list[dict[str, Any]] = []
    for n, (program, address) in enumerate([("/opt/node", "10.7.0.1"), ("/opt/warm", "10.8.0.1")]):
        child = {"pid": 500 + n, "ppid": 1, "exe": program, "image": image}
        begin = 60 * number + 2 * n
        rows += [
            event(name, begin, "fork", target_pid=500 + n, image=image, exe="/usr/sbin/nginx"),
            event(name, begin + 0.2, "exec", **child),
            event(name, begin + 0.4, "connect", dst_ip=address, dst_port=9000 + n, **child),
            event(name, begin + 0.6, "dns", domain=f"{n}.release.internal", **child),
        ]
    return rows


def attack(
    name: str, number: float, image: str = OLD, port: int = 4444, exe: str = TOOL, pid: int = 900,
    address: str = "203.0.113.9",
) -> list[dict[str, Any]]:  # fmt: skip
    tool = {"pid": pid, "ppid": 1, "exe": exe, "image": image}
    begin = 60 * number
    return [
        event(name, begin, "fork", target_pid=pid, image=image, exe="/usr/sbin/nginx"),
        event(name, begin + 1, "exec", **tool),
        event(name, begin + 2, "connect", dst_ip=address, dst_port=port, **tool),
        event(name, begin + 3, "dns", domain=f"{Path(exe).name}.example", **tool),
    ]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model of a shop whose web has three replicas."""
    return learnt(shop(tmp_path_factory.mktemp("three") / "c", *replica("web-3", last=30), until=30))


def after(model: Model, folder: Path, *extra: dict[str, Any]) -> tuple[Capture, Scored]:
    capture = shop(folder / "c", *replica("web-3"), *extra)
    return capture, judged(model, capture, start=minute(30))


def about(scored: Scored, workload: str) -> pl.DataFrame:
    return scored.findings.filter(pl.col("workload") == workload)


def rollout() -> list[dict[str, Any]]:
    names = ("web-7", "web-8")
    return [one for n in names for one in [*replica(n, 32, 40, NEW), *release(n, 33), *release(n, 36)]]


def test_a_roll_out_is_one_finding_about_its_workload(three: Model, tmp_path: Path):
    _, scored = after(three, tmp_path, *rollout())
    (found,) = about(scored, "web").to_dicts()
    assert (found["type"], found["containers"]) == (CHANGED, ["web-7", "web-8"])
    assert found["severity"] < 4 and "2 containers of shop/base:2 change together" in found["title"]
    assert "starts /opt/" in found["title"]


def test_an_attack_during_a_roll_out_is_found_by_its_tree(three: Model, tmp_path: Path):
    _, scored = after(three, tmp_path, *rollout(), *attack("web-7", 36.2, NEW))
    web = about(scored, "web")
    assert web.filter(is_change()).height == 1
    trees = web.filter(~is_change())
    assert set(trees["container_id"]) == {"web-7"} and set(trees["process_id"]) == {hash_of("web-7", 900)}
    assert set(trees["detector"]) >= {"surprise", "combined"} and set(trees["detector"]) <= JUDGES
    assert all("/opt/" not in part["feature"] for reasons in trees["contributions"] for part in reasons)


def test_one_replica_of_a_new_image_has_no_peers_and_is_strange(three: Model, tmp_path: Path):
    _, scored = after(three, tmp_path, *replica("web-7", 32, 40, NEW), *release("web-7", 33))
    web = about(scored, "web")
    assert web.filter(is_change()).is_empty() and set(web["container_id"]) == {"web-7"}


def test_the_same_attack_in_three_replicas_is_one_finding_with_evidence_in_each(three: Model, tmp_path: Path):
    names = ("web-1", "web-2", "web-3")
    capture, scored = after(three, tmp_path, *(one for n in names for one in attack(n, 35)))
    web = about(scored, "web")
    (found,) = web.filter(is_change()).to_dicts()
    assert found["containers"] == list(names) and found["severity"] >= 4
    assert f"starts {TOOL}" in found["title"]
    shown = capture.events().filter(pl.col("seq").is_in([one["seq"] for one in found["evidence"]])).collect()
    assert set(shown["container_id"].cast(pl.String)) == set(names)
    assert set(shown["process_id"]) == {hash_of(name, 900) for name in names}
    assert web.filter(~is_change()).is_empty(), "trees are judged by what they do beyond their peers"


def test_the_same_attack_in_two_of_three_replicas_is_told_once_and_lists_the_other(
    three: Model, tmp_path: Path
):
    """Two of three replicas: too few for a change, so that trees are judged; the second shows nothing new."""
    _, scored = after(three, tmp_path, *attack("web-1", 32), *attack("web-2", 38))
    surprise = about(scored, "web").filter(pl.col("detector") == "surprise")
    assert set(surprise["process_id"]) == {hash_of("web-1", 900)}
    (again,) = surprise["again"].to_list()
    assert [tree["process_id"] for tree in again] == [hash_of("web-2", 900)]
    assert surprise["title"][0].endswith("; again ×1")
    assert about(scored, "web").filter(is_change()).is_empty()


def test_two_attacks_in_three_replicas_are_two_findings_each_with_its_own_evidence(
    three: Model, tmp_path: Path
):
    """One after the other, by trees of their own: the second is not hidden in a list of the first."""
    names = ("web-1", "web-2", "web-3")
    other = {"port": 9999, "exe": "/opt/.other", "pid": 901, "address": "198.51.100.7"}
    acts = [row for n in names for row in [*attack(n, 32), *attack(n, 38, **other)]]
    capture, scored = after(three, tmp_path, *acts)
    found = about(scored, "web").filter(is_change()).sort("first_seen")
    assert found["containers"].to_list() == [list(names)] * 2 and found["finding_id"].is_unique().all()
    assert TOOL in found["title"][0] and "/opt/.other" in found["title"][1]
    for pid, evidence in zip((900, 901), found["evidence"], strict=True):
        seqs = [shown["seq"] for shown in evidence]
        shown = capture.events().filter(pl.col("seq").is_in(seqs)).collect()
        assert set(shown["process_id"]) == {hash_of(n, pid) for n in names}
