"""Arguments of probes: a list of which each is of another type, by the place that the policy gave it."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.openings import flag_names
from rtml.captures.sensors.process_ids import pid_of
from rtml.captures.sensors.records.values import integer, said

__all__ = ["arguments"]

_PATHS = ("file_arg", "path_arg", "linux_binprm_arg")
_SOCKETS = ("sock_arg", "skb_arg")
_NO_FILE = r"^[a-z_-]+:|^/"
_TWO = ("rename", "link")
_OPENS = ("open", "openat")
_TARGETED = ("kill", "ptrace", "vm_write")
_ON_FILES = (
    "open create write unlink rename link chmod mount memfd mmap_exec module_load syscall exec".split()
)


def arguments(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with what their arguments say: paths, flags, mode, addresses, target.

    Parameters
    ----------
    rows
        ``args``, ``kind`` and ``call``.
    """
    numbered = rows.with_row_index("_row")  # a line may hold several records
    some = numbered.select("_row", "kind", "call", "args").filter(pl.col("args").list.len() > 0)
    if some.is_empty():
        return rows
    told = some.select("_row", "kind", "call", **_flat()).select(
        "_row", **_file(), **_network(), **_numbers()
    )
    return numbered.join(told, on="_row", how="left", maintain_order="left").drop("_row")


def _flat() -> dict[str, pl.Expr]:
    """Return lists of what each type of argument says, in the order of the arguments."""
    one = pl.element().struct
    paths = pl.coalesce(*(one.field(name).struct.field("path") for name in _PATHS), one.field("string_arg"))
    ends = {
        name: pl.coalesce(*(one.field(kind).struct.field(name) for kind in _SOCKETS))
        for name in ("saddr", "daddr", "sport", "dport", "protocol")
    }
    whole = pl.coalesce(*(one.field(name) for name in ("int_arg", "long_arg", "uint_arg", "size_arg")))
    lists = {
        "paths": paths,
        "numbers": whole,
        **ends,
        "addr": one.field("sockaddr_arg").struct.field("addr"),
        "to_port": one.field("sockaddr_arg").struct.field("port"),
        "modules": one.field("module_arg").struct.field("name"),
    }
    return {name: pl.col("args").list.eval(each).list.drop_nulls() for name, each in lists.items()}


def _at(name: str, place: int) -> pl.Expr:
    return said(pl.col(name).list.get(place, null_on_oob=True))


def _file() -> dict[str, pl.Expr]:
    kind, first = pl.col("kind"), pl.coalesce(_at("paths", 0), _at("modules", 0))
    rooted = pl.when(first.str.contains(_NO_FILE) | (kind.is_in(["memfd", "module_load"]))).then(first)
    named = pl.coalesce(rooted, pl.when(kind.is_in(_ON_FILES)).then("/" + first))
    path = pl.when(kind == "memfd").then("memfd:" + first).otherwise(named)
    flags = pl.when(pl.col("call").is_in(_OPENS)).then(flag_names(_flags()))
    return {
        "path": pl.when(kind.is_in(_ON_FILES)).then(path),
        "path_to": pl.when(kind.is_in(_TWO)).then(_at("paths", 1)),
        "open_flags": flags,
        "mode": pl.when(kind == "chmod").then(integer(_at("numbers", -1))).cast(pl.Int32, strict=False),
        "written": kind == "write",
    }


def _flags() -> pl.Expr:
    """Return the flags of an open: behind the path, and before the mode where a file may be made."""
    place = pl.when(pl.col("call") == "open").then(0).otherwise(1)
    return pl.coalesce(pl.col("numbers").list.get(place, null_on_oob=True), _at("numbers", -1))


def _network() -> dict[str, pl.Expr]:
    return {
        "here": address(_at("saddr", 0)),
        "here_port": port(_at("sport", 0)),
        "there": address(pl.coalesce(_at("daddr", 0), _at("addr", 0))),
        "there_port": port(pl.coalesce(_at("dport", 0), _at("to_port", 0))),
        "transport": _at("protocol", 0).str.to_lowercase().str.replace("^ipproto_", ""),
    }


def _numbers() -> dict[str, pl.Expr]:
    target = pl.when(pl.col("kind").is_in(_TARGETED)).then(pid_of(integer(_at("numbers", 0))))
    return {"target_pid": target}
