"""What the page tells of each attack: the findings that found it, and the process tree that it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from rtml.evaluation import Ledger, Side, Track
from rtml.evaluation.matching import Matched
from rtml.findings import process_tree
from rtml.report.chosen import recommended
from rtml.report.input import Story, TreeRow

__all__ = ["stories", "tree_rows"]

_MOST, _MOST_ROWS = 80, 30
"""Attacks with a story; rows of a tree that are shown."""

_KINDS = ("model", "rules", "rival")


def stories(
    judged: Sequence[tuple[Side, pl.DataFrame, Matched]], track: Track, ledger: Ledger
) -> list[Story]:
    """Return a story per attack, in the order of time: one finding per kind of side, and the tree.

    Of several models the recommended one speaks, where it found the attack.
    """
    chosen = recommended(ledger)
    ordered = sorted(judged, key=lambda one: (_KINDS.index(one[0].kind), one[0].name != chosen))
    first = _first_findings(ordered)
    return [
        _story(row, first.filter(pl.col("attack_id") == row["attack_id"]), track)
        for row in track.labels.sort("start", "attack_id").head(_MOST).iter_rows(named=True)
    ]


def _first_findings(judged: Sequence[tuple[Side, pl.DataFrame, Matched]]) -> pl.DataFrame:
    """Return the earliest finding of the first side of each kind that found an attack."""
    frames = []
    for place, (side, findings, matched) in enumerate(judged):
        rows = findings.with_row_index("finding")
        hit = matched.hits.select("attack_id", "finding", "detected").join(rows, on="finding")
        frames.append(hit.with_columns(side=pl.lit(side.name), kind=pl.lit(side.kind), place=pl.lit(place)))
    if not frames:
        return pl.DataFrame(schema={"attack_id": pl.String, "place": pl.Int32})
    ordered = pl.concat(frames).sort("attack_id", "place", "detected", "finding_id")
    return ordered.unique(["attack_id", "kind"], keep="first", maintain_order=True)


def _story(attack: dict[str, Any], findings: pl.DataFrame, track: Track) -> Story:
    known = findings["process_id"].drop_nulls().to_list() if findings.height else []
    process = attack["process_id"] if attack["process_id"] is not None else next(iter(known), None)
    if process is None or track.processes is None or "exe" not in track.processes.columns:
        return Story(attack["attack_id"], findings)
    tree = process_tree(_around(track.processes, process), process)
    marks = (_evidence(findings, track), {attack["process_id"]})
    return Story(attack["attack_id"], findings, _cut(list(tree_rows(tree, 0, *marks)) if tree else []))


def _around(processes: pl.DataFrame, process: int) -> pl.DataFrame:
    """Return a process, what it came from and what came from it, without a service's other children."""
    root = processes.filter(pl.col("process_id") == process)["root_id"].first()
    family = processes.filter(pl.col("root_id") == root) if root is not None else processes
    children: dict[int | None, list[int]] = {}
    parents: dict[int, int | None] = {}
    for child, parent in family.select("process_id", "parent_id").unique().sort("process_id").iter_rows():
        children.setdefault(parent, []).append(child)
        parents[child] = parent
    kept, wanted = {process}, [process]
    while wanted and len(kept) < 10 * _MOST_ROWS:
        following = [child for child in children.get(wanted.pop(0), []) if child not in kept]
        kept.update(following)
        wanted += following
    above = parents.get(process)
    while above is not None and above in parents and above not in kept and len(kept) < 20 * _MOST_ROWS:
        kept.add(above)
        above = parents[above]
    return family.filter(pl.col("process_id").is_in(sorted(kept)))


def _evidence(findings: pl.DataFrame, track: Track) -> set[int]:
    """Return the processes whose events the findings show."""
    if findings.is_empty() or track.event_processes is None:
        return set()
    named = findings.select(pl.col("evidence").list.explode()).unnest("evidence").drop_nulls()
    events = track.event_processes.with_columns(pl.col("host").cast(pl.String))
    return set(events.join(named, on=["host", "seq"], how="semi")["process_id"].drop_nulls())


def _cut(rows: list[TreeRow]) -> list[TreeRow]:
    if len(rows) <= _MOST_ROWS:
        return rows
    return [*rows[:_MOST_ROWS], TreeRow(0, f"… {len(rows) - _MOST_ROWS} more", None)]


def tree_rows(
    node: dict[str, Any],
    depth: int,
    evidence_processes: set[int],
    attacks: set[int],
    inherited: dict[str, Any] | None = None,
) -> Iterator[TreeRow]:
    """One row per process image, in preorder; an exec in place is one deeper.

    A fork that goes on to exec is shown as what it became: its first image is the parent's.
    """
    marks = (node["process_id"] in evidence_processes, node["process_id"] in attacks)
    mark = {(True, True): "both", (True, False): "evidence", (False, True): "attack"}.get(marks)
    images = node["images"]
    forked = (
        len(images) > 1
        and inherited is not None
        and all(images[0][name] == inherited[name] for name in ("exe", "cmdline"))
    )
    shown = images[1:] if forked else images
    for number, image in enumerate(shown):
        yield TreeRow(
            depth + number,
            image["exe"] or f"[{image['comm']}]",
            image["cmdline"],
            node["pid"],
            f"{node['since']:%H:%M:%S}",
            mark if number == 0 else None,
        )
    deeper = depth + max(len(shown), 1)
    for child in node["children"]:
        yield from tree_rows(child, deeper, evidence_processes, attacks, images[-1] if images else None)
    if node["left_out"]:
        yield TreeRow(deeper, f"… {node['left_out']} more", None)
