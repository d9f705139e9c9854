"""Columns made of others once per distinct input, not once per event.

Falco's fields are cut out of what a capture holds (the name of a program out of its path, the
folder out of a file's name): on distinct inputs that costs little, and no rule pays for a form that
none reads.
"""

from __future__ import annotations

import errno
import posixpath
import stat
from collections.abc import Iterable, Set
from dataclasses import dataclass

import polars as pl

from rtml.captures.audit import AUDIT
from rtml.images import repository, tag
from rtml.rules.language.computed import FUNCTIONS, call_of, expression_of, leaves
from rtml.rules.language.rings import NAMED, spellings
from rtml.rules.language.uris import parameters
from rtml.text import SEPARATOR

__all__ = ["COMM_LENGTH", "VIEWS", "View", "dead_views", "sources", "view_of"]

COMM_LENGTH = 15
"""Characters of a process name that the kernel keeps."""


@dataclass(frozen=True)
class View:
    """A column computed from prepared inputs.

    Null where everything that it ``needs`` is null, or where one of it is, where it needs ``every`` one; a
    ``total`` one has a value even there.
    """

    needs: tuple[str, ...]
    expression: pl.Expr
    dtype: pl.DataType | type[pl.DataType] = pl.String
    total: bool = False
    every: bool = False


def _col(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String)


def _base(text: pl.Expr) -> pl.Expr:
    return text.str.replace(r"(?s)^.*/", "")


def _cut(text: pl.Expr) -> pl.Expr:
    return text.str.slice(0, COMM_LENGTH)


def _first(text: pl.Expr) -> pl.Expr:
    return text.str.extract(r"^(\S+)")


def _rest(text: pl.Expr) -> pl.Expr:
    return text.str.replace(r"^\S*\s?", "")


def _line(name: pl.Expr, rest: pl.Expr) -> pl.Expr:
    """Falco's command line: the process name, not the first argument, before the arguments."""
    return pl.when(rest == "").then(name).otherwise(name + " " + rest)


def _end(side: str) -> pl.Expr:
    """One end of a connection as Falco writes it; a port that is not known is left out."""
    return pl.concat_str(f"{side}_ip", pl.concat_str(pl.lit(":"), f"{side}_port").fill_null(""))


def _among(kind: str) -> pl.Expr:
    """Names of the subjects of one kind."""
    one = pl.element()
    return (
        _col("subjects")
        .str.split(SEPARATOR)
        .list.eval(one.filter(one.str.starts_with(kind)).str.strip_prefix(kind))
    )


def _joined(names: pl.Expr) -> pl.Expr:
    return pl.when(names.list.len() > 0).then(names.list.join(SEPARATOR))


def _resolve(paths: pl.Series) -> pl.Series:
    odd = paths.filter(paths.str.contains(r"//|/\.{1,2}(?:/|$)").fill_null(False)).unique()
    plain = [posixpath.normpath("/" + p.lstrip("/") if p[0] == "/" else p) for p in odd.to_list()]
    return paths.replace(odd, pl.Series(plain, dtype=pl.String))


def _mode_names(modes: pl.Series) -> pl.Series:
    distinct = modes.drop_nulls().unique().to_list()
    names = [n for n in dir(stat) if n.startswith(("S_IR", "S_IW", "S_IX", "S_IS")) and n.isupper()]
    bits = {n: getattr(stat, n) for n in sorted(names) if isinstance(getattr(stat, n), int)}
    spelled = ["|".join(n for n, bit in bits.items() if mode & bit == bit) for mode in distinct]
    return modes.replace_strict(distinct, spelled, default=None, return_dtype=pl.String)


_ERRORS = {-number: name for number, name in errno.errorcode.items()}
_NAME = pl.coalesce(_col("comm"), _cut(_base(_col("exe"))))
_PARENT = _cut(_base(_col("parent_image")))
_FILE = _col("file").map_batches(_resolve, pl.String)
_NAMES = (
    _col("ancestors")
    .str.replace_all(f"[^{SEPARATOR}]*/", "")
    .str.replace_all(f"([^{SEPARATOR}]{{{COMM_LENGTH}}})[^{SEPARATOR}]+", "${1}")
)
_ON_PATH = _col("request").is_in(
    spellings(NAMED, "mkdir mkdirat chown lchown fchown fchownat quotactl umount umount2".split())
)
_ENDS = ("src_ip", "src_port", "dst_ip", "dst_port")
_CLIENT = _end("src").fill_null("")  # many sensors know only whereto
_UNTIL = f"^([^{SEPARATOR}]*)"
_SETS = (*(name for name, kind in AUDIT.items() if kind == pl.List(pl.String)), "image_repositories")
_ACCOUNT = _among("ServiceAccount:")
_SUBJECTS = {
    "subject_users": _joined(_among("User:")),
    "subject_groups": _joined(_among("Group:")),
    "subject_accounts": _joined(_ACCOUNT.list.eval(pl.element().str.replace("^[^/]*/", ""))),
    "subject_full_accounts": _joined(_ACCOUNT.list.eval(pl.element().str.replace("/", ":", literal=True))),
}
_TYPECHARS = {"file": "f", "directory": "d", "ipv4": "4", "ipv6": "6", "unix": "u"}

VIEWS: dict[str, View] = {
    "proc_name": View(("comm", "exe"), _NAME),
    "proc_exe": View(("cmdline", "exe"), pl.coalesce(_first(_col("cmdline")), _col("exe"))),
    "proc_args": View(("cmdline",), _rest(_col("cmdline"))),
    "proc_cmdline": View(("comm", "exe", "cmdline"), _line(_NAME, _rest(_col("cmdline")))),
    "proc_cwd": View(("cwd",), _col("cwd").str.replace(r"/?$", "/")),
    "parent_name": View(("parent_image",), _PARENT),
    "parent_exe": View(
        ("parent_cmdline", "parent_image"), pl.coalesce(_first(_col("parent_cmdline")), _col("parent_image"))
    ),
    "parent_line": View(("parent_image", "parent_cmdline"), _line(_PARENT, _rest(_col("parent_cmdline")))),
    "ancestor_names": View(("ancestors",), _NAMES),
    "file_resolved": View(("file",), _FILE),
    "file_folder": View(("file",), _FILE.str.replace(r"(?s)/[^/]*$", "").replace("", "/")),
    "file_name": View(("file",), _base(_FILE)),
    "file_of_call": View(("request", "file"), pl.when(_ON_PATH).then(_col("file")), every=True),
    "path_of_call": View(("request", "path"), pl.when(_ON_PATH).then(_col("path")), every=True),
    "image_repository": View(("image",), repository(pl.col("image"))),
    "image_tag": View(("image",), tag(pl.col("image"))),
    "connection": View(_ENDS, pl.when(_col("dst_ip").is_not_null()).then(_CLIENT + "->" + _end("dst"))),
    "bound": View(("src_ip", "src_port"), _end("src")),
    "mode_names": View(("mode",), pl.col("mode").map_batches(_mode_names, pl.String)),
    "creation_flags": View(("flags",), _col("flags").fill_null("O_CREAT|O_WRONLY|O_TRUNC"), total=True),
    "ptrace_request": View(("request",), "PTRACE_" + _col("request").str.replace("^PTRACE_", "")),
    "tty_number": View(("tty",), pl.when(pl.col("tty").is_not_null()).then(1), pl.Int32),
    "fd_typechar": View(
        ("fd_type",), _col("fd_type").replace_strict(_TYPECHARS, default=None, return_dtype=pl.String)
    ),
    "target_user": View(("euid",), pl.when(pl.col("euid") == 0).then(pl.lit("root")).otherwise(_col("euid"))),
    "fd_family": View(
        ("fd_type",),
        _col("fd_type").replace_strict(
            {"ipv4": "ip", "ipv6": "ip", "unix": "unix"}, default=None, return_dtype=pl.String
        ),
    ),
    "fd_number": View(("error",), pl.when(pl.col("error") < 0).then(-1).otherwise(0), pl.Int32, total=True),
    "error_name": View(
        ("error",),
        pl.col("error").replace_strict(_ERRORS, default="SUCCESS", return_dtype=pl.String),
        total=True,
    ),
    # Of Kubernetes audit events.
    "uri_params": View(("uri",), _col("uri").map_batches(parameters, pl.String)),
    "role_name": View(("role",), _col("role").str.replace(r"^[^/]*/", "")),
    "first_image": View(("images",), _col("images").str.extract(_UNTIL)),
    "first_repository": View(("image_repositories",), _col("image_repositories").str.extract(_UNTIL)),
    **{f"{name}_whole": View((name,), _col(name)) for name in _SETS},
    **{name + end: View(("subjects",), found) for name, found in _SUBJECTS.items() for end in ("", "_whole")},
    **{
        f"ancestor_{n}": View(("ancestors",), _NAMES.str.split(SEPARATOR).list.get(n - 1, null_on_oob=True))
        for n in range(1, 9)
    },
    **{
        f"{name}_{n}": View(
            ("ancestors",), _col("ancestors").str.split(SEPARATOR).list.get(n - 1, null_on_oob=True)
        )
        for n in range(1, 9)
        for name in ("ancestor_exe", "ancestor_call")
    },
    "ancestor_calls": View(("ancestors",), _col("ancestors")),
}
"""Name to definition."""


def view_of(column: str) -> View | None:
    """Return the view that a column is: one of `VIEWS`, or one computed from columns and views.

    Examples
    --------
    >>> view_of('["len","proc_name"]').needs, view_of("comm")
    (('comm', 'exe'), None)
    """
    call = call_of(column)
    if call is None:
        return VIEWS.get(column)
    function, arguments = call
    if function == "literal":
        return View((), pl.lit(arguments[0]), total=True)
    views = [view_of(argument) for argument in arguments]
    made = expression_of(
        function, [pl.col(n) if v is None else v.expression for n, v in zip(arguments, views, strict=True)]
    )
    return View(tuple(sorted(sources(arguments))), made, FUNCTIONS[function].dtype)


def sources(columns: Iterable[str]) -> frozenset[str]:
    """Columns that must be at hand to compute these, each view replaced by what it needs.

    Examples
    --------
    >>> sorted(sources(["proc_name", "tty"]))
    ['comm', 'exe', 'tty']
    """
    views = {name: view_of(name) for name in columns}
    return frozenset(
        need for name, view in views.items() for need in ((name,) if view is None else view.needs)
    )


def dead_views(dead: Set[str], columns: Iterable[str] = ()) -> frozenset[str]:
    """Name the views that are null throughout because everything that they need is.

    Parameters
    ----------
    dead
        Columns that are null throughout.
    columns
        Columns of conditions, whose computed ones are looked at too: one null argument is enough.
    """
    partial = {name: view for name, view in VIEWS.items() if not view.total}
    null = frozenset(
        name
        for name, view in partial.items()
        if (dead & set(view.needs) if view.every else dead >= set(view.needs))
    )
    return null | {name for name in columns if call_of(name) and leaves(name) & (dead | null)}
