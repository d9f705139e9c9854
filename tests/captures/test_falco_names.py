"""Alerts that name a container without its id are of the one that others of the host give these names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import check_capture, import_capture, open_capture
from rtml.captures.following.follow import Pulse, follow
from tests.captures.following.test_follow import to_the_end
from tests.captures.test_streaming import same, small_blocks

__all__ = ["small_blocks"]

A, B = "0123456789ab", "ba9876543210"
OF_A = {"container.id": A, "container.name": "app", "k8s.ns.name": "shop", "k8s.pod.name": "web-0"}
OF_B = {"container.id": B, "container.name": "db", "k8s.ns.name": "shop", "k8s.pod.name": "db-0"}


def alert(second: int, fields: dict[str, Any], host: str = "n1") -> str:
    own = {"evt.type": "open", "evt.num": second, "proc.pid": 7, "fd.name": f"/{second}"}
    at = f"2027-01-01T08:{second // 60:02}:{second % 60:02}Z"
    record = {"rule": "r", "priority": "Notice", "time": at, "hostname": host, "source": "syscall"}
    return json.dumps({**record, "output": "x", "output_fields": {**own, **fields}})


def ids(folder: Path, *alerts: str) -> list[str | None]:
    (folder / "f.jsonl").write_text("\n".join(alerts) + "\n")
    import_capture("falco", [folder / "f.jsonl"], folder / "c")
    capture = open_capture(folder / "c")
    assert [check.name for check in check_capture(capture) if check.grave and not check.ok] == []
    return capture.events().collect().sort("time")["container_id"].cast(pl.String).to_list()


NAMED = {
    "all": {"container.name": "app", "k8s.ns.name": "shop", "k8s.pod.name": "web-0"},
    "pod and container": {"container.name": "app", "k8s.pod.name": "web-0"},
    "container": {"container.name": "app"},
    "pod": {"k8s.ns.name": "shop", "k8s.pod.name": "web-0"},
    "no id": {"container.id": None, "container.name": "app"},
    "an id that says nothing": {"container.id": "<NA>", "container.name": "app"},
}


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("fields", NAMED)
def test_names_that_are_of_one_container_mean_it(fields: str, order: int, tmp_path: Path):
    alerts = [alert(1, OF_A), alert(2, NAMED[fields]), alert(3, OF_B)]
    assert ids(tmp_path, *alerts[::order]) == [A, A, B]


def test_names_that_are_of_two_containers_or_of_none_stay_names(tmp_path: Path):
    again = {**OF_A, "container.id": B}
    other = {"container.name": "cache", "k8s.pod.name": "web-0"}
    alerts = [alert(1, OF_A), alert(2, again), alert(3, NAMED["all"]), alert(4, other)]
    assert ids(tmp_path, *alerts) == [A, B, "shop/web-0/app@n1", "web-0/cache@n1"]


def test_a_container_of_another_host_is_another(tmp_path: Path):
    alerts = [alert(1, OF_A), alert(2, NAMED["container"], "n2"), alert(3, OF_B, "n2")]
    assert ids(tmp_path, *alerts) == [A, "app@n2", B]


def test_the_longer_spelling_of_an_id_is_the_same_container(tmp_path: Path):
    long = {**OF_A, "container.id": A + "c" * 52}
    assert ids(tmp_path, alert(1, OF_A), alert(2, long), alert(3, NAMED["all"])) == [A + "c" * 52] * 3


@pytest.mark.parametrize("fields", [{}, {"container.id": "host", "container.name": "host"}])
def test_the_host_is_no_container(fields: dict[str, Any], tmp_path: Path):
    assert ids(tmp_path, alert(1, OF_A), alert(2, fields)) == [A, None]


@pytest.mark.usefixtures("small_blocks")
def test_long_files_tell_the_same(tmp_path: Path):
    kinds = [OF_A, NAMED["pod"], NAMED["container"], OF_B, {"container.name": "cache"}, {}]
    text = "\n".join(alert(n, kinds[n % 6] if n > 400 else kinds[1 + n % 2]) for n in range(1, 900))
    (tmp_path / "f.jsonl").write_text(text + "\n")
    same("falco", [tmp_path / "f.jsonl"], tmp_path)
    seen = {c.container_id: c.events for c in open_capture(tmp_path / "blocks").manifest.containers}
    assert set(seen) == {A, B, "cache@n1"} and seen[A] > 600


def test_a_followed_log_tells_the_same_when_the_id_comes_later(tmp_path: Path):
    log = tmp_path / "f.jsonl"
    for line in (alert(1, NAMED["all"]), alert(2, NAMED["container"]), alert(200, OF_A), alert(400, OF_B)):
        with log.open("a") as file:
            file.write(line + "\n")
        follow("falco", str(log), tmp_path / "c", Pulse(once=True, sleep=0.01))
    to_the_end(log, tmp_path / "c", "falco")
    seen = open_capture(tmp_path / "c").events().collect().sort("time")["container_id"].cast(pl.String)
    assert seen.to_list() == [A, A, A, B]
