r"""Put features of any unit into [0, 1], learnt from training windows of one peer group.

With :math:`t = \operatorname{asinh}(x)` (linear near 0, logarithmic beyond, also for negative
values), or :math:`t = x` for surprises in bits, which are logarithms already; centre *c* and half-width *h*
of the training range of *t*, the position of a value is
:math:`p = (t - c)/h`: inside the training range :math:`|p| \le 1`. Then

.. math:: u = 0.55 + 0.225\,p \; (|p| \le 1), \qquad
          u = 0.55 \pm (0.45 - 0.225/|p|) \; (|p| > 1)

so ``u`` is in [0.1, 1]: the training range fills the middle half, and every value beyond it,
however huge, still has a place of its own. A missing value has the code 0, which no value takes.
*h* is at least 0.05: a change of five percent (or of 0.05 near zero) never counts as outside.

Fails when training windows hold an attack: the range then includes it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pydantic

from rtml.arrays import Array
from rtml.reading.state import State, bare, filled

__all__ = ["LEAST_HALF", "Scale", "ScaleState", "fit", "gap", "placed", "unit"]

LEAST_HALF = 0.05
"""The smallest half-width of a training range, in asinh units."""

_FARTHEST = 700.0  # asinh of the largest value that a feature can have is 691.5


class Scale(NamedTuple):
    """What one peer group's training windows say about each column."""

    centre: Array
    half: Array
    usual: Array
    """Training median in the feature's own unit; NaN when it was always missing."""
    missing: npt.NDArray[np.bool_]
    """True where training windows had missing values, so that missing is not strange."""
    linear: npt.NDArray[np.bool_]
    """True where values are placed as they are, not by their asinh."""


class ScaleState(State):
    """A `Scale` as JSON."""

    centre: list[float]
    half: list[float]
    usual: list[float | None]
    missing: list[bool]
    linear: list[bool]

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> ScaleState:
        columns = (self.centre, self.half, self.usual, self.missing, self.linear)
        sizes = {len(column) for column in columns}
        if len(sizes) != 1 or any(half < LEAST_HALF for half in self.half):
            raise ValueError("scale columns differ in length or have no width")
        if any(abs(number) > _FARTHEST for number in [*self.centre, *self.half]):
            raise ValueError("a scale lies where no value can")
        return self

    @classmethod
    def of(cls, scale: Scale) -> ScaleState:
        """Return the JSON form of ``scale``."""
        return cls(
            centre=scale.centre.tolist(),
            half=scale.half.tolist(),
            usual=bare(scale.usual),
            missing=scale.missing.tolist(),
            linear=scale.linear.tolist(),
        )

    def scale(self) -> Scale:
        """Return the `Scale` that this is the JSON form of."""
        missing = np.array(self.missing, dtype=np.bool_)
        linear = np.array(self.linear, dtype=np.bool_)
        return Scale(np.array(self.centre), np.array(self.half), filled(self.usual), missing, linear)


def fit(raw: Array, linear: npt.NDArray[np.bool_] | None = None, reach: float = 0.0) -> Scale:
    """Learn centre, half-width and median per column from training rows (NaN = missing).

    Parameters
    ----------
    raw
        Shape (rows, columns).
    linear
        Columns to place as they are (bits); None: none.
    reach
        Linear columns have at least the range from 0 to this, whatever training held.

    Examples
    --------
    >>> fit(np.array([[0.0], [0.0], [np.nan]])).half
    array([0.05])
    """
    missing = np.isnan(raw)
    never = missing.all(axis=0)
    straight = np.zeros(raw.shape[1], dtype=np.bool_) if linear is None else linear
    t = placed(raw, straight)
    low = np.where(never, 0.0, np.where(missing, np.inf, t).min(axis=0))
    high = np.where(never, 0.0, np.where(missing, -np.inf, t).max(axis=0))
    if reach > 0:
        low = np.where(straight, np.minimum(low, 0.0), low)
        high = np.where(straight, np.maximum(high, reach), high)
    half = np.maximum((high - low) / 2, LEAST_HALF)
    usual = np.full(raw.shape[1], np.nan)
    usual[~never] = np.nanmedian(raw[:, ~never] / 2, axis=0) * 2  # halved: no overflow at HUGE
    return Scale((low + high) / 2, half, usual, np.asarray(missing.any(axis=0)), straight)


def placed(raw: Array, linear: npt.NDArray[np.bool_]) -> Array:
    """Return ``t``; what is linear ends where no asinh would lie either."""
    return np.where(linear, np.clip(raw, -_FARTHEST, _FARTHEST), np.arcsinh(raw))


def position(scale: Scale, raw: Array) -> Array:
    """Return ``p``: signed distance from the centre of the training range in half-widths."""
    return np.asarray((placed(raw, scale.linear) - scale.centre) / scale.half)


def unit(scale: Scale, raw: Array) -> Array:
    """Return ``u`` in [0.1, 1], or 0 where the value is missing.

    Examples
    --------
    >>> scale = fit(np.array([[0.0], [10.0]]))
    >>> unit(scale, np.array([[0.0], [10.0], [99.0], [np.nan]])).ravel().round(3)
    array([0.325, 0.775, 0.911, 0.   ])
    """
    p = position(scale, raw)
    size = np.maximum(np.abs(p), 1.0)
    outside = np.sign(p) * (0.45 - 0.225 / size)
    u = 0.55 + np.where(np.abs(p) <= 1, 0.225 * p, outside)
    return np.asarray(np.where(np.isnan(p), 0.0, u))


def gap(scale: Scale, raw: Array) -> Array:
    r"""Return the chance that one random split on a column sets the value apart from training.

    Had the row been among the training rows, a uniform split over the enlarged range falls between
    the row and all others with probability :math:`(|p| - 1)/(|p| + 1)` when :math:`|p| > 1`, else
    0. A missing value where training never had one is set apart for certain (1).

    Examples
    --------
    >>> scale = fit(np.array([[0.0], [0.0]]))
    >>> gap(scale, np.array([[0.0], [1.0], [np.nan]])).ravel().round(2)
    array([0.  , 0.89, 1.  ])
    """
    p = np.abs(position(scale, raw))
    beyond = np.where(p > 1, (p - 1) / (p + 1), 0.0)
    never = np.where(scale.missing, 0.0, 1.0)
    return np.asarray(np.where(np.isnan(p), never, beyond))
