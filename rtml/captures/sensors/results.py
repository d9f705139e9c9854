"""What a call gave back, as sensors say it: a number, or the name of an error."""

from __future__ import annotations

import errno
import os

import polars as pl

from rtml.distinct import by_distinct

__all__ = ["result_of", "result_of_message", "result_of_name", "result_of_query"]

_LARGEST = 4095
"""The kernel's greatest error number: below its negative, a number is no error but wrapped or a pointer."""

_ERRORS = {name: -number for number, name in errno.errorcode.items()}
_MESSAGES = {os.strerror(number).lower(): -number for number in errno.errorcode}
_DONE = {"SUCCESS": 0, "0": 0}
_ANSWERS = {
    0: "noerror success 0",
    -errno.EINVAL: "formerr formerror formaterror 1",
    -errno.EAGAIN: "servfail serverror serverfailure 2",
    -errno.ENOENT: "nxdomain nameerror nonexistentdomain 3",
    -errno.ENOSYS: "notimp notimpl notimplemented 4",
    -errno.EACCES: "refused queryrefused 5",
}
_QUERIES = {word: number for number, words in _ANSWERS.items() for word in words.split()}


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


def result_of_query(code: pl.Expr) -> pl.Expr:
    """Return 0 or -errno of a response code of the DNS, by its number or by one of its names.

    A name that does not exist is ENOENT, a server that failed EAGAIN, one that refused EACCES; codes from 6
    on are EIO. Every other word is null.

    Examples
    --------
    >>> codes = pl.DataFrame({"rcode": ["NOERROR", "Non-Existent Domain", "NXDomain", "2", "9", "-", None]})
    >>> codes.select(result_of_query(pl.col("rcode")))["rcode"].to_list()
    [0, -2, -2, -11, -5, None, None]
    """
    return by_distinct(code, _of_query, pl.Int32())


def _of_query(code: pl.Expr) -> pl.Expr:
    word = code.str.to_lowercase().str.replace_all(r"[^a-z0-9]", "")
    other = pl.when(word.str.contains(r"^\d{1,5}$")).then(-errno.EIO)
    return word.replace_strict(_QUERIES, default=other, return_dtype=pl.Int32)
