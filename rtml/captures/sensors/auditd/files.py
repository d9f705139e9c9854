"""Files of audit events: which of the PATH records is which, how it was opened, and its mode."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.calls import ON_FILES
from rtml.captures.sensors.openings import flag_names, writes
from rtml.captures.sensors.records.values import said

__all__ = ["files", "low_word"]

_BELOW_A_FOLDER = {
    "a0": (
        "openat openat2 execveat unlinkat renameat renameat2 linkat mkdirat mknodat fchownat fchmodat"
        " fchmodat2 faccessat faccessat2 newfstatat utimensat readlinkat name_to_handle_at statx"
    ).split(),
    "a1": ["symlinkat"],
    "a2": ["renameat", "renameat2", "linkat"],
}
_CURRENT = -100
_O_CREAT = 0o100


def low_word(column: str) -> pl.Expr:
    """Return the lower 32 bits of an argument, with their sign.

    Examples
    --------
    >>> rows = pl.DataFrame({"a0": ["ffffffffffffff9c", "0xffffff9c", "41", None]})
    >>> rows.select(low_word("a0"))["a0"].to_list()
    [-100, -100, 65, None]
    """
    digits = pl.col(column).str.strip_prefix("0x").str.tail(8)
    number = (
        pl.when(digits.str.contains(r"^[0-9a-fA-F]+$")).then(digits).str.to_integer(base=16, strict=False)
    )
    return pl.when(number >= 1 << 31).then(number - (1 << 32)).otherwise(number).alias(column)


def files() -> dict[str, pl.Expr]:
    """Return ``path, path_to, open_flags, mode, wrote`` by the columns of an event that is put together."""
    kind, call = pl.col("kind"), pl.col("call")
    two = kind.is_in(["rename", "link"])
    # A mount has its target first, an exec its program, all others what they make or meet last.
    first = kind.is_in(["exec", "mount"])
    one = pl.when(first).then(_name(None, "first")).otherwise(_name(("PARENT",), "last"))
    old = _name(("PARENT", "CREATE"), "first")
    # A symbolic link may point to what is relative to itself.
    target = pl.when(call.is_in(["symlink", "symlinkat"])).then(old).otherwise(_whole(old, "a0"))
    path = pl.when(two).then(target).otherwise(_whole(one, "a0"))
    made = pl.when(call == "symlinkat").then(_whole(_created(), "a1")).otherwise(_whole(_created(), "a2"))
    opened = kind.is_in(["open", "create"])
    bits = _opening()
    flags = flag_names(bits.cast(pl.String))
    written = pl.coalesce(writes(flags), pl.when(kind == "create").then(True))
    return {
        "path": pl.when(kind == "memfd").then(pl.lit("memfd:")).when(kind.is_in(ON_FILES)).then(said(path)),
        "path_to": pl.when(two).then(said(made)),
        "open_flags": pl.when(opened).then(flags),
        "mode": pl.when((kind == "chmod") | (kind == "create") | (opened & (bits & _O_CREAT != 0))).then(
            _mode()
        ),
        "wrote": pl.when(opened).then(written & (pl.col("result").fill_null(0) == 0)),
    }


def _name(without: tuple[str, ...] | None, which: str) -> pl.Expr:
    """Return the first or last name of an event's files, those of some types passed over."""
    named = pl.element().struct.field("name")
    if without is not None:
        named = named.filter(~pl.element().struct.field("nametype").fill_null("NORMAL").is_in(without))
    names = pl.col("paths").list.eval(named)
    return names.list.first() if which == "first" else names.list.last()


def _created() -> pl.Expr:
    kind = pl.element().struct.field("nametype")
    return pl.col("paths").list.eval(pl.element().struct.field("name").filter(kind == "CREATE")).list.last()


def _whole(name: pl.Expr, folder: str) -> pl.Expr:
    """Return a name below the folder that the process was in; below another one, only as it stands."""
    below = pl.col("call").is_in(_BELOW_A_FOLDER[folder]) & (low_word(folder) != _CURRENT)
    joined = pl.col("cwd").str.strip_chars_end("/") + "/" + name.str.replace(r"^(?:\./+)+", "")
    whole = pl.when(~name.str.starts_with("/") & ~below.fill_null(False)).then(joined)
    return pl.coalesce(whole, name)


def _opening() -> pl.Expr:
    call = pl.col("call")
    octal = pl.col("oflag").str.strip_prefix("0o").str.to_integer(base=8, strict=False)
    return (
        pl.when(call == "open")
        .then(low_word("a1"))
        .when(call.is_in(["openat", "open_by_handle_at"]))
        .then(low_word("a2"))
        .when(call == "openat2")
        .then(octal)
    )


def _mode() -> pl.Expr:
    """Return the mode that a call asked for; the file's own is that of the time before."""
    call = pl.col("call")
    asked = (
        pl.when(call.is_in(["chmod", "fchmod", "creat"]))
        .then(low_word("a1"))
        .when(call.is_in(["fchmodat", "fchmodat2", "open"]))
        .then(low_word("a2"))
        .when(call == "openat")
        .then(low_word("a3"))
        .when(call == "openat2")
        .then(pl.col("omode").str.strip_prefix("0o").str.to_integer(base=8, strict=False))
    )
    return (asked & 0o7777).cast(pl.Int32)
