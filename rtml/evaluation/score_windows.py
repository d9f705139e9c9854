"""Scores that are of other windows or containers than the track's: refused before they are judged."""

from __future__ import annotations

import polars as pl

from rtml.errors import RtmlError
from rtml.evaluation.incoming import STRANGERS
from rtml.times import Window

__all__ = ["refuse_other_containers", "refuse_other_windows"]

_ENOUGH = 20
"""Scores from which the length of their windows can be told."""


def refuse_other_windows(scores: pl.DataFrame, every: Window) -> None:
    """Refuse scores of longer windows than ``every``: all between them would count as silence.

    Parameters
    ----------
    scores
        ``container_id, window``.

    Raises
    ------
    RtmlError
        Their windows are twice as long, or longer.

    Examples
    --------
    >>> import datetime as dt
    >>> hours = [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in range(24)]
    >>> refuse_other_windows(pl.DataFrame({"container_id": "c", "window": hours}), Window.of("60s"))
    Traceback (most recent call last):
    rtml.errors.RtmlError: scores are of windows of 3600 s, the track's are of 60s; ...
    """
    steps = scores.sort("container_id", "window").select(
        step=pl.col("window").diff().over("container_id").dt.total_nanoseconds()
    )
    least = steps.filter(pl.col("step") > 0)["step"].min()
    if scores.height >= _ENOUGH and isinstance(least, int) and least >= 2 * every.nanoseconds:
        raise RtmlError(
            f"scores are of windows of {least / 1e9:g} s, the track's are of {every.text}; "
            "judge them in their own windows"
        )


def refuse_other_containers(scores: pl.DataFrame, containers: pl.DataFrame | None) -> None:
    """Refuse scores of containers that the capture does not hold, where they are more than a few.

    Parameters
    ----------
    scores, containers
        Both with ``container_id``; null: nobody knows what the capture holds.

    Raises
    ------
    RtmlError
        More than `rtml.evaluation.incoming.STRANGERS` of them are of strangers.
    """
    if containers is None or scores.is_empty():
        return
    known = scores["container_id"].is_in(containers["container_id"].implode())
    if (strangers := int((~known).sum())) > STRANGERS * scores.height:
        raise RtmlError(
            f"scores: {strangers} of {scores.height} are of containers that the capture does not hold "
            f"({scores.filter(~known)['container_id'][0]!r}); give the scores of this capture"
        )
