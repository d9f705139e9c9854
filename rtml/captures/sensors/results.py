"""What a call gave back, as sensors say it: a number, or the name of an error."""

from __future__ import annotations

import errno
import os

import polars as pl

__all__ = ["result_of", "result_of_message", "result_of_name"]

_LARGEST = 4095
"""The kernel's greatest error number: below its negative, a number is no error but wrapped or a pointer."""

_ERRORS = {name: -number for number, name in errno.errorcode.items()}
_MESSAGES = {os.strerror(number).lower(): -number for number in errno.errorcode}
_DONE = {"SUCCESS": 0, "0": 0}


def result_of(number: pl.Expr) -> pl.Expr:
    """Return 0 or -errno; a descriptor, a count or an address is success.

    Parameters
    ----------
    number
        What the call returned, 64 bits with a sign.

    Examples
    --------
    >>> pl.DataFrame({"n": [0, 7, -2, -140737488355328, None]}).select(result_of(pl.col("n")))["n"].to_list()
    [0, 0, -2, 0, None]
    """
    return (
        pl.when(number.is_between(-_LARGEST, -1))
        .then(number)
        .when(number.is_not_null())
        .then(0)
        .cast(pl.Int32)
    )


def result_of_name(text: pl.Expr) -> pl.Expr:
    """Return 0 or -errno of a name as ``ENOENT`` or ``SUCCESS``; null for every other word.

    Examples
    --------
    >>> names = pl.DataFrame({"res": ["SUCCESS", "ENOENT", "?"]})
    >>> names.select(result_of_name(pl.col("res")))["res"].to_list()
    [0, -2, None]
    """
    return text.replace_strict({**_ERRORS, **_DONE}, default=None, return_dtype=pl.Int32)


def result_of_message(text: pl.Expr) -> pl.Expr:
    """Return -errno of what the C library says of an error; null for every other text.

    Examples
    --------
    >>> texts = pl.DataFrame({"r": ["Permission denied", "no such file or directory", "Passed"]})
    >>> texts.select(result_of_message(pl.col("r")))["r"].to_list()
    [-13, -2, None]
    """
    return text.str.to_lowercase().replace_strict(_MESSAGES, default=None, return_dtype=pl.Int32)
