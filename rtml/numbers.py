"""Numbers as people write them."""

from __future__ import annotations

import math

__all__ = ["number", "percent", "plural", "shortly"]


def number(value: float, form: str = ".3g") -> str:
    """Return a number rounded for people: never ``1.77e+03``, never ``1.4e+02``.

    Examples
    --------
    >>> number(1773.4), number(138.7, ".2g"), number(0.118), number(0.5, ".0%"), number(2e-7, ".2g")
    ('1,773', '139', '0.118', '50%', '2e-07')
    """
    digits = form[1:-1] if form.endswith("g") else ""
    if digits.isdigit() and math.isfinite(value) and abs(value) >= 10 ** int(digits):
        return f"{value:,.0f}"
    return format(value, form)


def shortly(value: float | None, form: str = ".3g", none: str = "–") -> str:
    """Return the same, and a dash for what is not known.

    Examples
    --------
    >>> shortly(None), shortly(3.0)
    ('–', '3')
    """
    return none if value is None else number(value, form)


def plural(count: float, noun: str) -> str:
    """Return a count and its noun.

    Examples
    --------
    >>> plural(1, "cause"), plural(2100, "cause")
    ('1 cause', '2,100 causes')
    """
    return f"{count:,.0f} {noun}{'' if count == 1 else 's'}"


def percent(value: float | None) -> str:
    """Return a share in percent, two digits.

    Examples
    --------
    >>> percent(0.24), percent(0.00123), percent(1.0), percent(None)
    ('24 %', '0.12 %', '100 %', '–')
    """
    return "–" if value is None else f"{number(100 * value, '.2g')} %"
