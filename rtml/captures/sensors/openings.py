"""How a file was opened: the flags of ``open``, as numbers or names, in one spelling."""

from __future__ import annotations

import polars as pl

from rtml.distinct import by_distinct

__all__ = ["flag_names", "writes"]

_ACCESS = ("O_RDONLY", "O_WRONLY", "O_RDWR", "O_RDWR")
_BITS = {
    0o100: "O_CREAT",
    0o200: "O_EXCL",
    0o400: "O_NOCTTY",
    0o1000: "O_TRUNC",
    0o2000: "O_APPEND",
    0o4000: "O_NONBLOCK",
    0o10000: "O_DSYNC",
    0o40000: "O_DIRECT",
    0o100000: "O_LARGEFILE",
    0o200000: "O_DIRECTORY",
    0o400000: "O_NOFOLLOW",
    0o1000000: "O_NOATIME",
    0o2000000: "O_CLOEXEC",
    0o10000000: "O_PATH",
    0o20000000: "O_TMPFILE",
}
"""Bits of Linux on x86-64."""

_WRITES = r"O_(?:WRONLY|RDWR|CREAT|TRUNC|APPEND)"


def flag_names(text: pl.Expr) -> pl.Expr:
    """Return flags as ``O_WRONLY|O_CREAT``, of names, of a number, or of both.

    Examples
    --------
    >>> texts = ["O_RDONLY|O_CLOEXEC", "65", "65(O_WRONLY|O_CREAT)", "0", None]
    >>> pl.DataFrame({"flags": texts}).select(flag_names(pl.col("flags")))["flags"].to_list()
    ['O_RDONLY|O_CLOEXEC', 'O_WRONLY|O_CREAT', 'O_WRONLY|O_CREAT', 'O_RDONLY', None]
    """
    return by_distinct(text, _names)


def _names(text: pl.Expr) -> pl.Expr:
    named = text.str.extract(r"^-?\d+\((.*)\)$")
    word = text.cast(pl.Int64, strict=False)
    bits = [pl.when(word & bit != 0).then(pl.lit(name)) for bit, name in _BITS.items()]
    access = (word & 3).replace_strict(dict(enumerate(_ACCESS)), default=None, return_dtype=pl.String)
    spelled = pl.concat_str([access, *bits], separator="|", ignore_nulls=True)
    return pl.when(word.is_not_null()).then(spelled).otherwise(pl.coalesce(named, text))


def writes(flags: pl.Expr) -> pl.Expr:
    """Say whether flags by name allow writing, or make or empty the file; null where there are none.

    Examples
    --------
    >>> flags = pl.DataFrame({"f": ["O_RDWR", "O_RDONLY|O_CREAT", "O_RDONLY"]})
    >>> flags.select(writes(pl.col("f")))["f"].to_list()
    [True, True, False]
    """
    return flags.str.contains(_WRITES)
