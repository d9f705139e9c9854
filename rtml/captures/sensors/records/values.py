"""What the texts of a record mean: absent, a number, yes or no.

Zero, null, absent and ``<NA>`` are four things.
"""

from __future__ import annotations

import polars as pl

from rtml.absent import NAMELESS
from rtml.distinct import by_distinct

__all__ = [
    "NOTHING",
    "domain_name",
    "integer",
    "named",
    "said",
    "small",
    "truth",
    "user_id",
    "with_said",
    "wrapped",
]

NOTHING = ("", "<NA>")
"""What sensors write where there is nothing."""


def said(text: pl.Expr) -> pl.Expr:
    """Return what a sensor said; null where it wrote that there is nothing.

    Examples
    --------
    >>> pl.DataFrame({"x": ["0", "", "<NA>", "N/A", None]}).select(said(pl.col("x")))["x"].to_list()
    ['0', None, None, 'N/A', None]
    """
    nothing, unknown = NOTHING  # two comparisons cost half of what a search does
    return pl.when((text != nothing) & (text != unknown)).then(text)


def with_said(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with what was `said` in all texts; most columns of a block have nothing else.

    Examples
    --------
    >>> with_said(pl.DataFrame({"a": ["", "0"], "b": ["<NA>", "x"], "n": 1})).rows()
    [(None, None, 1), ('0', 'x', 1)]
    """
    texts = [name for name, kind in rows.schema.items() if kind == pl.String]
    texts = [name for name in texts if rows[name].null_count() < rows.height]
    if not texts:
        return rows
    there = [(pl.col(texts) == word).any().name.suffix(str(at)) for at, word in enumerate(NOTHING)]
    found = rows.select(there).row(0)
    odd = [
        name for name, *each in zip(texts, found[: len(texts)], found[len(texts) :], strict=True) if any(each)
    ]
    return rows.with_columns(said(pl.col(odd))) if odd else rows


def named(text: pl.Expr) -> pl.Expr:
    r"""Return names of containers, images and pods; null for what engines write while they do not know.

    For names that people gave; a file may well be called ``incomplete`` (`said`). Bytes of zero, with which
    Tetragon filled the places of names, name nothing.

    Examples
    --------
    >>> pl.DataFrame({"x": ["web", "incomplete", "N/A", "\0\0"]}).select(named(pl.col("x")))["x"].to_list()
    ['web', None, None, None]
    """
    return by_distinct(text, _named)


def _named(text: pl.Expr) -> pl.Expr:
    name = text.str.strip_chars_end("\0")
    return pl.when(~name.str.strip_chars().str.to_lowercase().is_in(sorted(NAMELESS))).then(name)


def domain_name(text: pl.Expr) -> pl.Expr:
    """Return names of the DNS in lower case, without the dot at their end; the root alone is no name.

    Examples
    --------
    >>> pl.DataFrame({"x": ["WWW.a.example.", ".", "", None]}).select(domain_name(pl.col("x")))["x"].to_list()
    ['www.a.example', None, None, None]
    """
    return said(text.str.to_lowercase().str.strip_suffix("."))


def integer(text: pl.Expr) -> pl.Expr:
    """Return whole numbers of 64 bits; null for what is none, or does not fit.

    Examples
    --------
    >>> texts = ["7", "-1", "7.0", "+7", "18446744073670260079", "x", "1.5", None]
    >>> pl.DataFrame({"x": texts}).select(integer(pl.col("x")))["x"].to_list()
    [7, -1, 7, 7, None, None, None, None]
    """
    return text.map_batches(_integer, return_dtype=pl.Int64(), is_elementwise=True)


def _integer(texts: pl.Series) -> pl.Series:
    """Read whole numbers; those with a fraction of zeros are seldom, and to look for them is the dearest."""
    plain = texts.cast(pl.Int64, strict=False)
    if plain.null_count() == texts.null_count():
        return plain
    return texts.to_frame("x").select(_WHOLE)["x"].alias(texts.name)


_WHOLE = pl.col("x").str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)


def small(text: pl.Expr) -> pl.Expr:
    """Return whole numbers of 32 bits, as pids and ports are; null for what is none, or does not fit.

    Examples
    --------
    >>> texts = ["7", "4294967295", "-1"]
    >>> pl.DataFrame({"x": texts}).select(small(pl.col("x")))["x"].to_list()
    [7, None, -1]
    """
    return integer(text).cast(pl.Int32, strict=False)


def user_id(text: pl.Expr) -> pl.Expr:
    """Return numbers of users; null for what stands where there is none, -1 and 4294967295 alike.

    Examples
    --------
    >>> texts = ["0", "1000.0", "-1", "4294967295", "root"]
    >>> pl.DataFrame({"x": texts}).select(user_id(pl.col("x")))["x"].to_list()
    [0, 1000, None, None, None]
    """
    number = small(text)
    return pl.when(number >= 0).then(number)


def wrapped(text: pl.Expr) -> pl.Expr:
    """Return whole numbers of 64 bits, where a sensor wrote negative ones as if they had no sign.

    Examples
    --------
    >>> texts = ["18446744073709551614", "2", "99999999999999999999"]
    >>> pl.DataFrame({"x": texts}).select(wrapped(pl.col("x")))["x"].to_list()
    [-2, 2, None]
    """
    unsigned = text.cast(pl.UInt64, strict=False).reinterpret(signed=True)
    return pl.coalesce(integer(text), unsigned)


def truth(text: pl.Expr) -> pl.Expr:
    """Return yes or no of ``true``, ``1`` and the like; null for everything else.

    Examples
    --------
    >>> pl.DataFrame({"x": ["true", "False", "1", "maybe"]}).select(truth(pl.col("x")))["x"].to_list()
    [True, False, True, None]
    """
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    return text.str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.Boolean)
