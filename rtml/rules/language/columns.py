"""The columns that rules may read: those of the event table, and a few derived from them.

A derived column says what it needs, so that only that is read. Tests of text do not read a column
itself but its form prepared once per distinct input: ``lower:NAME`` (lower case), ``text:NAME``
(as it is) or ``address:NAME`` (32 hexadecimal digits, so that a network is a range of text).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from rtml.captures.audit import AUDIT
from rtml.images import named_repository
from rtml.rules.language import tactics
from rtml.rules.language.computed import FUNCTIONS, call_of
from rtml.rules.language.views import view_of
from rtml.schema import POLARS
from rtml.text import SEPARATOR

__all__ = [
    "DERIVED",
    "EVERY",
    "LINEAGE",
    "LISTS",
    "MEANT",
    "TYPES",
    "WHERE",
    "Derived",
    "address",
    "is_list",
    "is_number",
    "needs",
]

TYPES = pl.Schema({**AUDIT, **POLARS})
"""Types of the columns of events, and of the audit table for events of kind audit."""

LINEAGE = frozenset({"parent_image", "parent_cmdline", "ancestors"})
"""Columns that come from the process table, joined only where a rule asks for them."""

LISTS = frozenset(
    {
        "ancestors",
        "answers",
        "ancestor_names",
        "ancestor_calls",
        "image_repositories",
        "uri_params",
        "subject_users",
        "subject_groups",
        "subject_accounts",
        "subject_full_accounts",
        *(name for name, kind in AUDIT.items() if kind == pl.List(pl.String)),
    }
)
"""Columns of many values: a test holds when it holds for one of them.

Such a column travels as one text, joined by `rtml.text.SEPARATOR`, so that it can be a join key."""


EVERY = frozenset({"image_text"})
"""Columns of many values joined by `SEPARATOR`, to be tested as a whole."""


@dataclass(frozen=True)
class Derived:
    """A column computed from columns of the event table."""

    needs: tuple[str, ...]
    expression: pl.Expr
    dtype: pl.DataType | type[pl.DataType] = pl.String


def _text(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String)


def _full(path: pl.Expr) -> pl.Expr:
    """Relative paths are completed by the working directory where that is known."""
    relative = ~path.str.starts_with("/") & pl.col("cwd").is_not_null()
    return pl.when(relative).then(pl.col("cwd") + "/" + path).otherwise(path)


_IP = pl.coalesce(_text("dst_ip"), _text("src_ip"))
_FD_TYPE = (
    pl.when(pl.col("kind").is_in(["open", "create", "write"]))
    .then(
        pl.when(pl.col("flags").str.contains("O_DIRECTORY"))
        .then(pl.lit("directory"))
        .otherwise(pl.lit("file"))
    )
    .when(_IP.str.contains(":", literal=True))
    .then(pl.lit("ipv6"))
    .when(_IP.is_not_null())
    .then(pl.lit("ipv4"))
    .when(pl.col("socket_path").is_not_null())
    .then(pl.lit("unix"))
)
_OUTBOUND = _text("direction") == "outbound"
_REPOSITORIES = pl.col("images").list.eval(named_repository(pl.element())).list.join(SEPARATOR)
_PROGRAM = pl.coalesce(_text("exe"), "/" + _text("comm"))
DERIVED: dict[str, Derived] = {
    # Rules end in '/nginx': a process known only by its name is offered as if at the root.
    "program": Derived(("exe", "comm"), _PROGRAM),
    "user": Derived(("uid",), pl.when(pl.col("uid") == 0).then(pl.lit("root")).otherwise(_text("uid"))),
    "initiated": Derived(
        ("direction", "kind"),
        pl.when(pl.col("kind") == "connect").then(True).otherwise(_OUTBOUND),
        pl.Boolean,
    ),
    "file": Derived(("path", "cwd"), _full(pl.col("path"))),
    "target": Derived(("path", "path_to", "cwd"), _full(pl.coalesce(pl.col("path_to"), pl.col("path")))),
    "special_bits": Derived(("mode",), (pl.col("mode") & 0o6000) != 0, pl.Boolean),
    "executable_bits": Derived(("mode",), (pl.col("mode") & 0o111) != 0, pl.Boolean),
    "written_here": Derived(("exe_written",), pl.col("exe_written").is_not_null(), pl.Boolean),
    "interactive": Derived(("tty",), pl.col("tty").is_not_null(), pl.Boolean),
    # A sensor that reports no result reports what succeeded.
    "outcome": Derived(("result",), pl.col("result").fill_null(0), pl.Int32),
    "error": Derived(("result",), pl.col("result").fill_null(0).clip(upper_bound=0), pl.Int32),
    "opened_to_write": Derived(
        ("kind", "wrote", "flags"),
        pl.col("wrote").fill_null(False)
        | pl.col("kind").is_in(["create", "write"])
        | pl.col("flags").str.contains(r"O_(?:WRONLY|RDWR)").fill_null(False),
        pl.Boolean,
    ),
    "opened_to_read": Derived(
        ("kind", "wrote", "flags"),
        (pl.col("kind") == "open")
        & pl.coalesce(~pl.col("flags").str.contains("O_WRONLY"), ~pl.col("wrote"), pl.lit(True)),
        pl.Boolean,
    ),
    "fd_type": Derived(("kind", "flags", "src_ip", "dst_ip", "socket_path"), _FD_TYPE),
    "young": Derived(
        ("time", "started"),
        ((pl.col("time") - pl.col("started")) > pl.duration(seconds=5)).cast(pl.Int64) * 5_000_000_000
        + 5_000_000_000,
        pl.Int64,
    ),
    "failed": Derived(("result",), pl.col("result") < 0, pl.Boolean),
    # Of Kubernetes audit events: whether the API server did as asked; null where it gave no code.
    "succeeded": Derived(("code",), pl.col("code") < 400, pl.Boolean),
    # Server-side apply creates by a patch; 201 says that it did.
    "creates": Derived(
        ("verb", "code"),
        (_text("verb").str.to_lowercase() == "create").fill_null(False)
        | (pl.col("code") == 201).fill_null(False),
        pl.Boolean,
    ),
    "tactic": Derived(tactics.NEEDS, tactics.tactic()),
    "image_repositories": Derived(("images",), _REPOSITORIES),
    "image_text": Derived(("images",), _REPOSITORIES),
}
"""Name to definition; the three of `LINEAGE` are joined instead."""

_ALWAYS_WRITES = ["create", "write", "rename", "link"]
WHERE: dict[str, tuple[tuple[str, ...], pl.Expr]] = {
    "": ((), pl.lit(True)),
    # A request that is logged at several stages is one request.
    "final": (("final",), pl.col("final")),
    "succeeded": (("result",), pl.col("result").fill_null(0) >= 0),
    "written": (("kind", "wrote"), pl.col("wrote").fill_null(False) | pl.col("kind").is_in(_ALWAYS_WRITES)),
    # Sigma means TCP and UDP here; a connection to a local socket has no address.
    "addressed": (("kind", "dst_ip"), pl.col("dst_ip").is_not_null() | (pl.col("kind") == "dns")),
    "read": (("wrote", "result"), ~pl.col("wrote").fill_null(False) & (pl.col("result").fill_null(0) >= 0)),
}
"""Which events of a kind a log source means: the columns needed and the condition."""

MEANT = {
    "final": "is the last stage of a request",
    "succeeded": "succeeded",
    "written": "is a write",
    "addressed": "has an address",
    "read": "is a read that succeeded",
}
"""Name of `WHERE` to what is missing where no event is meant."""


def needs(columns: Iterable[str]) -> list[str]:
    """Event columns that must be read to compute these columns, without those of `LINEAGE`.

    Examples
    --------
    >>> needs(["program", "cmdline", "ancestors"])
    ['cmdline', 'comm', 'exe']
    """
    raw: set[str] = set()
    for name in columns:
        if name not in LINEAGE:
            raw.update(DERIVED[name].needs if name in DERIVED else (name,))
    return sorted(raw)


def is_number(column: str) -> bool:
    """Tell whether the column holds numbers."""
    view = view_of(column)
    if view is not None:
        return view.dtype in (pl.Int32, pl.Int64)
    if column in DERIVED:
        return DERIVED[column].dtype in (pl.Int32, pl.Int64)
    return column in TYPES and TYPES[column].is_numeric()


def is_list(column: str) -> bool:
    """Tell whether a test of the column is one of each of its values.

    Examples
    --------
    >>> is_list("groups"), is_list('["tolower","groups"]'), is_list('["count","groups"]')
    (True, True, False)
    """
    call = call_of(column)
    if call is None:
        return column in LISTS
    return call[0] in FUNCTIONS and FUNCTIONS[call[0]].each and is_list(call[1][0])


def address(text: str) -> str | None:
    """Write an address as 32 hexadecimal digits, IPv4 as mapped into IPv6; null when it is none.

    Examples
    --------
    >>> address("10.0.0.1") == address("::ffff:10.0.0.1"), address("nonsense")
    (True, None)
    """
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return None
    number = int(parsed)
    return f"{number + (0xFFFF << 32) if parsed.version == 4 else number:032x}"
