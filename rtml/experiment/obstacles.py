"""What stood between an attack and its finding, in a sentence; and which benign causes were stranger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from rtml.models.explaining.wording import deed

__all__ = ["causes", "obstacle"]

_NAMED = 8
_TREE = ["container_id", "window", "root_id"]


def causes(units: pl.DataFrame, surprises: pl.DataFrame, containers: pl.DataFrame) -> list[str]:
    """Say of each benign unit (`rtml.evaluation.standing.benign_units`) what surprised most in its tree.

    Parameters
    ----------
    units
        In the order in which they are to be told.
    surprises
        `rtml.features.EVENT_SURPRISES`.
    containers
        ``container_id`` and ``workload``.
    """
    own = surprises.filter(~pl.col("shared").fill_null(False)).sort(
        "bits", "conditional", "key", descending=[True, False, False]
    )
    first = own.with_columns(pl.col("root_id").fill_null(0)).unique(_TREE, keep="first", maintain_order=True)
    named = containers.select("container_id", "workload").unique("container_id")
    rows = units.join(
        first.select(*_TREE, "conditional", "key"), on=_TREE, how="left", maintain_order="left"
    ).join(named, on="container_id", how="left", maintain_order="left")
    return [
        f"{workload or container[:12]}: {'nothing new' if key is None else deed(conditional, key)}"
        for workload, container, conditional, key in rows.select(
            "workload", "container_id", "conditional", "key"
        ).iter_rows()
    ]


def obstacle(
    events: int,
    surprises: Sequence[Mapping[str, Any]],
    tree: Mapping[str, Any] | None,
    others: Sequence[str],
    asked: float,
) -> str:
    """Say why an attack is not found.

    Parameters
    ----------
    events
        Of its own processes, while it went on.
    surprises
        ``bits, seen, shared`` of what they did, the most surprising first.
    tree
        Its strangest tree (`rtml.evaluation.standing.standing`); null: none was scored.
    others
        Causes of the benign units, the strangest first.
    asked
        The budget at which it is not found.

    Examples
    --------
    >>> obstacle(0, [], None, [], 1.0)
    'the sensor saw no event of it'
    >>> read = {"deed": "read /etc/passwd", "bits": 3.1, "seen": True, "shared": False}
    >>> obstacle(9, [read], {"above": 2, "repeats": None}, ["web: started curl"] * 2, 1.0)
    'known to the workload; 2 benign units are stranger: web: started curl (2)'
    >>> obstacle(9, [{**read, "seen": False}], {"above": 0, "repeats": None}, [], 1.0)
    'no benign unit is stranger: the threshold that calibration set is'
    """
    if not events:
        return "the sensor saw no event of it"
    if tree is None:
        return "no tree of it was scored"
    if asked in (tree.get("repeats") or []):
        return "told already: it repeats what a replica had shown within the hour"
    known = _known(surprises)
    if not tree["above"]:
        return f"{known}no benign unit is stranger: the threshold that calibration set is"
    counted = Counter(others[: tree["above"]])
    named = "; ".join(f"{cause} ({number})" for cause, number in counted.most_common(_NAMED))
    more = "; …" if len(counted) > _NAMED else ""
    units = "benign unit is" if tree["above"] == 1 else "benign units are"
    return f"{known}{tree['above']} {units} stranger: {named}{more}"


def _known(surprises: Sequence[Mapping[str, Any]]) -> str:
    """Say where nothing that an attack did is news of its own tree."""
    new = [row for row in surprises if not row["seen"]]
    if not new:
        return "known to the workload; "
    together = all(row["shared"] for row in new)
    return "taken up by its replicas together, one report about the workload; " if together else ""
