"""PyOD's ECOD and COPOD asked about many rows, each as if it were asked alone.

Both append the rows of a call to the training rows and rank each column anew, so that rows asked for
together change each other's scores; asked one by one, every row costs a sort of all that was learnt. What
they say of a row alone follows from how many training values lie below each of its values, so it is worked
out for all rows at once: their formula, not another detector. `Fitted` uses it only where it agrees with the
estimator itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from rtml.arrays import Array

__all__ = ["Ranked", "ranked"]

Bools = npt.NDArray[np.bool_]
Unit = Callable[[Array, Array], Array]

_UNITE: dict[str, Unit] = {
    "pyod.models.ecod.ECOD": np.maximum,
    "pyod.models.copod.COPOD": lambda left, right: (left + right) / 2,
}
"""From the surprise of values so low and of values so high to the least that a column adds."""

_UNSURE = 1e-7
"""A skewness nearer to zero than this may have either sign by round-off."""


class Ranked:
    r"""What a row adds in each column, from the training rows alone.

    With *n* training values of a column, the value *v* among them, and :math:`l = -\log P(\le v)`,
    :math:`r = -\log P(\ge v)`, both of *n + 1* values, the column adds the greater of *u(l, r)* and the side
    that the column's skewness points to: *l* where it is negative, *r* where it is positive, *l + r* at zero.

    Parameters
    ----------
    rows
        Training rows, at least one.
    unite
        *u*: ECOD's is the greater of the two, COPOD's is their mean.

    Examples
    --------
    >>> parts, sure = Ranked(np.array([[0.0], [0.1], [0.9]]), np.maximum).parts(np.array([[2.0]]))
    >>> parts.round(3), sure
    (array([[1.386]]), array([ True]))

    References
    ----------
    Li et al. (2022), https://arxiv.org/abs/2201.00382; Li et al. (2020), https://arxiv.org/abs/2009.09463
    """

    def __init__(self, rows: Array, unite: Unit) -> None:
        self._sorted, self._unite = np.sort(rows, axis=0), unite
        self._mean = rows.mean(axis=0)
        centred = rows - self._mean
        self._squares, self._cubes = (centred**2).sum(axis=0), (centred**3).sum(axis=0)

    def parts(self, rows: Array) -> tuple[Array, Bools]:
        """Return what each column of each row adds, and of which rows round-off cannot change it."""
        low, high = -np.log(self._up_to(rows, "right")), -np.log(1 + self._one - self._up_to(rows, "left"))
        sign, sure = self._skewness(rows)
        side = np.where(sign <= 0, low, 0.0) + np.where(sign >= 0, high, 0.0)
        parts = np.ascontiguousarray(np.maximum(side, self._unite(low, high)))
        return parts, np.asarray(sure.all(axis=1))

    @property
    def _one(self) -> float:
        return 1.0 / (len(self._sorted) + 1)

    def _up_to(self, rows: Array, side: Any) -> Array:
        """Return the share of values up to each, itself among them (right), or itself and those below."""
        below = [np.searchsorted(self._sorted[:, j], rows[:, j], side) for j in range(rows.shape[1])]
        return (np.array(below, dtype=np.float64).T.reshape(rows.shape) + 1) * self._one

    def _skewness(self, rows: Array) -> tuple[Array, Bools]:
        """Return the sign of each column's skewness with the row's value in it, and whether it is sure."""
        n, away = len(self._sorted), rows - self._mean
        squares = self._squares + away**2 * n / (n + 1)
        cubes = self._cubes + away**3 * n * (n - 1) / (n + 1) ** 2 - 3 * away * self._squares / (n + 1)
        flat = (self._sorted[0] == self._sorted[-1]) & (rows == self._sorted[0])
        skewness = np.divide(cubes, squares**1.5, out=np.zeros_like(cubes), where=squares > 0)
        sure: Bools = np.logical_or(flat, np.abs(skewness) > _UNSURE)
        return np.where(flat, 0.0, np.sign(skewness)), sure


def ranked(estimator: Any, rows: Array) -> Ranked | None:
    """Return the closed form of a fitted estimator that has one, else None."""
    kind = type(estimator)
    unite = _UNITE.get(f"{kind.__module__}.{kind.__qualname__}")
    return None if unite is None or not len(rows) else Ranked(rows, unite)
