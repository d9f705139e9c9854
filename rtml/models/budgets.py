"""An alarm budget: false findings per container-day, as a caller gave it."""

from __future__ import annotations

import math
from numbers import Real

from rtml.errors import UsageError
from rtml.text import visible

__all__ = ["budget_of"]


def budget_of(given: object) -> float:
    """Return a budget that can be asked for, before anything is learnt or judged with it.

    Raises
    ------
    UsageError
        It is no number, not above 0, or has no end.

    Examples
    --------
    >>> budget_of(0.5), budget_of(30)
    (0.5, 30)
    >>> budget_of("ten")
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: alarm budget must be a number of false findings per container-day, got 'ten'
    """
    if isinstance(given, bool) or not isinstance(given, Real):
        wanted = "a number of false findings per container-day"
        raise UsageError(f"alarm budget must be {wanted}, got {visible(repr(given), 60)}")
    number: float = given  # type: ignore[assignment]  # whole numbers stay whole: sentences say "1", not "1.0"
    if not number > 0:
        raise UsageError(f"alarm budget must be above 0, got {number}")
    if math.isinf(number):
        raise UsageError(f"alarm budget must have an end, got {number}: a large one is 100")
    return number
