"""Ground truth after the fact: the root process of each attack, its tree, its label.

The root is looked up in the recording by what is known for certain (container, start of the
process, the delivered command), never by what an attack looks like. There are no marks in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import polars as pl

from rtml.captures import Capture
from rtml.captures.processes import BY_TIME
from rtml.replays.contract import Attack
from rtml.replays.parts import attack_of
from rtml.schema import LABELS, conform

__all__ = ["labels_of", "root_of", "tree_of"]

_TICK = dt.timedelta(milliseconds=10)
_SLACK = dt.timedelta(milliseconds=200)


def labels_of(
    capture: Capture, done: Sequence[dict[str, Any]], attacks: dict[str, Attack], offset: int
) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """Label the attacks that a journal lists.

    Parameters
    ----------
    capture
        The imported recording.
    done
        Journal entries of kind ``attack``.
    attacks
        The catalogue, for techniques and names.
    offset
        Wall clock minus time since boot, in nanoseconds.

    Returns
    -------
    Labels (schema ``LABELS``; ``process_id`` null where no root was found), and for each attack a
    mapping for ``labels.jsonl``.
    """
    images = capture.processes().collect()
    rows, lines = [], []
    for fact in done:
        attack = attacks[attack_of(fact["id"])]
        root = root_of(images, fact, attack.entry, offset)
        row = {
            "attack_id": fact["id"],
            "technique": attack.technique,
            "name": attack.name,
            "host": images["host"][0],
            "container_id": fact["container_id"],
            "start": _utc(fact["start"]),
            "end": _utc(fact["end"]),
            "process_id": root,
            "provenance": "replay",
            "grade": attack.grade,
            "entry": attack.entry,
        }
        rows.append(row)
        lines.append(_line(row, fact, attack, images))
    labels = pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame()
    return conform(labels, LABELS), lines


def root_of(images: pl.DataFrame, fact: dict[str, Any], entry: str, offset: int) -> int | None:
    """Find the root process of one attack; null when the recording does not hold it."""
    begin, end = _utc(fact["start"]), _utc(fact["end"])
    here = images.filter(pl.col("container_id").cast(pl.String) == fact["container_id"])
    if entry in ("service", "rollout"):
        # The service is the container's first process: nothing can enter before it.
        first = here.filter(pl.col("started") <= end).sort("started", *BY_TIME)
        return int(first["process_id"][0]) if first.height else None
    candidates = here.filter(pl.col("since").is_between(begin - _SLACK, end + _SLACK))
    if entry == "exec":
        if fact.get("ticks") is None:
            return None
        at = dt.datetime.fromtimestamp((fact["ticks"] * 10_000_000 + offset) / 1e9, dt.UTC)
        near = pl.col("started").is_between(at - _TICK, at + 2 * _TICK)
        candidates = candidates.filter(near & (pl.col("cmdline") == "sh"))
    else:
        words = " ".join(fact["command"].split())[:60]
        seen = pl.col("cmdline").str.replace_all(r"\s+", " ")
        candidates = candidates.filter(seen.str.starts_with("sh -c") & seen.str.contains(words, literal=True))
    matches = candidates.sort(BY_TIME)["process_id"]
    return int(matches[0]) if len(matches) else None


def tree_of(images: pl.DataFrame, root: int) -> set[int]:
    """Process ids of a root and of everything that came from it."""
    tree, fresh = {root}, {root}
    pairs = images.select("process_id", "parent_id").drop_nulls().unique()
    while fresh:
        born = set(pairs.filter(pl.col("parent_id").is_in(list(fresh)))["process_id"])
        fresh = born - tree
        tree |= fresh
    return tree


def _line(row: dict[str, Any], fact: dict[str, Any], attack: Attack, images: pl.DataFrame) -> dict[str, Any]:
    tree = tree_of(images, row["process_id"]) if row["process_id"] is not None else set()
    pids = sorted(set(images.filter(pl.col("process_id").is_in(list(tree)))["pid"]))
    return {
        **row,
        "start": fact["start"]["unix_ns"],
        "end": fact["end"]["unix_ns"],
        "container": fact["container"],
        "pids": pids,
        "quiet": attack.quiet,
        "family": attack.family,
        "command": fact["command"],
        "complete": fact["complete"],
        "moment": fact.get("moment"),
    }


def _utc(at: dict[str, int]) -> dt.datetime:
    return dt.datetime.fromtimestamp(at["unix_ns"] / 1e9, dt.UTC)
