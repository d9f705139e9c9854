r"""What calibration counted itself, as a limit: how many of its own trees may be above.

Let :math:`m_{(1)} \ge m_{(2)} \ge \dots` be the margins of the trees of *D* container-days and *b* a budget.
New trees are exchangeable with these while nothing changes, so that of as much new time :math:`j` trees are
expected above :math:`m_{(j)}`, whatever the detector and whatever the shape of its tail.

**Nobody vouches** for the calibration time: the highest of its trees may be attacks, and were searched for
outliers before. Then not more than :math:`\max(\lfloor bD\rfloor, 5)` of them may be above: a robust limit,
which counts as false only what looks like the rest. Whatever benign stands far outside is not paid for. On
our recordings just that is what comes next: a package upgraded, a certificate renewed, an operator who does
something new. Asked for one false finding a day, four forward trials realised three to twelve.

**Somebody vouches** for it (labelled attacks were left out, or somebody looked): every tree counts, and

.. math:: \mathit{limit} = m_{(j)}, \qquad j = \max(\lfloor bD \rfloor, 1)

Where less time was watched than the budget needs for one finding (*bD* below 1), the highest tree is all
that can be counted, and what is beyond it is left to the tail. Going on as an exponential tail does cost 5 of
6 attacks in such a trial, and was not needed to keep the rate.

Fails where what comes next is of more kinds than what came: a rate of new things is promised, not that things
are no newer.

References
----------
Laxhammar (2014), Conformal Anomaly Detection, https://urn.kb.se/resolve?urn=urn:nbn:se:his:diva-8762;
Barber et al. (2023), Conformal prediction beyond exchangeability, https://doi.org/10.1214/23-AOS2276
"""

from __future__ import annotations

import math

from rtml.arrays import Array

__all__ = ["COUNTED", "robust_limit", "vouched_limit"]

COUNTED = 5
"""Calibration trees above a limit from which on their number is believed, when nobody vouches for them."""


def robust_limit(margins: Array, allowed: float) -> float:
    """Return the margin that as many trees exceed as are allowed, or `COUNTED`.

    Parameters
    ----------
    margins
        Of all trees but outliers, sorted.
    allowed
        Budget times container-days.

    Examples
    --------
    >>> import numpy as np
    >>> robust_limit(np.arange(100.0), 0.5), robust_limit(np.arange(100.0), 20)
    (94.0, 79.0)
    """
    number = max(int(allowed), COUNTED)
    return float(margins[len(margins) - 1 - number]) if number < len(margins) else -math.inf


def vouched_limit(margins: Array, allowed: float) -> float:
    """Return the margin above which as much new time is expected to hold ``allowed`` trees, or one.

    Parameters
    ----------
    margins
        Of all trees, sorted; none: there is no limit to count.
    allowed
        Budget times container-days, above 0.

    Examples
    --------
    >>> import numpy as np
    >>> vouched_limit(np.arange(100.0), 20.9), vouched_limit(np.arange(100.0), 0.5)
    (80.0, 99.0)
    """
    number = max(int(allowed), 1)
    return float(margins[-number]) if number <= len(margins) else -math.inf
