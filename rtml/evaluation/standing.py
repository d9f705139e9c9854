"""Where the trees of attacks stand among all trees of the test, by the scores of one side.

A table by budget says that an attack was missed; this says how far: what of the test that is benign a side
ranks above it. It is told after the fact, with the labels, and chooses nothing.
"""

from __future__ import annotations

import polars as pl

from rtml.errors import UsageError
from rtml.evaluation.showing import UNIT
from rtml.evaluation.sides import Side, told
from rtml.evaluation.track import Track

__all__ = ["benign_units", "standing"]

_TREE = ["container_id", "window", "root_id"]


def standing(side: Side, track: Track, units: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the strangest tree of every attack, and how many benign units are stranger.

    Parameters
    ----------
    side, track
        Whose scores, and what is judged.
    units
        `benign_units` of the same, where they were made already.

    Returns
    -------
    The columns of ``side.trees``, ``attack_id``, and ``above``: units (`benign_units`) of a higher score. An
    attack that no tree of the side shows has no row.

    Raises
    ------
    UsageError
        The side has no scores of process trees.

    Examples
    --------
    >>> import datetime as dt
    >>> from rtml.evaluation.track import make_track
    >>> from rtml.schema import FINDINGS, LABELS, conform, empty
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> windows = pl.DataFrame({"container_id": ["c", "d"], "window": [begin] * 2})
    >>> attack = pl.DataFrame({"attack_id": ["a"], "container_id": ["c"], "start": [begin], "end": [begin]})
    >>> track = make_track(windows, conform(attack, LABELS))
    >>> trees = track.trees.select("container_id", "window", "root_id", score=pl.Series([1.0, 2.0]))
    >>> forest = Side("forest", "model", empty(FINDINGS), trees=trees)
    >>> standing(forest, track).select("attack_id", "above").rows()
    [('a', 1)]
    """
    rows = _placed(side, track).drop_nulls(["attack_id", "score"])
    strangest = rows.sort("score", *_TREE, descending=[True, False, False, False]).unique(
        "attack_id", keep="first", maintain_order=True
    )
    heights = (benign_units(side, track) if units is None else units)["score"].sort()
    above = len(heights) - heights.search_sorted(strangest["score"], side="right")
    return strangest.drop("outcome", "slot").with_columns(above=above.cast(pl.Int64)).sort("attack_id")


def benign_units(side: Side, track: Track) -> pl.DataFrame:
    """Return units of container, slot and root that an alarm would be false in, the strangest first.

    Each with its strangest tree (``window`` and the columns of ``side.trees``). Trees that repeat at every
    budget what was told already are none: they are never told.
    """
    rows = _placed(side, track)
    rows = told(rows) if "budget" in rows.columns else rows
    rows = rows.filter(pl.col("outcome") == "false").drop_nulls("score")
    ordered = rows.sort("score", *_TREE, descending=[True, False, False, False])
    return ordered.unique(UNIT, keep="first", maintain_order=True).drop("attack_id", "outcome")


def _placed(side: Side, track: Track) -> pl.DataFrame:
    """Return the trees of a side with what an alarm on each would hit or cost."""
    if side.trees is None:
        raise UsageError(f"side {side.name!r} has no scores of process trees: nothing can be ranked")
    cells = track.trees.select(*_TREE[:2], pl.col("root_id").fill_null(0), "slot", "attack_id", "outcome")
    return side.trees.with_columns(pl.col("root_id").fill_null(0)).join(cells, on=_TREE)
