"""Where the fields of a line end, although names and paths may hold the separator themselves.

A program names itself and its files. What stands before its name is the kernel's, and every kind has
a fixed number of fields behind it, so that most lines with a separator too many can still be read in
one way only. A line that can be read in two ways is refused: one of them may be forged.
"""

from __future__ import annotations

import re

import polars as pl

from rtml.text import SEPARATOR

__all__ = ["SHAPES", "framed", "unforged"]

_TEXT = "t"
SHAPES = {
    "argv": "nr",
    "argv2": "r",
    "argv3": "r",
    "exec": "nt",
    "execfail": "nt",
    "fork": "n",
    "exit": "n",
    "open": "nnnt",
    "connect": "nnr",
    "accept": "nr",
    "bind": "nr",
    "listen": "n",
    "dup": "nn",
    "dnsq": "rr",
    "ptrace": "nn",
    "memfd": "nt",
    "mount": "nt",
    "unlink": "t",
    "rename": "t",
    "chmod": "nt",
    "fchmod": "nn",
    "kill": "nn",
    "sys": "nn",
}
"""Fields behind the process's name, by kind of line: ``n`` a number, ``r`` a text in which the sensor
escapes what is not printable, ``t`` (only at the end) a text as the watched program chose it."""

_LONGEST_NAME = 60  # 15 bytes, each of which may be spelled ``\xNN``
_NUMBER = re.compile(r"[+-]?\d+")


def unforged(name: str, pieces: list[str]) -> tuple[str, list[str]] | None:
    r"""Return the process's name and the fields behind it; None where several readings fit, or none.

    Parameters
    ----------
    name
        A key of `SHAPES`.
    pieces
        What stands between the separators, from the process's name on.

    Examples
    --------
    >>> unforged("open", ["a", "b", "3", "0", "-100", "/etc/shadow"])
    ('a\x1fb', ['3', '0', '-100', '/etc/shadow'])
    >>> unforged("unlink", ["a", "b", "/etc/shadow"]) is None
    True
    """
    readings = [_reading(SHAPES[name], pieces, size) for size in range(1, len(pieces) + 1)]
    fitting = [reading for reading in readings if reading is not None]
    return fitting[0] if len(fitting) == 1 else None


def _reading(shape: str, pieces: list[str], size: int) -> tuple[str, list[str]] | None:
    """Read the first ``size`` pieces as the name, if what follows then has the shape."""
    name, fields = SEPARATOR.join(pieces[:size]), pieces[size:]
    if shape.endswith(_TEXT) and len(fields) >= len(shape):
        fields = [*fields[: len(shape) - 1], SEPARATOR.join(fields[len(shape) - 1 :])]
    fits = len(fields) == len(shape) and len(name) <= _LONGEST_NAME
    numbers = (field for field, kind in zip(fields, shape, strict=False) if kind == "n")
    return (name, fields) if fits and all(map(_NUMBER.fullmatch, numbers)) else None


def framed(fields: pl.DataFrame) -> pl.DataFrame:
    """Put right the lines with too many fields; ``rest`` is null where that cannot be done.

    Parameters
    ----------
    fields
        ``line, name, comm`` and ``rest`` (list of further fields).
    """
    sizes = {name: len(shape) for name, shape in SHAPES.items()}
    most = pl.col("name").replace_strict(sizes, default=None, return_dtype=pl.UInt32)
    long = (pl.col("rest").list.len() > most).fill_null(False)
    odd = fields.filter(long)
    if odd.is_empty():
        return fields
    readings = [
        unforged(name, [comm, *rest]) or (None, None)
        for name, comm, rest in odd.select("name", "comm", "rest").iter_rows()
    ]
    mended = odd.with_columns(
        comm=pl.Series([comm for comm, _ in readings], dtype=pl.String),
        rest=pl.Series([rest for _, rest in readings], dtype=pl.List(pl.String)),
    )
    return pl.concat([fields.filter(~long), mended]).sort("line")
