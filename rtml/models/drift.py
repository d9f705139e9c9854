r"""Drift: scores that are no more like those that thresholds were set on.

Thresholds promise what they promise while new benign trees are exchangeable with calibration trees. Each
peer group is watched by a test martingale. A tree's smoothed conformal p-value, among the calibration scores
of its group and all that came before,

.. math:: p = \frac{\#\{s_i > s\} + u\,(1 + \#\{s_i = s\})}{n + 1}, \qquad u \sim U(0, 1)

is uniform whatever the detector while trees are exchangeable. Capital of 1 is bet on higher scores:

.. math:: S \leftarrow \sum_k S_k\,(1 + k (1 - 2p)), \qquad k \in \{0, 1/2, 1\}

with a share `JUMP` of it moved between the bets after each tree, so that it follows a change at any time
(the Simple Jumper). By Ville's inequality it reaches 1 / *a* with a probability of at most *a*, however long
is watched; *a* is `LEVEL` divided by the number of groups. Then drift is told, with the time at which capital
was last at its lowest as its begin, and the watch begins anew with what comes.

What is counted (`rtml.models.watching`): of a tree, its first score in each half hour, for what a service
does minute by minute is not exchangeable, and the trees of a half hour in random order, for replicas do a
task at the same time; of trees that alarm, one per container and half hour, so that an attack is no drift.
Scores that fall are no drift either: thresholds then promise more than they need. Fails for a group of few
trees (under `LEAST` known ones nothing is said), and where drift is slower than a bag of `MOST` scores
follows it.

ADWIN (River, delta 0.002 divided by the groups) was the other choice, fed with the same p-values. On the
benign second half of sitting 1, on sitting 2 and on lab-v1's benign sitting it told of 3 of 9, 1 of 9 and 1
of 5 groups, this of none; when scores were raised by one standard deviation in the middle of sittings 1 and 2
it noticed 0 and 1 of 9 groups, this 7 and 8, within 40 trees.

References
----------
Vovk et al. (2021), Retrain or not retrain: conformal test martingales for change-point detection,
https://proceedings.mlr.press/v152/vovk21b.html
"""

from __future__ import annotations

import bisect
import datetime as dt
from dataclasses import dataclass, field

__all__ = ["LEAST", "LEVEL", "MOST", "Noticed", "Watch"]

LEVEL = 0.05
"""How often any group may be said to drift when none does."""

LEAST = 20
"""Scores that must be known before a tree is compared with them."""

MOST = 4000
"""Scores that are kept per group; beyond them every second is left out."""

JUMP = 0.01
_BETS = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Noticed:
    """Drift of a group: when it began, when it was noticed, and the capital won (``evidence``: to 1)."""

    since: dt.datetime
    at: dt.datetime
    evidence: float


@dataclass
class Watch:
    """The martingale of one peer group.

    Parameters
    ----------
    bag
        Scores that are known, sorted: at first those of calibration.
    capital
        What each bet holds; 1 together at the start.
    level
        How often this group may be said to drift when it does not.
    lowest, since
        The least capital so far, and when it was that.

    Examples
    --------
    >>> at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> watch = Watch([float(n) for n in range(100)])
    >>> told = [watch.see(100.0 + n, 0.5, at + n * dt.timedelta(minutes=1)) for n in range(9)]
    >>> [number for number, noticed in enumerate(told) if noticed]
    [5]
    """

    bag: list[float] = field(default_factory=list)
    capital: list[float] = field(default_factory=lambda: [1 / len(_BETS)] * len(_BETS))
    level: float = LEVEL
    lowest: float = 1.0
    since: dt.datetime | None = None

    def see(self, score: float, u: float, at: dt.datetime) -> Noticed | None:
        """Take a tree's score into account; ``u`` in (0, 1) parts it from equal ones."""
        noticed = self._bet(self._p_value(score, u), at) if len(self.bag) >= LEAST else None
        self.know(score)
        return noticed

    def know(self, score: float) -> None:
        """Count a score as known, without a bet on it."""
        bisect.insort(self.bag, score)
        if len(self.bag) > MOST:
            self.bag = self.bag[::2]

    def _p_value(self, score: float, u: float) -> float:
        below, upto = bisect.bisect_left(self.bag, score), bisect.bisect_right(self.bag, score)
        above, equal = len(self.bag) - upto, upto - below
        return (above + u * (1 + equal)) / (len(self.bag) + 1)

    def _bet(self, p: float, at: dt.datetime) -> Noticed | None:
        self.since = self.since or at
        won = [held * (1 + bet * (1 - 2 * p)) for held, bet in zip(self.capital, _BETS, strict=True)]
        total = sum(won)
        self.capital = [(1 - JUMP) * held + JUMP * total / len(won) for held in won]
        if total <= self.lowest:
            self.lowest, self.since = total, at
        if total * self.level < 1:
            return None
        noticed = Noticed(self.since, at, total)
        self.bag, self.capital, self.lowest, self.since = [], [1 / len(_BETS)] * len(_BETS), 1.0, None
        return noticed
