"""How laws are checked: one after the other, and a breach says who broke which."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["hold"]


def hold(laws: Iterable[Callable[..., None]], subject: str, *about: Any) -> None:
    """Check every law; the first breach is an `AssertionError` with who, which law and what happened.

    Examples
    --------
    >>> def is_even(number: int) -> None:
    ...     '''Be even.'''
    ...     assert number % 2 == 0, f"{number} is odd"
    >>> hold([is_even], "three", 3)
    Traceback (most recent call last):
    ...
    AssertionError: three breaks the law "Be even.": 3 is odd
    """
    for law in laws:
        try:
            law(*about)
        except AssertionError as breach:
            title = (inspect.getdoc(law) or law.__name__).splitlines()[0]
            raise AssertionError(f'{subject} breaks the law "{title}": {str(breach).strip()}') from breach
