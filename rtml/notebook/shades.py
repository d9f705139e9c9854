"""Surprise as colour: a scale that everybody can read, and the number beside it.

From light to dark in one direction, so the order stays where colours are not told apart or printed grey.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from rtml.showing.shown import element

__all__ = ["NOTABLE", "STEPS", "chip", "legend", "shade"]

STEPS = (1.0, 4.0, 8.0, 12.0)
"""Where the next shade begins, in bits: 1 in 2, in 16, in 256, in 4096."""

NOTABLE = STEPS[1]
"""Bits from which on a process is pointed out: what is seen less than once in 16 times."""

_SHADES = (
    ("#f3eee2", "#4a4f57"),
    ("#fbe3a4", "#3c3320"),
    ("#f2a94e", "#33210a"),
    ("#bf4a17", "#ffffff"),
    ("#6d1a12", "#ffffff"),
)
_CHIP = (
    "display: inline-block; min-width: 2.6em; padding: 0 0.3em; border-radius: 4px;"
    " line-height: 1.35; text-align: right; border: 1px solid #d8d2c4;"
)


def shade(bits: float) -> tuple[str, str]:
    """Return the colour of a surprise, and the ink that is read on it.

    Examples
    --------
    >>> shade(0.0)[0], shade(15.9)[0], shade(float("nan")) == shade(0.0)
    ('#f3eee2', '#6d1a12', True)
    """
    return _SHADES[bisect_right(STEPS, bits) if bits == bits else 0]


def chip(label: str, bits: float) -> ET.Element:
    """Write a number on the colour of its surprise."""
    fill, ink = shade(bits)
    return element("span", label, style=f"{_CHIP} background: {fill}; color: {ink}")


def legend() -> Iterator[ET.Element]:
    """Yield what each colour stands for."""
    starts = (0.0, *STEPS)
    ends = [f"<{STEPS[0]:g}", *(f"{low:g}–{high:g}" for low, high in zip(STEPS, STEPS[1:], strict=False))]
    for start, label in zip(starts, [*ends, f"≥{STEPS[-1]:g}"], strict=True):
        yield chip(label, start)
