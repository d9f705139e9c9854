"""Operations of io_uring: what system calls do, asked of the kernel through a ring, past their audit."""

from __future__ import annotations

import polars as pl

__all__ = ["OPERATIONS", "SAID", "apart", "operation_name"]

_NAMES = """
nop readv writev fsync read_fixed write_fixed poll_add poll_remove sync_file_range sendmsg recvmsg timeout
timeout_remove accept async_cancel link_timeout connect fallocate openat close files_update statx read write
fadvise madvise send recv openat2 epoll_ctl splice provide_buffers remove_buffers tee shutdown renameat
unlinkat mkdirat symlinkat linkat msg_ring fsetxattr setxattr fgetxattr getxattr socket uring_cmd send_zc
sendmsg_zc read_multishot waitid futex_wait futex_wake futex_waitv fixed_fd_install ftruncate bind listen
recv_zc epoll_wait readv_fixed writev_fixed pipe nop128 uring_cmd128
""".split()
"""``enum io_uring_op`` of the kernel, from 0 on; it audits those that a rule could be about."""

SAID = ("uring_op", "success", "exit", "items", "ppid", "pid", "uid", "euid", "subj")
"""What a URINGOP record says."""

OPERATIONS = pl.List(pl.Struct(dict.fromkeys(SAID, pl.String())))
"""What those of an event say, in their order."""

_CALLED = ("arch", "syscall", "a0", "a1", "a2", "a3")
_WHO = ("ppid", "pid", "uid", "euid", "subj")
_ADDRESS = ("family", "address", "port", "socket")
_ON_FILES = "openat openat2 statx renameat unlinkat mkdirat symlinkat linkat setxattr getxattr".split()
_ON_SOCKETS = "accept bind connect recvmsg sendmsg sendmsg_zc".split()


def operation_name(number: pl.Expr) -> pl.Expr:
    """Return the name of an operation, that of the system call which does the same; of newer ones the number.

    Examples
    --------
    >>> numbers = pl.DataFrame({"n": ["18", "36", "57", "999", None]})
    >>> numbers.select(operation_name(pl.col("n")))["n"].to_list()
    ['openat', 'unlinkat', 'listen', '999', None]
    """
    return number.replace({str(place): name for place, name in enumerate(_NAMES)})


def apart(rows: pl.DataFrame) -> pl.DataFrame:
    """Give each operation of io_uring a row of its own, behind that of the call in which it was done.

    The kernel tells of what is done at once together with the call (``io_uring_enter``) that asked for it,
    and of what it does later, in a thread of its own, by itself. The files of the event are those of the
    operations, one after the other as they count their items; its address is that of the last on a socket.

    Parameters
    ----------
    rows
        As `rtml.captures.sensors.auditd.mapping.events_of` takes them, with ``operations``.

    Returns
    -------
    Rows with ``ring``, whether an operation is meant, and ``place``: the number of the row that it was.
    """
    several = pl.col("operations").list.len().fill_null(0) > 0
    numbered = rows.with_row_index("place").with_columns(step=pl.lit(0, pl.Int64), ring=pl.lit(False))
    some = numbered.filter(several)
    if some.is_empty():
        return numbered.drop("operations", "step")
    # Only what the call itself says is left to it.
    called = some.filter(pl.col("syscall").is_not_null()).with_columns(_nothing(some, "paths", *_ADDRESS))
    parts = [part.drop("operations") for part in (numbered.filter(~several), called, _operations(some))]
    return pl.concat(parts, how="vertical_relaxed").sort("place", "step", maintain_order=True).drop("step")


def _nothing(rows: pl.DataFrame, *names: str) -> list[pl.Expr]:
    return [pl.lit(None, rows.schema[name]).alias(name) for name in names]


def _operations(rows: pl.DataFrame) -> pl.DataFrame:
    count, said = pl.col("operations").list.len(), pl.col("operations").struct
    unrolled = rows.with_columns(operations_in_all=count).explode("operations")
    unrolled = unrolled.with_columns(items=said.field("items").cast(pl.Int64, strict=False))
    # Of two that have counted as many, the one that names files has counted them.
    later = ~_name(pl.col("operations")).is_in(_ON_FILES)
    order = ("place", "items", later, said.field("uring_op"))
    unrolled = unrolled.sort(order, nulls_last=True, maintain_order=True).with_columns(
        _nothing(rows, *_CALLED),
        call=_name(pl.col("operations")),
        ring=pl.lit(True),
        success=said.field("success"),
        exit=said.field("exit"),
        step=pl.int_range(1, pl.len() + 1).over("place"),
        **{name: pl.coalesce(said.field(name), name) for name in _WHO},
    )
    return unrolled.with_columns(paths=_own_files(), **_own_address()).select(rows.columns)


def _name(operation: pl.Expr) -> pl.Expr:
    return operation_name(operation.struct.field("uring_op"))


def _own_files() -> pl.Expr:
    """Return the files from where the operation before left off; all where there is no other."""
    begun = pl.col("items").shift(1).over("place").fill_null(0)
    own = pl.col("paths").list.slice(begun, (pl.col("items") - begun).clip(0))
    return (
        pl.when((pl.col("operations_in_all") > 1) & pl.col("items").is_not_null())
        .then(own)
        .otherwise("paths")
    )


def _own_address() -> dict[str, pl.Expr]:
    on_socket = pl.when(pl.col("call").is_in(_ON_SOCKETS)).then("step").max().over("place")
    # Where no operation is known to be on a socket, there is one that has no name here.
    last = pl.col("step") == on_socket.fill_null(pl.col("operations_in_all"))
    return {name: pl.when(last).then(name) for name in _ADDRESS}
