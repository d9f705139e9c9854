"""What a SysFlow record says: operation bits to kind, request, flags, addresses and counts."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.sysflow.schema import OPEN_FLAGS, OPERATIONS

__all__ = ["described"]

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp"}
_WRITES = 1 << 1 | 1 << 2 | 1 << 8  # opened for writing, creating or truncating
_NETWORK = pl.col("record").str.starts_with("Network")
_FLOW = pl.col("record").str.ends_with("Flow")
_UNIX, _PIPE = ord("u"), ord("p")
_DIRECTIONS = {"connect": "outbound", "accept": "inbound"}


def described(rows: pl.DataFrame) -> pl.DataFrame:
    """Add the columns of the event table that say what happened.

    Parameters
    ----------
    rows
        Records with ``record`` (type), their own fields, ``path``, ``path_to``, ``restype`` and
        ``target_id``.

    Returns
    -------
    The rows with ``kind, request, result, count, flags, wrote``, addresses and volumes.
    """
    kind, name = _operation()
    return (
        rows.with_columns(kind=kind, name=name)
        .with_columns(kind=_kind(), name=_name())
        .with_columns(
            request=_request(),
            count=_count(),
            **_addresses(),
            **_file(),
            result=pl.when(_FLOW).then(0).otherwise(pl.min_horizontal("ret", 0)).cast(pl.Int32),
            bytes_in="numRRecvBytes",
            bytes_out="numWSendBytes",
            target_pid=pl.when(pl.col("target_id").is_not_null()).then("ret").cast(pl.Int32),
        )
    )


def _operation() -> tuple[pl.Expr, pl.Expr]:
    """Kind and name of the most telling operation of a record."""
    op = pl.col("opFlags").fill_null(0)
    kinds = [pl.when(op & bit != 0).then(pl.lit(kind)) for bit, _, kind in OPERATIONS]
    names = [pl.when(op & bit != 0).then(pl.lit(name)) for bit, name, _ in OPERATIONS]
    return pl.coalesce(*kinds, pl.lit("syscall")), pl.coalesce(*names, pl.format("op {}", op))


def _kind() -> pl.Expr:
    """Correct the kind by what the operation was done on."""
    kind, sent = pl.col("kind"), _NETWORK & (pl.col("kind") == "write")
    cloned = (pl.col("record") == "ProcessEvent") & (pl.col("name") == "clone")
    thread = (kind == "exit") & (pl.col("tid") != pl.col("hpid"))
    return (
        pl.when(cloned & (pl.col("ret") != 0))
        .then(pl.lit("fork"))
        .when(sent | _piped() | thread)
        .then(pl.lit("syscall"))
        .otherwise(kind)
    )


def _name() -> pl.Expr:
    """Name the call by what it was done on."""
    name = pl.col("name")
    return (
        pl.when(_NETWORK)
        .then(name.replace({"write": "send", "read": "recv"}))
        .when(_piped())
        .then(pl.lit("pipe"))
        .otherwise(name)
    )


def _piped() -> pl.Expr:
    """Say whether a pipe was made: SysFlow marks its two ends as connected."""
    return ((pl.col("restype") == _PIPE) & (pl.col("kind") == "connect")).fill_null(False)


def _request() -> pl.Expr:
    """Say what the kind does not: other calls, hard or symbolic link, the user of a setuid."""
    user = pl.col("args").list.first()
    return (
        pl.when(pl.col("kind").is_in(["syscall", "link"]))
        .then("name")
        .when((pl.col("kind") == "setuid") & ~user.is_in(["", "<NA>"]))
        .then(user)
    )


def _file() -> dict[str, pl.Expr]:
    """Path, flags and whether it was written to; a UNIX socket's path is a socket path."""
    flags = pl.col("openFlags")
    opened = pl.col("kind") == "open"
    unix = pl.col("restype") == _UNIX
    return {
        "path": pl.when(~unix.fill_null(False)).then("path"),
        "socket_path": pl.when(unix).then("path"),
        "flags": pl.when(opened).then(_spelled(flags)),
        "wrote": pl.when(~_NETWORK).then((opened & (flags & _WRITES != 0)) | (pl.col("numWSendOps") > 0)),
    }


def _spelled(flags: pl.Expr) -> pl.Expr:
    access = (flags & 3).replace_strict(
        {1: "O_RDONLY", 2: "O_WRONLY", 3: "O_RDWR"}, default=None, return_dtype=pl.String
    )
    rest = [pl.when(flags & bit != 0).then(pl.lit(name)) for bit, name in OPEN_FLAGS.items()]
    spelled = pl.concat_str(access, *rest, separator="|", ignore_nulls=True)
    # Of bits that nobody knows nothing is spelled.
    return pl.when(flags > 0, spelled != "").then(spelled)


def _addresses() -> dict[str, pl.Expr]:
    protocol = pl.col("proto").replace_strict(
        _PROTOCOLS, default=pl.col("proto").cast(pl.String), return_dtype=pl.String
    )
    return {
        "protocol": pl.when(pl.col("proto") >= 0)
        .then(protocol)
        .when(pl.col("restype") == _UNIX)
        .then(pl.lit("unix")),
        "direction": pl.col("kind").replace_strict(_DIRECTIONS, default=None, return_dtype=pl.String),
        "src_ip": _ip("sip", "sport"),
        "src_port": _port("sport"),
        "dst_ip": _ip("dip", "dport"),
        "dst_port": _port("dport"),
    }


def _ip(address: str, port: str) -> pl.Expr:
    """Write an IPv4 address whose first byte is the lowest; zero without a port is no address."""
    word = pl.col(address) & 0xFFFFFFFF
    parts = [(word // (1 << shift)) % 256 for shift in (0, 8, 16, 24)]
    return pl.when((word != 0) | (pl.col(port) > 0)).then(pl.concat_str(parts, separator="."))


def _port(column: str) -> pl.Expr:
    return pl.when(pl.col(column).is_between(1, 65535)).then(column).cast(pl.Int32)


def _count() -> pl.Expr:
    """How often the operation that names the event happened in the flow, at least once."""
    threads = pl.col("numThreadsCloned") + pl.col("numThreadsExited")
    times = (
        pl.when(pl.col("record") == "ProcessFlow")
        .then(threads)
        .when(pl.col("name").is_in(["write", "send"]))
        .then("numWSendOps")
        .when(pl.col("name").is_in(["read", "recv"]))
        .then("numRRecvOps")
        .otherwise(1)
    )
    return pl.when(_FLOW).then(times.clip(lower_bound=1))
