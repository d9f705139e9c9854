"""The name server's table while the lab changes: replicas that come and go, partners that move."""

import json
from pathlib import Path

import pytest

from rtml.errors import RtmlError
from rtml.replays import lab as module
from rtml.replays.containers import Container
from rtml.replays.journal import Journal, read_journal
from rtml.replays.lab import PARTNERS, SPARE, Lab
from rtml.replays.reading import load_workloads

WORKLOADS = load_workloads()


class Places:
    """A network in which every place gets the next address."""

    def __init__(self) -> None:
        self.joined: list[str] = []

    def join(self, name: str, numbers: list[int] | None = None) -> str:
        self.joined.append(name)
        return f"10.99.0.{numbers[0] if numbers else 9 + len(self.joined)}"


class Engine:
    """Containers that are started and stopped on paper."""

    def __init__(self) -> None:
        self.stopped: list[str] = []
        self.names: set[str] = set()
        self.meanwhile = lambda: None

    def start(self, name, place, workload, ip, version=1) -> Container:
        return Container(name, workload, version, ip, "0" * 64, 1, Path("/proc/self"), 1, {}, place)

    def stop(self, name: str) -> None:
        self.stopped.append(name)

    def running(self) -> set[str]:
        self.meanwhile()
        return self.names


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setattr(module, "Network", Places)
    monkeypatch.setattr(module, "answers", lambda ip, port: True)
    (tmp_path / "share").mkdir()
    made = Lab(tmp_path, Engine(), Journal(tmp_path / "journal.jsonl"))  # type: ignore[arg-type]
    made.up({"infra": (WORKLOADS["infra"], 1), "worker": (WORKLOADS["worker"], 2)})
    return made


def names(tmp_path: Path) -> dict[str, list[str]]:
    return json.loads((tmp_path / "share" / "names.json").read_text())


def test_a_replica_that_comes_and_goes_is_known_and_forgotten(lab: Lab, tmp_path: Path):
    before = names(tmp_path)["worker.shop.internal"]
    new = lab.grow("worker-3", WORKLOADS["worker"])
    assert names(tmp_path)["worker.shop.internal"] == [*before, new.ip]
    assert lab.shrink("worker-3") is new
    assert names(tmp_path)["worker.shop.internal"] == before
    assert "worker-3" not in lab.places and lab.podman.stopped == ["worker-3"]  # type: ignore[attr-defined]
    assert new not in lab.dead(), "what was taken away must not be revived"


def test_what_ended_by_itself_is_dead_and_what_is_being_replaced_or_just_started_is_not(lab: Lab):
    lab.podman.names = {"infra", "worker-1"}  # type: ignore[attr-defined]
    assert [container.place for container in lab.dead()] == ["worker-2"]
    with lab.places["worker-2"].lock:
        assert lab.dead() == [], "an attack or a replacement goes on there"
    lab.podman.meanwhile = lambda: lab.grow("worker-3", WORKLOADS["worker"])  # type: ignore[attr-defined]
    assert [container.place for container in lab.dead()] == ["worker-2"], "it started while podman was asked"


def test_a_place_that_comes_again_has_its_address_and_another_name(lab: Lab):
    first = lab.grow("worker-3", WORKLOADS["worker"])
    lab.shrink("worker-3")
    again = lab.grow("worker-3", WORKLOADS["worker"])
    assert (again.ip, again.name) == (first.ip, "worker-3.2")


def test_a_workload_that_is_new_gets_a_name(lab: Lab, tmp_path: Path):
    new = lab.grow("promo-1", WORKLOADS["promo"])
    assert names(tmp_path)["promo.shop.internal"] == [new.ip]
    written = [
        fact["name"] for fact in read_journal(tmp_path / "journal.jsonl") if fact["what"] == "container"
    ]
    assert written[-1] == "promo-1"


def test_a_partner_moves_to_addresses_that_nobody_else_has(lab: Lab, tmp_path: Path):
    moved = [lab.move("pay.partner.example") for _ in SPARE]
    assert len(set(moved)) == len(SPARE) and not {int(ip.rpartition(".")[2]) for ip in moved} & set(
        PARTNERS.values()
    )
    assert names(tmp_path)["pay.partner.example"] == [moved[-1]]


def test_a_workload_that_never_gets_ready_is_an_error_that_names_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "answers", lambda ip, port: False)
    lab.podman.output = lambda name: "no port"  # type: ignore[method-assign]
    slow = WORKLOADS["web"].model_copy(update={"patience": 0.2})
    lab.grow("web-1", slow)
    with pytest.raises(RtmlError, match="web-1 does not serve port 80: no port"):
        lab._await("web")
