"""How late attacks were found: in seconds, and in events of their own processes."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import stats

from rtml.evaluation.measure import LEVEL, Measure, refused
from rtml.evaluation.measures.material import Material

__all__ = ["delay_events", "delay_seconds", "median"]


def delay_seconds(material: Material) -> Measure:
    """Return the median delay of the attacks found, in seconds from their start (`DELAY_RULE`).

    References
    ----------
    See `median`; what a delay is: `rtml.evaluation.verdict.DELAY_RULE`.

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(delay_seconds(example()))
    '60.000'
    """
    return median(material.detected["delay_s"].drop_nulls().to_numpy())


def delay_events(material: Material) -> Measure:
    """Return the median number of events of an attack's own processes before it was found.

    Returns
    -------
    Over attacks found whose root process is known; refused where their events are not given.

    References
    ----------
    See `median`.

    Examples
    --------
    >>> from rtml.evaluation.measures.example import example
    >>> str(delay_events(example()))
    '1.500'
    """
    events = material.track.attack_events
    if events is None:
        return refused("the events of the attacks were not given")
    found = material.detected.select("attack_id", "first_seen")
    known = found.join(events.select("attack_id").unique(), on="attack_id", how="semi")
    if found.height and known.is_empty():
        return refused("no root process of a found attack is known")
    before = events.join(known, on="attack_id").filter(pl.col("time") < pl.col("first_seen"))
    counts = known.join(before.group_by("attack_id").len("events"), on="attack_id", how="left")
    return median(counts["events"].fill_null(0).cast(pl.Float64).to_numpy())


def median(values: np.ndarray) -> Measure:
    """Return the median with its exact, distribution-free interval between two of the values.

    Returns
    -------
    From the k-th smallest to the k-th greatest value, k the largest with P(Bin(n, 1/2) < k) <= 2.5 %; no
    interval for fewer than 6 values, for none reaches 95 %.

    References
    ----------
    H. David, H. Nagaraja, Order Statistics, Wiley 2003, section 7.1.

    Examples
    --------
    >>> str(median(np.arange(1.0, 11.0))), median(np.array([])).reason
    ('5.500 [2.000, 9.000]', 'found no attack')
    """
    n = len(values)
    if n == 0:
        return refused("found no attack")
    value = float(np.median(values))
    k = int(stats.binom.ppf((1 - LEVEL) / 2, n, 0.5))
    if k < 1:
        return Measure(value, method=f"median of {n}: too few for an interval")
    ordered = np.sort(values)
    return Measure(value, float(ordered[k - 1]), float(ordered[n - k]), f"exact, median of {n} attacks found")
