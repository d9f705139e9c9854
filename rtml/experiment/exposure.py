"""From when on findings are judged: said, or told by the scores beside them; never guessed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from rtml.errors import UsageError
from rtml.evaluation import Side

__all__ = ["begin_of_test"]


def begin_of_test(sides: Sequence[Side], since: dt.datetime | None, *, all_time: bool) -> dt.datetime | None:
    """Return when the test begins; null: all of the time is judged.

    Rules as they come have learnt from nothing, so all of the time is fair to them. What has learnt was
    judged from its first score on. Findings that have neither scores nor a stated time are refused: time
    that a model has learnt from counts as easy benign time.

    Raises
    ------
    UsageError
        A model has no scores, and nobody says from when on it is judged.

    Examples
    --------
    >>> from rtml.schema import FINDINGS, empty
    >>> begin_of_test([Side("rules", "rules", empty(FINDINGS))], None, all_time=False) is None
    True
    >>> begin_of_test([Side("forest", "model", empty(FINDINGS))], None, all_time=False)
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: 'forest' has no scores that tell which time it was judged on: say when the test
    begins, ...
    """
    if since is not None or all_time:
        return since
    begins = []
    for side in sides:
        if side.kind != "model" and side.fitted_until is None:
            continue
        first = None if side.scores is None else side.scores.drop_nulls("score")["window"].min()
        if not isinstance(first, dt.datetime):
            raise UsageError(
                f"{side.name!r} has no scores that tell which time it was judged on: say when the test "
                "begins, or that all of the time is test time because nothing was learnt from this capture: "
                "learnt time counts as easy benign time",
                argument="since",
            )
        begins.append(first)
    return min(begins, default=None)
