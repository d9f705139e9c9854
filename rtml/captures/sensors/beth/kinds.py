"""What a BETH process event says: kind, and the event columns that its arguments fill."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.beth.arguments import arguments
from rtml.captures.sensors.calls import KIND_OF, SELF_EVIDENT

__all__ = ["described"]

_FILE = {"path": "pathname"}
_TWO_PATHS = {"path": "oldpath|old_path|oldname|target", "path_to": "newpath|new_path|linkpath"}
_ADDRESS = {"address": "addr|remote_addr|local_addr|address"}
_ARGUMENTS = {
    "exec": {"path": "pathname", "cmdline": "argv"},
    "fork": {"flags": "flags|clone_flags"},
    "open": {"path": "pathname", "flags": "flags", "mode": "mode"},
    "create": {"path": "pathname", "mode": "mode"},
    "chmod": {"path": "pathname", "mode": "mode"},
    "link": _TWO_PATHS,
    "rename": _TWO_PATHS,
    "unlink": _FILE,
    "syscall": _FILE,
    "mount": {"path": "target|path|dir_name|put_old", "path_to": "new_root"},
    "memfd": {"path": "name"},
    "setuid": {"euid": "euid|uid|fsuid"},
    "connect": _ADDRESS,
    "accept": _ADDRESS,
    "bind": _ADDRESS,
    "kill": {"target_pid": "pid|tgid"},
    "vm_write": {"target_pid": "pid"},
    "ptrace": {"target_pid": "pid", "call": "request"},
    "setns": {"flags": "nstype"},
    "unshare": {"flags": "flags"},
}
"""Kind to the columns that arguments fill; ``|`` separates names that mean the same."""

_WANTED = sorted({column for names in _ARGUMENTS.values() for column in names})
_WRITES = r"O_(?:WRONLY|RDWR|CREAT|TRUNC)"


def described(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of the event table that say what happened.

    Parameters
    ----------
    rows
        ``eventName``, ``returnValue, processId, threadId`` (numbers) and ``args`` (text without
        faults).

    Returns
    -------
    The rows, in their order, with ``kind, request, result`` and what the arguments tell.
    """
    name = pl.col("eventName").fill_null("")
    kinds = rows.with_columns(
        kind=name.replace_strict(KIND_OF, default="syscall", return_dtype=pl.String)
    ).with_row_index("_row")
    # One pass per kind: most kinds need few arguments, and the commonest call needs none.
    parts = [_with_arguments(part) for part in kinds.partition_by("kind")]
    if not parts:
        return _columns(kinds.with_columns(pl.lit(None, pl.String).alias(c) for c in _WANTED))
    return _columns(pl.concat(parts, how="diagonal").sort("_row")).drop("_row")


def _with_arguments(part: pl.DataFrame) -> pl.DataFrame:
    wanted = _ARGUMENTS.get(str(part["kind"][0]), {})
    columns = arguments(part["args"], wanted).get_columns() if wanted else []
    absent = [pl.lit(None, pl.String).alias(c) for c in _WANTED if c not in wanted]
    return part.with_columns(columns).with_columns(absent)


def _columns(rows: pl.DataFrame) -> pl.DataFrame:
    kind, result = pl.col("kind"), pl.min_horizontal("returnValue", 0)
    done = result.fill_null(0) == 0
    started = (kind == "exec") & done
    text = rows.with_columns(pl.when(pl.col(c) != "").then(c) for c in _WANTED)
    return text.with_columns(kind=_of_process()).with_columns(
        result=result.cast(pl.Int32, strict=False),
        request=_request(),
        exe=pl.when(started).then("path"),
        path=pl.when(~started).then("path"),
        target_pid=_target().cast(pl.Int32, strict=False),
        euid=pl.when(pl.col("eventName").str.contains("uid")).then(_number("euid")),
        mode=pl.when(_makes_file()).then(_number("mode")),
        wrote=pl.when(kind == "open").then(pl.col("flags").str.contains(_WRITES) & done),
        **_addresses(),
    )


def _of_process() -> pl.Expr:
    """Call the birth and the end of a mere thread ``syscall``: the process lives on."""
    born = (pl.col("kind") == "fork") & pl.col("flags").str.contains("CLONE_THREAD")
    ended = (pl.col("kind") == "exit") & (pl.col("threadId") != pl.col("processId"))
    return pl.when(born.fill_null(False) | ended.fill_null(False)).then(pl.lit("syscall")).otherwise("kind")


def _request() -> pl.Expr:
    """Name the call where the kind does not say it, and what a ptrace asked for."""
    self_evident = pl.col("kind").is_in(SELF_EVIDENT)
    return (
        pl.when(pl.col("kind") == "ptrace")
        .then(pl.coalesce("call", "eventName"))
        .when(~self_evident)
        .then("eventName")
    )


def _target() -> pl.Expr:
    born = (pl.col("kind") == "fork") & (pl.col("returnValue") > 0)
    return pl.when(born).then("returnValue").otherwise(_number("target_pid"))


def _number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int64, strict=False)


def _makes_file() -> pl.Expr:
    """Say where a mode means something: where a file is made or changed; else it is noise."""
    return (pl.col("kind") != "open") | pl.col("flags").str.contains("O_CREAT|O_TMPFILE")


def _addresses() -> dict[str, pl.Expr]:
    """Split a socket address by its family; the family guards against paths that look like one."""
    text, kind = pl.col("address"), pl.col("kind")
    family = text.str.extract(r"^\{'sa_family': ?'([^']*)'")
    inet = family.is_in(["AF_INET", "AF_INET6"])
    ip = pl.when(inet).then(text.str.extract(r"'sin6?_addr': ?'([^']*)'"))
    digits = text.str.extract(r"'sin6?_port': ?'?(\d+)").cast(pl.Int32, strict=False)
    port = pl.when(inet).then(digits)
    unix = family == "AF_UNIX"
    return {
        "direction": kind.replace_strict(
            {"connect": "outbound", "accept": "inbound"}, default=None, return_dtype=pl.String
        ),
        "protocol": pl.when(unix).then(pl.lit("unix")),
        "socket_path": pl.when(unix).then(text.str.extract(r"'sun_path': ?'(.*)'\}$")),
        "dst_ip": pl.when(kind == "connect").then(ip),
        "dst_port": pl.when(kind == "connect").then(port),
        "src_ip": pl.when(kind != "connect").then(ip),
        "src_port": pl.when(kind != "connect").then(port),
    }
