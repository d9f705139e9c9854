"""Names of containers from Kubernetes, a runtime or Docker: joined to ids in any spelling, never guessed."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import check_capture, import_capture, open_capture, pieces
from rtml.captures.following.follow import follow
from rtml.captures.inventory.listing import read_listing
from rtml.captures.manifest import Names
from rtml.errors import UsageError
from tests.captures.following.logs import counted, rows
from tests.captures.following.test_follow import ONCE
from tests.captures.inventories import (
    CRICTL,
    DOCKER,
    IDS,
    PLAIN,
    alert,
    log_of,
    pod,
    pods_of,
    running,
    written,
)
from tests.test_cli import rtml

WHOLE = pl.col(pl.Categorical).cast(pl.String)


def names_in(capture: Path, *columns: str) -> list[tuple[Any, ...]]:
    events = open_capture(capture).events().sort("time").collect().with_columns(WHOLE)
    return events.select("container_id", *columns).rows()


@pytest.mark.parametrize("seen", [12, 15, 31, 64])
@pytest.mark.parametrize("listed", [12, 15, 31, 64])
@pytest.mark.parametrize("runtime", ["containerd://", "docker://", "cri-o://", ""])
def test_an_id_is_one_identity_in_every_length_and_spelling(
    tmp_path: Path, seen: int, listed: int, runtime: str
):
    web = pod(
        "web-5c9f8d7b6-x7k2p",
        ("ReplicaSet", "web-5c9f8d7b6"),
        containerStatuses=[running(runtime + IDS[0][:listed])],
    )
    file = written(tmp_path, pods_of(web, pod("other", containerStatuses=[running(IDS[1])])))
    log = log_of(tmp_path, alert(0, IDS[0][:seen]), alert(1, None))
    manifest = import_capture("falco", [log], tmp_path / "c", containers=[file])
    columns = ("container_name", "image", "namespace", "pod", "workload", "service_account", "image_digest")
    told = (
        "app",
        "docker.io/library/web:1",
        "shop",
        "web-5c9f8d7b6-x7k2p",
        "shop/web/app",
        "till",
        f"sha256:{'0a' * 32}",
    )
    assert names_in(tmp_path / "c", *columns) == [(IDS[0][: max(seen, listed)], *told), (None, *[None] * 7)]
    assert manifest.names == Names(listed=2, named=1)
    (container,) = manifest.containers
    assert (container.pod, container.workload) == ("web-5c9f8d7b6-x7k2p", "shop/web/app")
    assert [c.name for c in check_capture(open_capture(tmp_path / "c")) if c.grave and not c.ok] == []


def test_every_kind_of_container_and_owner_is_listed(tmp_path: Path):
    ended = {"lastState": {"terminated": {"containerID": f"containerd://{IDS[4]}"}}}
    pods = [
        pod(
            "web-5c9f8d7b6-x7k2p",
            ("ReplicaSet", "web-5c9f8d7b6"),
            containerStatuses=[running(IDS[0], **ended)],
        ),
        pod(
            "backup-28391000-x7k2p",
            ("Job", "backup-28391000"),
            initContainerStatuses=[running(IDS[1], "init")],
        ),
        pod("db-0", ("StatefulSet", "db"), ephemeralContainerStatuses=[running(IDS[2], "debug")]),
        pod("etcd-n1", ("Node", "n1"), containerStatuses=[running(IDS[3], image="sha256:" + "0b" * 32)]),
        pod("waiting", containerStatuses=[{"name": "app", "state": {"waiting": {}}}]),
    ]
    listed = read_listing(written(tmp_path, {"kind": "PodList", "items": pods}))
    assert dict(listed.select("container_id", "workload").iter_rows()) == {
        IDS[0]: "shop/web/app",
        IDS[4]: "shop/web/app",
        IDS[1]: "shop/backup/init",
        IDS[2]: "shop/db/debug",
        IDS[3]: "shop/etcd/app",
    }
    assert listed.filter(pl.col("container_id") == IDS[3])["image"].item() == "web:1"
    assert read_listing(written(tmp_path, pods[0])).height == 2


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (CRICTL, ("app", "web:1", "web-5c9f8d7b6-x7k2p", "shop", "shop/web/app")),
        (
            {"status": CRICTL["containers"][0], "info": {"pid": 7}},
            ("app", "web:1", "web-5c9f8d7b6-x7k2p", "shop", "shop/web/app"),
        ),
        (DOCKER, ("app", "web:1", "web-5c9f8d7b6-x7k2p", "shop", "shop/web/app")),
        (PLAIN, ("shop-web-1", "web:1", None, None, "shop/web")),
        ("\n".join(map(json.dumps, PLAIN)), ("shop-web-1", "web:1", None, None, "shop/web")),
    ],
)
def test_runtimes_and_docker_tell_as_much_as_they_know(tmp_path: Path, value: Any, told: tuple[Any, ...]):
    log = log_of(tmp_path, alert(0, IDS[0][:12]))
    import_capture("falco", [log], tmp_path / "c", containers=[written(tmp_path, value)])
    columns = ("container_name", "image", "pod", "namespace", "workload")
    assert names_in(tmp_path / "c", *columns) == [(IDS[0], *told)]


def test_what_the_sensor_says_stays_and_contradictions_are_counted(tmp_path: Path):
    own = {"container.name": "mine", "container.image.repository": "web", "container.image.tag": "1"}
    log = log_of(tmp_path, alert(0, IDS[0][:12], **own), alert(1, IDS[1][:12], **{"k8s.pod.name": "other-0"}))
    web = pod("web-0", ("StatefulSet", "web"), containerStatuses=[running(IDS[0]), running(IDS[1], "side")])
    manifest = import_capture("falco", [log], tmp_path / "c", containers=[written(tmp_path, web)])
    first, second = names_in(tmp_path / "c", "container_name", "image", "pod", "workload")
    assert first == (IDS[0], "mine", "web:1", "web-0", "shop/web/app")  # the image was no workload's name
    assert second == (IDS[1], "side", "docker.io/library/web:1", "other-0", "shop/web/side")
    assert manifest.names == Names(listed=2, named=2, contradicted={"container_name": 1, "pod": 1})


@pytest.mark.parametrize("own", [{"k8s.ns.name": "shop", "k8s.pod.name": "web-0"}, {"k8s.pod.name": "web-0"}])
def test_a_part_of_the_names_is_no_workload_where_a_list_tells_all(own: dict[str, str], tmp_path: Path):
    log = log_of(tmp_path, alert(0, IDS[0][:12], **own))
    web = pod("web-0", ("StatefulSet", "web"), containerStatuses=[running(IDS[0], "side")])
    manifest = import_capture("falco", [log], tmp_path / "c", containers=[written(tmp_path, web)])
    assert names_in(tmp_path / "c", "container_name", "workload") == [(IDS[0], "side", "shop/web/side")]
    assert manifest.names == Names(listed=1, named=1)


def test_an_id_that_fits_two_containers_names_neither_and_is_told(tmp_path: Path):
    twins = ["0123456789ab" + end * 52 for end in "cd"]
    file = written(tmp_path, pod("web-0", containerStatuses=[running(twins[0]), running(twins[1], "side")]))
    log = log_of(tmp_path, alert(0, "0123456789ab"), alert(1, twins[1]))
    done = rtml("capture", "import", "falco", log, "--out", tmp_path / "c", "--containers", file)
    assert done.returncode == 0, done.stderr
    assert "1 short id may be several listed containers" in " ".join(done.stdout.split())
    # Among the events alone the short id would be the beginning of one; the list knows of another.
    manifest = open_capture(tmp_path / "c").manifest
    assert manifest.names is not None and manifest.names.unclear == {"0123456789ab": sorted(twins)}
    assert names_in(tmp_path / "c", "pod") == [("0123456789ab", None), (twins[1], "web-0")]


def test_names_of_several_lists_come_together_and_scope_sees_them(tmp_path: Path):
    docker = written(tmp_path, PLAIN, "docker.json")
    pods = written(
        tmp_path, pod("web-0", ("StatefulSet", "web"), containerStatuses=[running(IDS[0])]), "pods.json"
    )
    log = log_of(tmp_path, alert(0, IDS[0][:12]), alert(1, IDS[1][:12]), alert(2, IDS[2][:12]))
    scope = written(tmp_path, "scope: {namespaces: {exclude: [shop]}}", "scope.yml")
    import_capture("falco", [log], tmp_path / "c", containers=[docker, pods])
    assert names_in(tmp_path / "c", "container_name", "workload") == [
        (IDS[0], "app", "shop/web/app"),
        (IDS[1], "db", None),
        (IDS[2][:12], None, None),
    ]
    scoped = import_capture("falco", [log], tmp_path / "s", scope, containers=[docker, pods])
    assert (scoped.events, scoped.left_out, scoped.names.named) == (2, {"namespaces": 1}, 1)


def test_blocks_and_followers_name_as_whole_imports_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = written(
        tmp_path, pods_of(pod("web-0", ("StatefulSet", "web"), containerStatuses=[running(IDS[0])]))
    )
    names = {"k8s.pod.name": "not-web"}
    log = log_of(
        tmp_path, *(alert(i, IDS[i % 3][: 12 + i % 7], **(names if i == 9 else {})) for i in range(30))
    )
    whole = import_capture("falco", [log], tmp_path / "whole", containers=[file])
    assert whole.names == Names(listed=1, named=1, contradicted={"pod": 1})
    follow("falco", str(log), tmp_path / "followed", ONCE, containers=[file])
    os.utime(log, (1, 1))
    follow("falco", str(log), tmp_path / "followed", ONCE, containers=[file])
    monkeypatch.setattr(pieces, "STREAMED", 1)
    monkeypatch.setattr(pieces, "_BLOCK", 1000)
    import_capture("falco", [log], tmp_path / "blocks", containers=[file])
    for other in ("blocks", "followed"):
        assert rows(tmp_path / other).equals(rows(tmp_path / "whole"))
        assert counted(open_capture(tmp_path / other)) == counted(open_capture(tmp_path / "whole"))


def test_a_follower_reads_a_list_again_and_forgets_nobody(tmp_path: Path):
    file = written(tmp_path, pods_of(pod("a-0", containerStatuses=[running(IDS[0])])))
    log = log_of(tmp_path, alert(0, IDS[0]))
    lists = iter([pods_of(pod("b-0", containerStatuses=[running(IDS[1])])), '{"kind": "Li'])

    def more() -> bool:
        """Change the list, then the log, twice; the second time somebody is still writing the list."""
        value = next(lists, None)
        if value is None:
            return True
        written(tmp_path, value)
        with log.open("a") as stream:
            stream.write(alert(1, IDS[0]) + alert(2, IDS[1]))
        return False

    pulse = type(ONCE)(sleep=0.01, seconds=0.01, stopped=more)
    follow("falco", str(log), tmp_path / "c", pulse, containers=[file])
    follow("falco", str(log), tmp_path / "c", ONCE, containers=[written(tmp_path, lists_end())])
    assert set(names_in(tmp_path / "c", "pod")) == {(IDS[0], "a-0"), (IDS[1], "b-0")}


def lists_end() -> dict[str, Any]:
    return pods_of(
        pod("a-0", containerStatuses=[running(IDS[0])]), pod("b-0", containerStatuses=[running(IDS[1])])
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an empty file"),
        ("NAME READY\nweb 1/1\n", "no JSON"),
        ('{"kind": "ServiceList", "items": []}', "a ServiceList"),
        ('{"kind": "List", "items": []}', "a List"),
        ('{"kind": "List", "items": [{"kind": "Service"}]}', "a List"),
        (json.dumps(pod("web-0")), "none with a container that has an id"),
        ('{"containers": []}', "none with a container that has an id"),
        ("[]", "an empty list"),
        (
            '[{"Id": "sha256:0a", "RepoTags": [], "Config": {}}]',
            "a list of JSON with the keys Config, Id, RepoTags",
        ),
        ("7", "JSON that is int"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_what_lists_no_containers_is_refused_with_the_way_out(tmp_path: Path, text: str, words: str):
    with pytest.raises(UsageError) as error:
        read_listing(written(tmp_path, text))
    assert words in str(error.value)
    assert "kubectl get pods -A -o json" in str(error.value)
    log = log_of(tmp_path, alert(0, IDS[0]))
    with pytest.raises(UsageError):
        import_capture("falco", [log], tmp_path / "c", containers=[tmp_path / "list.json"])
    assert not (tmp_path / "c").exists()


def test_a_packed_list_is_read_and_hostile_names_stay_names(tmp_path: Path):
    evil = "</script>\u001b[31m../../x"
    (tmp_path / "list.json.gz").write_bytes(
        gzip.compress(json.dumps(pod(evil, containerStatuses=[running(IDS[0])])).encode())
    )
    log = log_of(tmp_path, alert(0, IDS[0][:12]))
    import_capture("falco", [log], tmp_path / "c", containers=[tmp_path / "list.json.gz"])
    assert names_in(tmp_path / "c", "pod") == [(IDS[0], evil)]


ODD: tuple[Any, ...] = ({}, [], ["app"], 7, None, True, "", {"a": []})


@pytest.mark.parametrize("odd", ODD)
def test_one_odd_pod_never_hides_the_others(tmp_path: Path, odd: Any):
    """Whatever stands in the place of a name, an image or an id."""
    good = pod("web-0", containerStatuses=[running(IDS[1])])
    for key in ("name", "image", "containerID", "imageID", "state"):
        strange = pod("web-1", containerStatuses=[running(IDS[0], **{key: odd} if key == "state" else {})])
        strange["status"]["containerStatuses"][0][key] = odd
        strange["spec"]["containers"][0][key] = odd
        listed = read_listing(written(tmp_path, pods_of(strange, good)))
        assert IDS[1] in listed["container_id"].to_list()


def test_events_without_containers_get_no_names(tmp_path: Path):
    file = written(tmp_path, pod("web-0", containerStatuses=[running(IDS[0])]))
    manifest = import_capture("falco", [log_of(tmp_path, alert(0, None))], tmp_path / "c", containers=[file])
    assert (manifest.names, manifest.containers) == (Names(listed=1), [])
