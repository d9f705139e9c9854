"""The one kind of array that detectors, calibrations and rules exchange."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Array"]

Array: TypeAlias = npt.NDArray[np.float64]
