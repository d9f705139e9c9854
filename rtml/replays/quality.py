"""Sensor quality: did the recording catch what it must? One line for each promise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from rtml.captures import Capture
from rtml.evaluation.origins import origin
from rtml.replays.contract import Attack, Expectation
from rtml.replays.roots import tree_of

__all__ = ["Finding", "examine_recording", "missing_events"]

_SLACK = dt.timedelta(seconds=2)


@dataclass(frozen=True)
class Finding:
    """A promise, whether it holds, and what was counted."""

    name: str
    ok: bool
    found: str


def examine_recording(
    capture: Capture, labels: pl.DataFrame, attacks: Mapping[str, Attack], overflows: int = 0
) -> list[Finding]:
    """Hold a recording against the promises of the lab.

    Returns
    -------
    Findings on: root of every attack known; expected events present; process trees complete (every
    exec has a parent in the capture, or is a container's init, or entered by exec); events
    outside containers; losses; refused lines; and ``overflows`` of the machine's neighbour
    table, which make connections fail.
    """
    manifest = capture.manifest
    rootless = labels.filter(pl.col("process_id").is_null())["attack_id"].to_list()
    lacking = missing_events(capture, labels, attacks)
    outside, orphans = _outside(capture), _orphans(capture)
    return [
        Finding("every attack has its root process", not rootless, _names(rootless)),
        Finding(
            "expected events are there",
            not lacking,
            _names([f"{name}: {text}" for name, texts in lacking.items() for text in texts]),
        ),
        Finding("process trees are complete", not orphans, f"{orphans} without a parent"),
        Finding("nothing outside containers", not outside, f"{outside} events"),
        Finding("nothing lost", not manifest.lost, f"{manifest.lost:,} lost"),
        Finding("every line was read", not manifest.rejected, f"{manifest.rejected:,} refused"),
        Finding("every address was found", not overflows, f"{overflows:,} times table full"),
    ]


def missing_events(
    capture: Capture, labels: pl.DataFrame, attacks: Mapping[str, Attack]
) -> dict[str, list[str]]:
    """For each attack the expectations that no event of its trees or windows meets."""
    images = capture.processes().collect()
    rows = labels.with_columns(attack=origin(labels)).to_dicts()
    lacking = {}
    for name in dict.fromkeys(row["attack"] for row in rows):
        parts = [_events_of(capture, row, images) for row in rows if row["attack"] == name]
        events = pl.concat(parts)
        texts = [str(e.patterns() | {"kind": e.kind}) for e in attacks[name].expects if not _met(events, e)]
        if texts:
            lacking[str(name)] = texts
    return lacking


def _events_of(capture: Capture, row: dict[str, Any], images: pl.DataFrame) -> pl.DataFrame:
    inside = pl.col("time").is_between(row["start"] - _SLACK, row["end"] + _SLACK)
    # The tree of a service is the whole container's life: only its window is the attack.
    whole = row["process_id"] is not None and row.get("entry") not in ("service", "rollout")
    tree = tree_of(images, row["process_id"]) if whole else set()
    in_container = pl.col("container_id").cast(pl.String) == row["container_id"]
    return capture.events().filter(in_container & (inside | pl.col("process_id").is_in(list(tree)))).collect()


def _met(events: pl.DataFrame, expectation: Expectation) -> bool:
    matching = events.filter(pl.col("kind").cast(pl.String) == expectation.kind)
    for column, pattern in expectation.patterns().items():
        matching = matching.filter(pl.col(column).cast(pl.String).str.contains(pattern))
    return matching.height > 0


def _outside(capture: Capture) -> int:
    """Events of no container of the sitting."""
    container = pl.col("container_id").cast(pl.String)
    strange = container.is_null() | container.str.starts_with("cgroup:")
    return int(capture.events(["container_id"]).filter(strange).select(pl.len()).collect().item())


def _orphans(capture: Capture) -> int:
    """Count processes that executed something and whose parent is unknown.

    A container's init and what enters by exec have their parent outside: the runtime.
    """
    images = capture.processes().collect()
    parents = images.select(parent_id="process_id").unique()
    inner = images.filter(pl.col("image_seq").is_not_null() & (pl.col("root_id") != pl.col("process_id")))
    return inner.join(parents, on="parent_id", how="anti").filter(pl.col("parent_id").is_not_null()).height


def _names(names: list[str]) -> str:
    return "; ".join(names) or "all"
