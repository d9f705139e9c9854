"""Where the fields of a line end, although names and paths may hold the separator themselves.

A program names itself and its files. An *exact* line (`EXACT`) spells the program's name and every buffer
in hexadecimal digits, and what else the program chose stands last: nothing in it can be forged. Lines of
older sensors have the name as it is. What stands before it is the kernel's, and every kind has a fixed
number of fields behind it, so that most lines with a separator too many can still be read in one way
only. A line that can be read in two ways is refused: one of them may be forged.
"""

from __future__ import annotations

import re

import polars as pl

from rtml.text import SEPARATOR

__all__ = ["EXACT", "SHAPES", "framed", "put_right", "unforged"]

EXACT = "+"
"""Before the name of an exact line. The sensor's program writes it, never the watched one."""

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
_SIGNED = re.compile(rb"(\\\\)|\\uffffff([89a-f][0-9a-f])")


def put_right(raw: bytes) -> bytes:
    r"""Return a log with the bytes that bpftrace 0.17 meant: it writes the byte ff as ``\uffffffff``.

    Examples
    --------
    >>> put_right(rb'{"data": "caf\uffffffe9 \\uffffffff"}')
    b'{"data": "caf\xe9 \\\\uffffffff"}'
    """
    if rb"\uffffff" not in raw:
        return raw
    lines = raw.split(b"\n")
    odd = [number for number, line in enumerate(lines) if rb"\uffffff" in line]
    for number in odd:
        lines[number] = _SIGNED.sub(lambda found: found[1] or bytes([int(found[2], 16)]), lines[number])
    return b"\n".join(lines)


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
    most = min(len(pieces), _LONGEST_NAME + 1)  # so many pieces make a name that is too long
    readings = [_reading(SHAPES[name], pieces, size) for size in range(1, most + 1)]
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
        ``line, name, exact, comm`` and ``rest`` (list of further fields).
    """
    sizes = {name: len(shape) for name, shape in SHAPES.items()}
    most = pl.col("name").replace_strict(sizes, default=None, return_dtype=pl.UInt32)
    long = (pl.col("rest").list.len() > most).fill_null(False)
    fields = fields.with_columns(rest=pl.when(long & pl.col("exact")).then(_joined()).otherwise("rest"))
    long &= ~pl.col("exact")
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


def _joined() -> pl.Expr:
    """Return the fields of an exact line: what is too many belongs to the text at the end; else null."""
    fixed = {name: len(shape) - 1 for name, shape in SHAPES.items() if shape.endswith(_TEXT)}
    before = pl.col("name").replace_strict(fixed, default=None, return_dtype=pl.UInt32)
    rest = pl.col("rest")
    text = rest.list.slice(before).list.join(SEPARATOR)
    return pl.when(before.is_not_null()).then(rest.list.head(before).list.concat(text))
