"""Falco: where it was: ends of connections, names of containers and pods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.captures.test_falco import one, read

DOCKER = "k8s_till_web-5c9f8d7b6-x7k2p_shop_75cf460d-dd27-41e7-9d29-19b517dc730f_{}"


@pytest.mark.parametrize("call", ["connect", "accept", "sendto"])
def test_who_called_counts_more_than_what_falco_takes_for_local(call: str, tmp_path: Path):
    ends = {"fd.name": "10.2.0.2:42668->10.96.0.1:443", "fd.lport": 443, "fd.rport": 42668}
    (event,) = read(tmp_path, {"evt.type": call, **ends}).events.to_dicts()
    wanted = {"src_ip": "10.2.0.2", "src_port": 42668, "dst_ip": "10.96.0.1", "dst_port": 443}
    assert {name: event[name] for name in wanted} == wanted


@pytest.mark.parametrize("call", ["connect", "accept", "sendto", "recvfrom", "read"])
def test_what_falco_takes_for_local_counts_last_also_with_addresses(call: str, tmp_path: Path):
    ends = {"fd.name": "10.2.0.2:42668->10.96.0.1:443", "fd.lip": "10.96.0.1", "fd.lport": 443}
    ends |= {"fd.rip": "10.2.0.2", "fd.rport": 42668}
    (event,) = read(tmp_path, {"evt.type": call, **ends}).events.to_dicts()
    wanted = {"src_ip": "10.2.0.2", "src_port": 42668, "dst_ip": "10.96.0.1", "dst_port": 443}
    assert {name: event[name] for name in wanted} == wanted


@pytest.mark.parametrize("call", ["bind", "listen"])
def test_what_is_bound_is_one_end(call: str, tmp_path: Path):
    ends = {"fd.name": "0.0.0.0:8080", "fd.lport": 8080, "fd.rport": 0}
    (event,) = read(tmp_path, {"evt.type": call, **ends}).events.to_dicts()
    assert (event["src_ip"], event["src_port"], event["dst_ip"]) == ("0.0.0.0", 8080, None)


@pytest.mark.parametrize(("port", "wanted"), [("https", 443), ("x11-1", 6001), ("of-nobody", None)])
def test_the_name_of_a_port_does_not_cost_the_address(port: str, wanted: int | None, tmp_path: Path):
    event = one(tmp_path, evt__type="connect", fd__name=f"10.2.0.2:42668->10.96.0.1:{port}")
    assert (event["dst_ip"], event["dst_port"]) == ("10.96.0.1", wanted)


def test_names_of_the_kubelet_tell_the_pod_and_no_attempt_is_a_workload_of_its_own(tmp_path: Path):
    place = {"evt.type": "open", "container.id": "a" * 12, "container.image.repository": "web"}
    reading = read(
        tmp_path,
        {**place, "container.name": DOCKER.format(0), "k8s.ns.name": None},
        {**place, "container.name": DOCKER.format(12), "k8s.ns.name": "shop", "k8s.pod.name": "web-0"},
        {**place, "container.name": "k8s_lab"},
    )
    columns = ("container_name", "namespace", "pod", "workload")
    assert reading.events.select(columns).rows() == [
        ("till", "shop", "web-5c9f8d7b6-x7k2p", "shop/web/till"),
        ("till", "shop", "web-0", "shop/web/till"),
        ("k8s_lab", None, None, "web"),
    ]


def test_what_only_holds_a_pod_for_docker_is_infrastructure(tmp_path: Path):
    names = (DOCKER.format(0), DOCKER.format(0).replace("till", "POD"))
    calls = [
        {"evt.type": "open", "container.id": f"{n}" * 12, "container.name": name}
        for n, name in enumerate(names)
    ]
    containers = read(tmp_path, *calls).containers
    assert containers is not None and containers["role"].to_list() == [None, "infrastructure"]


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ({"k8s.ns.name": "shop", "k8s.pod.name": "till-77789455d6-m7flp"}, "shop/till"),
        (
            {"k8s.ns.name": "shop", "k8s.pod.name": "till-0", "container.image.repository": "alpine"},
            "shop/till",
        ),
        ({"k8s.pod.name": "till-74htl"}, "till"),
        ({"k8s.pod.name": "till-74htl", "container.image.repository": "alpine"}, "alpine"),
    ],
)
def test_a_pod_is_a_workload_whatever_is_not_known_of_it(names: dict[str, Any], wanted: str, tmp_path: Path):
    reading = read(tmp_path, {"evt.type": "open", "container.id": "a" * 12, **names})
    assert reading.events["workload"].to_list() == [wanted]
