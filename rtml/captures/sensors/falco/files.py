"""Files of Falco's alerts: path, target, flags, mode."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.calls import ON_FILES
from rtml.captures.sensors.openings import flag_names, writes
from rtml.captures.sensors.records.seldom import of_some
from rtml.captures.sensors.records.values import said, truth
from rtml.distinct import by_distinct

__all__ = ["with_files"]

_TWO = ("rename", "link")
_BITS = {
    f"S_I{what}{who}": 1 << (6 - 3 * i + (2 - j))
    for i, who in enumerate(("USR", "GRP", "OTH"))
    for j, what in enumerate("RWX")
}
_BITS |= {"S_ISUID": 0o4000, "S_ISGID": 0o2000, "S_ISVTX": 0o1000}


def with_files(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with ``path, path_to, flags, mode, wrote`` by Falco's columns and ``kind, result``."""
    kind, name = pl.col("kind"), pl.col("fd.name")
    file = pl.when(
        (pl.col("fd.type").is_in(["file", "directory"]) | pl.col("fd.type").is_null()) & _is_path(name)
    )
    path = pl.coalesce(
        pl.when(kind == "memfd").then("memfd:" + _argument("name").fill_null("")),
        pl.when(kind == "mount").then(pl.coalesce("fs.path.target", _argument("dir"), _argument("name"))),
        # Of links Falco calls the new name source, and what it leads to target.
        pl.when(kind == "link").then(
            pl.coalesce("fs.path.target", _argument("oldpath"), _argument("target"))
        ),
        pl.when(kind == "rename").then(pl.coalesce("fs.path.source", _argument("oldpath"))),
        "fs.path.name",
        file.then(name),
        _argument("path"),
        _argument("filename"),
    )
    new = pl.when(kind == "link").then("fs.path.source").otherwise("fs.path.target")
    there = pl.coalesce(new, _argument("newpath"), _argument("linkpath"))
    flags, opened = pl.col("flags"), kind.is_in(["open", "create"])
    written = pl.coalesce(
        writes(flags), truth(pl.col("evt.is_open_write")), pl.when(kind == "create").then(True)
    )
    rows = rows.with_columns(flags=flag_names(pl.col("evt.arg.flags")))
    rows = of_some(rows, kind.is_in(ON_FILES), {"path": path})
    rows = of_some(rows, kind.is_in(_TWO), {"path_to": there})
    rows = of_some(rows, opened, {"wrote": written & (pl.col("result").fill_null(0) == 0)})
    made = opened & flags.str.contains("O_CREAT|O_TMPFILE")
    return of_some(rows, (kind == "chmod") | made, {"mode": _mode()})


def _is_path(text: pl.Expr) -> pl.Expr:
    """Tell paths from the two ends of a connection, which stand in the same field.

    A path may hold what stands between two ends: whoever made the file chose its name.
    """
    ends = text.str.contains(r"->|^\d+\.\d+\.\d+\.\d+:") & (pl.col("fd.type").is_null())
    return text.is_not_null() & (text.str.starts_with("/") | ~ends)


def _argument(name: str) -> pl.Expr:
    """Return what ``evt.args`` says of one argument; a path comes with the absolute one in brackets."""
    args = pl.col("evt.args")
    has = pl.when(args.str.contains(f"{name}=", literal=True)).then(args)
    found = has.str.extract_groups(rf"(?:^| ){name}=([^ (]+)(?:\(([^)]*)\))?").struct
    return said(pl.coalesce(pl.when(found["2"].str.starts_with("/")).then(found["2"]), found["1"]))


def _mode() -> pl.Expr:
    """Return a mode of octal digits, or of names as ``S_IXUSR|S_IRUSR``."""
    return by_distinct(pl.coalesce("evt.arg.mode", _argument("mode")), _bits, pl.Int32())


def _bits(text: pl.Expr) -> pl.Expr:
    octal = pl.when(text.str.contains(r"^0?[0-7]{1,5}$")).then(text)
    bits = [
        pl.when(text.str.contains(name, literal=True)).then(bit).otherwise(0) for name, bit in _BITS.items()
    ]
    by_name = pl.when(text.str.contains("S_I", literal=True)).then(pl.sum_horizontal(bits))
    return pl.coalesce(octal.str.to_integer(base=8, strict=False), by_name).cast(pl.Int32)
