"""A small shop on disk and a model of it, trained once.

How models are made, kept, asked and run as a job is known here alone: `learnt`, `kept`, `opened`,
`judged`, `ran`. What they return is used by its public names only.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import Capture, open_capture
from rtml.captures.manifest import Container, Manifest
from rtml.captures.processes import process_images
from rtml.captures.write import write_capture
from rtml.job.running import run_job
from rtml.models import Model, Scored, load_model, train
from rtml.schema import COMBINED, POLARS, REJECTS, conform, empty
from rtml.splits import Split

START = dt.datetime(2026, 3, 9, 7, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
LEARN, CALIBRATE, END = 20, 30, 40
"""Minutes: training ends, calibration ends, the shop closes."""
INTRUSION = ("app-1", 35)
"""Where and in which minute somebody brings a tool."""
DETECTORS: dict[str, dict[str, Any]] = {
    "surprise": {},
    "half_space_trees": {"trees": 10, "window": 20},
    "isolation_forest": {"trees": 20},
}
"""One in bits, one that learns online, one that draws at random."""
JUDGES = {*DETECTORS, COMBINED}
"""Who judges: each of them, and what they say together."""

FAMILIES = ["lineage", "destinations"]
"""Few, so that all of this takes seconds."""


def minute(number: float) -> dt.datetime:
    """Return a moment of the shop."""
    return START + number * MINUTE


def learnt(capture: Capture, begin: float = LEARN, until: float = CALIBRATE, **changes: Any) -> Model:
    """Train on the minutes before ``begin``, calibrate on those up to ``until``."""
    usual: dict[str, Any] = {
        "detectors": DETECTORS,
        "families": FAMILIES,
        "blocks": 3,
        "seed": 7,
        "budget": 20.0,
    }
    return train(capture, split=Split(minute(begin), minute(until)), **usual | changes)


def kept(model: Model, folder: Path) -> Path:
    """Write a model into a new folder."""
    return model.save(folder)


def opened(folder: Path) -> Model:
    """Read a model, all of it."""
    return load_model(folder)


def judged(model: Model, capture: Capture, **options: Any) -> Scored:
    """Score a capture; the model stays as it is."""
    return model.score(capture, **options)


def ran(capture: Path, model: Path, out: Path, **options: Any) -> dict[str, Any]:
    """Run the batch job."""
    return run_job([str(capture)], model, out, **options)


def shop(folder: Path, *extra: dict[str, Any], until: int = END) -> Capture:
    """Write the shop's ``until`` first minutes as a capture; ``extra`` are events besides."""
    names = ("web-1", "web-2", "app-1", "app-2", "lab-1")
    rows = [row for n in range(until) for name in names for row in work(name, n)]
    rows += [row for row in [*_intrusion(), *extra] if row["second"] < 60 * until]
    return written(folder, rows)


def written(folder: Path, rows: list[dict[str, Any]]) -> Capture:
    """Write rows as a capture, in order of time."""
    events = _events(sorted(rows, key=lambda row: row["second"]))
    kinds = dict(events["kind"].cast(pl.String).value_counts().sort("kind").iter_rows())
    manifest = Manifest(sensor="test", events=events.height, kinds=kinds, containers=_containers(events),
                        start=events["time"].min(), end=events["time"].max())  # fmt: skip
    images = process_images(events)
    write_capture(folder, manifest, events, images, empty(REJECTS))
    return open_capture(folder)


def event(container: str, second: float, kind: str, **more: Any) -> dict[str, Any]:
    """Return an event of a container's main process, or of another ``pid``."""
    return {"container_id": container, "second": second, "kind": kind, "pid": 1} | more


def work(container: str, number: int) -> list[dict[str, Any]]:
    """Return what a container does in a minute: a program, files, connections, a name."""
    program = {"web": "/usr/sbin/nginx", "app": "/usr/bin/python3", "lab": "/usr/bin/nc"}[container[:3]]
    main = {"container_id": container, "pid": 1, "exe": program}
    child = {"container_id": container, "pid": 100 + number, "ppid": 1}
    begin = 60 * number
    rows = [
        {**main, "kind": "exec", "second": begin} if number == 0 else {**main, "kind": "accept"},
        {**main, "kind": "open", "path": f"/etc/conf.d/{'abc'[number % 3]}"},
        {**main, "kind": "open", "path": f"/var/log/{container[:3]}-{number % 5}.log", "wrote": True},
        {**main, "kind": "connect", "dst_ip": f"10.0.0.{number % 4}", "dst_port": 6379},
        {**main, "kind": "dns", "domain": f"{'xyz'[number % 3]}.shop.internal"},
        {**main, "kind": "fork", "target_pid": child["pid"]},
        {**child, "kind": "exec", "exe": ("/bin/ls", "/bin/date", "/bin/cat")[number % 3]},
        {**child, "kind": "exit"},
    ]
    return [{"second": begin + 5 * i, **row} for i, row in enumerate(rows)]


def _intrusion() -> list[dict[str, Any]]:
    return attack_again(*INTRUSION)


def attack_again(container: str, number: int) -> list[dict[str, Any]]:
    """Return the intrusion, of a container and a minute; each minute has its own process."""
    begin = 60 * number + 50
    tool = {"container_id": container, "pid": 865 + number, "ppid": 1}
    rows = [
        event(container, 0, "fork", target_pid=tool["pid"], exe="/usr/bin/python3"),
        {**tool, "kind": "exec", "exe": "/dev/shm/.kit", "cmdline": "/dev/shm/.kit --all"},
        {**tool, "kind": "open", "path": "/etc/shadow", "exe": "/dev/shm/.kit"},
        {**tool, "kind": "connect", "dst_ip": "203.0.113.9", "dst_port": 4444},
        {**tool, "kind": "ptrace", "request": "ATTACH"},
    ]
    return [{**row, "second": begin + i} for i, row in enumerate(rows)]


def _events(rows: list[dict[str, Any]]) -> pl.DataFrame:
    plain = {name: pl.String if kind == pl.Categorical else kind for name, kind in POLARS.items()}
    filled = [
        {
            "time": minute(row["second"] / 60), "seq": number, "host": "h", "image": "shop/base:1",
            "workload": row["container_id"][:3], "result": 0,
            "process_id": hash_of(row["container_id"], row["pid"]),
            "parent_id": hash_of(row["container_id"], row["ppid"]) if "ppid" in row else None,
        } | {name: value for name, value in row.items() if name in plain}
        for number, row in enumerate(rows)
    ]  # fmt: skip
    return conform(pl.DataFrame(filled, schema=plain, orient="row"))


def hash_of(container: str, pid: int) -> int:
    """Return a process id that is the same in every run."""
    return int.from_bytes(container.encode()[-5:], "big") * 100_000 + pid


def _containers(events: pl.DataFrame) -> list[Container]:
    seen = events.group_by(pl.col("container_id").cast(pl.String)).agg(
        first_seen=pl.col("time").min(), last_seen=pl.col("time").max(), events=pl.len(),
        image=pl.col("image").cast(pl.String).first(),
    )  # fmt: skip
    return [
        Container(role="infrastructure" if row["container_id"] == "lab-1" else "workload", host="h",
                  workload=row["container_id"][:3], **row)
        for row in seen.sort("container_id").rows(named=True)
    ]  # fmt: skip


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """Forty minutes of the shop; the intrusion is in the minutes that nobody learnt."""
    return shop(tmp_path_factory.mktemp("shop") / "capture")


@pytest.fixture(scope="session")
def model(capture: Capture) -> Model:
    """The model, trained once: tests must leave it as it is."""
    return learnt(capture)


@pytest.fixture(scope="session")
def folder(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model on disk."""
    return kept(model, tmp_path_factory.mktemp("model") / "model")


@pytest.fixture(scope="session")
def scored(folder: Path, capture: Capture) -> Scored:
    """What the loaded model says of the shop."""
    return judged(opened(folder), capture)
