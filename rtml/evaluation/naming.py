"""Findings of other tools under a capture's own container ids; what fits several is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import polars as pl

from rtml.container_ids import renamed, resolved
from rtml.evaluation.sides import Side

__all__ = ["in_the_capture"]

_MOST_NAMED = 3


def in_the_capture(sides: Sequence[Side], container_ids: Iterable[str]) -> tuple[list[Side], list[str]]:
    """Give the findings and scores of every side the capture's ids, and say which fit several.

    Parameters
    ----------
    sides
        Their findings may name containers by short ids, or with the runtime before them.
    container_ids
        All containers of the capture.

    Returns
    -------
    The sides, and a warning for each with short ids that fit several containers. Findings of these, and of
    containers that the capture does not know, stay as they are: the track counts them
    (`rtml.evaluation.incoming`).

    Examples
    --------
    >>> from rtml.schema import FINDINGS, conform
    >>> two = conform(pl.DataFrame({"container_id": ["0123456789ab", "gone"]}), FINDINGS)
    >>> sides, warnings = in_the_capture([Side("falco", "rules", two)], ["0123456789abcdef"])
    >>> sides[0].findings["container_id"].to_list(), warnings
    (['0123456789abcdef', 'gone'], [])
    """
    known = sorted(set(container_ids))
    done = [_named(side, known) for side in sides]
    return [side for side, _ in done], [text for _, texts in done for text in texts]


def _named(side: Side, known: Sequence[str]) -> tuple[Side, list[str]]:
    frames = [side.findings] if side.scores is None else [side.findings, side.scores]
    named = pl.concat([frame["container_id"].cast(pl.String) for frame in frames]).drop_nulls()
    several = side.findings["containers"].explode() if "containers" in side.findings.columns else None
    if several is not None:
        named = pl.concat([named, several.cast(pl.String).drop_nulls()])
    meant = resolved(named.unique(), known)
    told = _told(side, list(meant.several))
    scores = None if side.scores is None else renamed(side.scores, meant.ids)
    return replace(side, findings=renamed(side.findings, meant.ids), scores=scores), told


def _told(side: Side, ids: Sequence[str]) -> list[str]:
    lost = side.findings.filter(pl.col("container_id").cast(pl.String).is_in(list(ids)))
    if lost.is_empty():
        return []
    named = lost["container_id"].cast(pl.String).unique().sort()
    text = ", ".join(repr(name) for name in named.head(_MOST_NAMED))
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    what = "name by a short id several containers"
    return [f"{side.name}: {lost.height} of {side.findings.height} findings {what}: {text}{more}"]
