"""A seeded capture of any size: plausible in shape, meaningless in content.

One part per host with a million events of an hour: 20 containers of 8 workloads; every program has
its own destinations, names and files, few of them frequent and most rare; some paths carry random
parts. Proportions of kinds are those of the lab recording; variety is far above it (56 distinct
program-destination pairs per container and minute, where the lab has 3). Written part by part, so
memory does not grow with the size.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.captures.manifest import Container, Manifest
from rtml.captures.processes import PROCESSES
from rtml.captures.write import write_events
from rtml.schema import conform

__all__ = ["PER_HOST", "SHARES", "write_parts", "write_synthetic"]

PER_HOST = 1_000_000
_START = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
_HOUR = 3_600_000_000_000
_CONTAINERS, _WORKLOADS = 20, 8
SHARES = {
    "open": 0.46,
    "connect": 0.25,
    "accept": 0.14,
    "dns": 0.06,
    "fork": 0.05,
    "exec": 0.014,
    "exit": 0.014,
    "dup": 0.01,
    "unlink": 0.0008,
    "chmod": 0.0006,
    "mount": 0.0004,
    "kill": 0.0002,
}

_Index = npt.NDArray[np.int64]
_Share = Mapping[str, float]


def _tail(rng: np.random.Generator, size: int, choices: int) -> _Index:
    """Draw indices with a long tail: few are frequent, most are rare."""
    return np.minimum(rng.zipf(1.4, size) - 1, choices - 1).astype(np.int64)


def _pick(names: list[str], index: _Index) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(index)


def _paths(rng: np.random.Generator) -> list[str]:
    fixed = [f"/usr/lib/app/{i % 40}/module{i}.so" for i in range(2000)]
    fixed += [f"/etc/app{i}/settings.conf" for i in range(200)]
    random = [f"/tmp/tmp{rng.integers(16**8):08x}/f{i}.dat" for i in range(400)]
    return [*fixed, *random, *(f"/proc/{i}/stat" for i in range(300))]


def _identity(host: int, container: _Index, program: _Index) -> dict[str, pl.Series]:
    workload = container % _WORKLOADS
    names = {
        "container_id": [f"{host:04x}{i:08x}" for i in range(_CONTAINERS)],
        "workload": [f"service-{i}" for i in range(_WORKLOADS)],
        "image": [f"registry/shop/service-{i}:1.0" for i in range(_WORKLOADS)],
        "exe": [f"/usr/bin/program{i}" for i in range(_WORKLOADS * 12)],
    }
    index = {"container_id": container, "workload": workload, "image": workload, "exe": program}
    identity = {name: _pick(values, index[name]) for name, values in names.items()}
    return {**identity, "process_id": pl.Series(container * 1000 + program + host * 10**6)}


def _details(rng: np.random.Generator, program: _Index) -> dict[str, pl.Series]:
    """Draw what a program touches: each has its own few destinations, names and files."""
    size, ports = len(program), np.array([443, 6379, 5432, 8080, 53, 9092])
    peer = (program * 7 + _tail(rng, size, 12)) % 600
    return {
        "path": _pick(_paths(rng), (program * 31 + _tail(rng, size, 400)) % 2900),
        "dst_ip": _pick([f"10.{i // 250}.{i % 250}.7" for i in range(600)], peer),
        "domain": _pick([f"svc{i}.shop.internal" for i in range(600)], peer),
        "dst_port": pl.Series(ports[peer % 6]),
        "result": pl.Series(np.where(rng.random(size) < 0.2, -2, 0)),
    }


_ONLY = {
    "path": ("open", "unlink", "chmod", "mount"),
    "dst_ip": ("connect",),
    "dst_port": ("connect",),
    "domain": ("dns",),
}


def _host_events(rng: np.random.Generator, host: int, size: int, kept: _Share) -> pl.DataFrame:
    share = np.array(list(kept.values()))
    kinds = _pick(list(kept), rng.choice(len(kept), size, p=share / share.sum()))
    time = np.sort(rng.integers(_HOUR, size=size)) + int(_START.timestamp()) * 10**9
    container = rng.integers(_CONTAINERS, size=size)
    program = container % _WORKLOADS * 12 + _tail(rng, size, 12)
    columns = {"kind": kinds, **_identity(host, container, program), **_details(rng, program)}
    frame = pl.DataFrame({"time": time, "seq": np.arange(size), **columns})
    only = [
        pl.when(pl.col("kind").is_in(list(where))).then(name).alias(name) for name, where in _ONLY.items()
    ]
    fixed = {"host": f"node-{host}", "sensor": "synthetic", "comm": "program"}
    constants = [pl.lit(value).alias(name) for name, value in fixed.items()]
    utc = pl.col("time").cast(pl.Datetime("ns", "UTC"))
    return conform(frame.with_columns(utc, *only, *constants))


def _images(events: pl.DataFrame) -> pl.DataFrame:
    """Give every exec a process image with two ancestors."""
    execs = events.filter(pl.col("kind") == "exec")
    parent = pl.concat_str([pl.lit("/bin/sh"), pl.col("seq") % 3])
    return conform(
        execs.select(
            pl.col("host", "container_id", "exe").cast(pl.String),
            "process_id",
            image_seq="seq",
            root_id="process_id",
            since="time",
            ancestors=pl.concat_list(parent, pl.lit("/usr/sbin/entrypoint")),
        ),
        PROCESSES,
    )


def _containers(events: pl.DataFrame) -> list[Container]:
    facts = events.group_by("container_id", "workload", "image", "host").agg(
        first_seen=pl.col("time").min(), last_seen=pl.col("time").max(), events=pl.len()
    )
    strings = facts.with_columns(pl.col("container_id", "workload", "image", "host").cast(pl.String))
    return [Container(**row) for row in strings.sort("container_id").to_dicts()]


def write_synthetic(folder: Path, events: int, seed: int = 1) -> Path:
    """Write a capture of ``events`` events into the new ``folder``; same seed, same capture."""
    return write_parts(folder, events, seed, SHARES, lambda part, _: part)


def write_parts(
    folder: Path,
    events: int,
    seed: int,
    share: _Share,
    change: Callable[[pl.DataFrame, np.random.Generator], pl.DataFrame],
) -> Path:
    """Write a capture of kinds in these shares, host by host, each part changed before."""
    containers: list[Container] = []
    images = []
    sizes = [min(PER_HOST, events - done) for done in range(0, events, PER_HOST)]
    for host, size in enumerate(sizes):
        rng = np.random.default_rng([seed, host])
        part = change(_host_events(rng, host, size, share), rng)
        write_events(folder, part)
        images.append(_images(part))
        containers += _containers(part)
    folder.mkdir(parents=True, exist_ok=True)
    pl.concat(images).write_parquet(folder / "processes.parquet", compression="zstd")
    hosts = [f"node-{host}" for host in range(len(sizes))]
    begin, end = min(one.first_seen for one in containers), max(one.last_seen for one in containers)
    manifest = Manifest(sensor="synthetic", events=events, hosts=hosts, containers=containers, start=begin,
                        end=end)  # fmt: skip
    (folder / "capture.json").write_text(manifest.to_json())
    return folder
