"""A shop whose captures come in pieces, and a model of it."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.util
import os
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from rtml.captures import Capture
from rtml.captures.manifest import Manifest
from rtml.captures.processes import process_images
from rtml.captures.write import write_capture
from rtml.rules.chosen import Chosen
from rtml.schema import REJECTS, empty
from tests.models import conftest as shop

MIDNIGHT = dt.datetime(2026, 3, 10, tzinfo=dt.UTC)
OURS = Chosen(("container", "k8s-audit"))
"""Our rules, of the packs that fit."""
LATE = (MIDNIGHT - shop.START) / shop.MINUTE
"""The minute of the shop that begins at midnight."""


def cut(capture: Capture, folder: Path, edges: Iterable[dt.datetime]) -> list[Path]:
    """Write a capture as several, one for each time between edges."""
    events, facts = capture.events().collect(), {c.container_id: c for c in capture.manifest.containers}
    ends, parts = [*edges], []
    for number, (begin, end) in enumerate(zip(ends, ends[1:], strict=False)):
        rows = events.filter(pl.col("time") >= begin, pl.col("time") < end)
        if rows.height:
            parts.append(written(folder / f"part-{number:02d}", rows, facts))
    return parts


def written(folder: Path, rows: pl.DataFrame, facts: dict[str, Any]) -> Path:
    """Write events as a capture; ``facts`` are containers by id."""
    seen = rows.group_by(pl.col("container_id").cast(pl.String)).agg(
        first_seen=pl.col("time").min(), last_seen=pl.col("time").max(), events=pl.len()
    )
    containers = [facts[row["container_id"]].model_copy(update=row)
                  for row in seen.sort("container_id").iter_rows(named=True)]  # fmt: skip
    kinds = dict(rows["kind"].cast(pl.String).value_counts().sort("kind").iter_rows())
    manifest = Manifest(sensor="test", hosts=["h"], events=rows.height, kinds=kinds, containers=containers,
                        start=rows["time"].min(), end=rows["time"].max())  # fmt: skip
    write_capture(folder, manifest, rows, process_images(rows), empty(REJECTS))
    return folder


def contents(out: Path) -> dict[str, str]:
    """Return every file of an output by its digest; what it holds to the byte."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def some_edges(capture: Capture, number: int, seed: int) -> list[dt.datetime]:
    """Return moments that cut a capture into pieces anywhere."""
    begin, end = capture.span
    draw = random.Random(seed)
    inner = sorted(begin + draw.random() * (end - begin) for _ in range(number - 1))
    return [begin, *inner, end + dt.timedelta(microseconds=1)]


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """Half an hour before midnight and half an hour after: three replicas change, one is broken into."""
    begin, end = int(LATE) - 30, int(LATE) + 30
    rows = [row for n in range(begin, end)
            for name in ("web-1", "web-2", "app-1", "app-2") for row in shop.work(name, n)]  # fmt: skip
    for name in ("web-1", "web-2", "app-1", "app-2"):
        rows.append(
            shop.event(
                name, 60 * begin, "exec", exe="/usr/sbin/nginx" if name[0] == "w" else "/usr/bin/python3"
            )
        )
    for at in (begin + 5, int(LATE) - 1, int(LATE) + 1, end - 3):
        rows += shop.attack_again("app-1", at)
    for name, at in (("web-1", -1), ("web-2", 1)):
        rows.append(shop.event(name, 60 * (LATE + at), "connect", dst_ip="198.51.100.7", dst_port=9999))
    return shop.written(tmp_path_factory.mktemp("night") / "capture", rows)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the shop, of an earlier day."""
    place = tmp_path_factory.mktemp("job-model")
    return shop.learnt(shop.shop(place / "c")).save(place / "model")


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """Two nodes of a Ray cluster on this machine."""
    if importlib.util.find_spec("ray") is None:
        pytest.skip("ray is not installed: pip install 'rtml[ray]'")
    os.environ.update(
        RAY_AUTH_MODE="disabled", RAY_USAGE_STATS_ENABLED="0", RAY_memory_usage_threshold="0.99"
    )
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    yield nodes.address
    nodes.shutdown()
