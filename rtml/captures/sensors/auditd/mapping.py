"""What an event of the audit log says happened, in the columns of the event table: raw and of laurel."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.auditd.files import files, low_word
from rtml.captures.sensors.auditd.filters import kind_by_filter, result_by_filter
from rtml.captures.sensors.auditd.labels import container_by_label
from rtml.captures.sensors.auditd.syscalls import call_name
from rtml.captures.sensors.calls import kind_of, request_of
from rtml.captures.sensors.containers import container_id
from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.process_ids import pid_of
from rtml.captures.sensors.ptrace import PTRACE
from rtml.captures.sensors.records.format import BESIDE, PROBLEM
from rtml.captures.sensors.records.values import integer, named, said, user_id, with_said
from rtml.captures.sensors.results import result_of

__all__ = ["AUXILIARY", "BLIND", "events_of", "host_name"]

AUXILIARY = (
    "PATH CWD EXECVE SOCKADDR SOCKETCALL PROCTITLE EOE BPRM_FCAPS CAPSET OBJ_PID OPENAT2 IPC IPC_SET_PERM"
    " MMAP FD_PAIR KERN_MODULE TIME_INJOFFSET TIME_ADJNTPVAL MQ_OPEN MQ_SENDRECV MQ_NOTIFY MQ_GETSETATTR"
).split()
"""Records that only say more of a SYSCALL record."""

BLIND = frozenset({"audit", "dns", "write", "mmap_exec"})
"""Kinds that the audit log never has: calls that write are too many, queries are in their payload."""

_CLONE_THREAD = 0x10000
_WHOLE_TITLE = 127
_OUT = ("connect", "sendto", "sendmsg", "sendmmsg", "sendmsg_zc")
_IN = ("accept", "accept4", "recvfrom", "recvmsg", "recvmmsg")


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe events that are put together, one per row; those without a call are beside or refused.

    Parameters
    ----------
    rows
        ``time`` and ``node``; ``types``: of their records; ``arch, syscall, success, exit, a0 … a3, ppid,
        pid, uid, euid, tty, comm, exe`` as SYSCALL says them and ``call``, its name where a log is enriched;
        ``subj``: the label of the process; ``filtered``: a filter of calls tells, with its ``code``;
        ``argv`` of EXECVE, ``paths`` (`groups.PATHS`), ``cwd``, ``title``; ``family, address, port, socket``;
        ``opid`` of OBJ_PID, ``oflag`` and ``omode`` of OPENAT2; ``container``. ``ring``: ``call`` is an
        operation of io_uring (`rings.apart`), which may be one of a name that no system call has.

    Notes
    -----
    The child of a fork is known by the number that the call returned, which inside a container is the
    container's: it counts where a process of that number and parent is among the rows.
    """
    clean = with_said(rows)
    told = _placed(clean.with_columns(call=_call()))
    told = told.with_columns(**files()).with_columns(**_network())
    return _cut(told.with_columns(target_pid=_target(told))).with_columns(
        _what_else().alias(BESIDE), _problem().alias(PROBLEM)
    )


def host_name(node: pl.Expr) -> pl.Expr:
    """Return the host of what a node wrote; one that nobody names is ``unknown``."""
    return node.fill_null("unknown")


def _call() -> pl.Expr:
    """Return the name of the call; its number where the architecture is not known."""
    number = pl.when(pl.col("syscall").str.contains(r"^\d+$")).then("syscall")
    return pl.coalesce("call", call_name(pl.col("arch"), number), "syscall")


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Say when, where, by whom and what."""
    thread = (pl.col("call") == "clone") & (low_word("a0") & _CLONE_THREAD != 0)
    ended = pl.col("call") == "exit"
    placed = rows.with_columns(
        host=host_name(pl.col("node")),
        container_id=pl.coalesce(
            container_id(pl.col("container")), container_by_label(pl.col("subj"), host_name(pl.col("node")))
        ),
        pid=pid_of(integer(pl.col("pid"))),
        ppid=pid_of(integer(pl.col("ppid"))),
        uid=user_id(pl.col("uid")),
        euid=user_id(pl.col("euid")),
        tty=named(pl.col("tty").replace("(none)", None)),
        exe_memory=pl.when(pl.col("exe").str.starts_with("/memfd:")).then(True),
        result=result_of(integer(pl.col("exit"))),
        kind=kind_by_filter(
            pl.when((thread | ended).fill_null(False))
            .then(pl.lit("syscall"))
            .otherwise(kind_of(pl.col("call")))
        ),
    )
    asked = low_word("a0").replace_strict(PTRACE, default=None, return_dtype=pl.String)
    return placed.with_columns(
        result=pl.coalesce("result", pl.when(pl.col("success") == "yes").then(0), result_by_filter()).cast(
            pl.Int32
        ),
        request=pl.coalesce(
            pl.when("ring").then(pl.format("io_uring {}", "call")),
            pl.when(pl.col("kind") == "ptrace").then(asked),
            request_of(pl.col("call"), pl.col("kind")),
        ),
        cmdline=_command(),
    )


def _command() -> pl.Expr:
    """Return the words of a new program; of others what they show, if that is not cut."""
    words = pl.when((pl.col("kind") == "exec") & (pl.col("result") == 0)).then(
        said(pl.col("argv").list.join(" "))
    )
    title = pl.col("title").str.strip_chars_end("\0").str.replace_all("\0", " ", literal=True)
    whole = pl.when(pl.col("title").str.len_bytes() < _WHOLE_TITLE).then(title)
    return pl.coalesce(words, said(whole))


def _network() -> dict[str, pl.Expr]:
    out, into = pl.col("call").is_in(_OUT), pl.col("call").is_in(_IN)
    ip, number = address(pl.col("address")), port(pl.col("port"))
    here = into | (pl.col("call") == "bind")
    return {
        "direction": pl.when(out).then(pl.lit("outbound")).when(into).then(pl.lit("inbound")),
        "protocol": pl.when(pl.col("family") == "local").then(pl.lit("unix")),
        "src_ip": pl.when(here).then(ip),
        "src_port": pl.when(here).then(number),
        "dst_ip": pl.when(~here).then(ip),
        "dst_port": pl.when(~here).then(number),
        "socket_path": pl.col("socket"),
    }


def _target(rows: pl.DataFrame) -> pl.Series:
    """Return whom a call was about: the process that a signal met, or the child of a fork."""
    asked = rows.select(
        host="host",
        ppid="pid",
        pid=pl.when((pl.col("kind") == "fork") & (pl.col("result") == 0)).then(
            pid_of(integer(pl.col("exit")))
        ),
        other=pid_of(integer(pl.col("opid"))),
    )
    seen = rows.select("host", "ppid", "pid").drop_nulls().unique().with_columns(child=pl.lit(True))
    known = asked.join(seen, on=["host", "ppid", "pid"], how="left", maintain_order="left")
    return known.select(pl.coalesce("other", pl.when("child").then("pid")))["other"]


def _cut(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out columns of the log that mean something else in the event table."""
    return rows.with_columns(flags="open_flags").drop("address", "port", "open_flags")


def _what_else() -> pl.Expr:
    """Say what an event is that is about no call: a message of a program, of auditd, of another module."""
    kinds = pl.col("types").list.eval(pl.element().filter(~pl.element().is_in(AUXILIARY)))
    alone = pl.col("syscall").is_null() & (kinds.list.len() > 0) & ~_has_call()
    return pl.when(alone & ~pl.col("ring")).then(
        pl.format("a message of type {}", kinds.list.first().str.slice(0, 40))
    )


def _has_call() -> pl.Expr:
    return pl.col("types").list.contains("SYSCALL") | pl.col("types").list.contains("SECCOMP")


def _problem() -> pl.Expr:
    return (
        pl.when(pl.col("time").is_null())
        .then(pl.lit("no time of the years 1970 to 2199"))
        .when(~_has_call() & ~pl.col("ring"))
        .then(pl.lit("records of a call whose SYSCALL record is not there"))
        .when(pl.col("call").is_null())
        .then(
            pl.format(
                "a {} record without a call",
                pl.when("ring").then(pl.lit("URINGOP")).otherwise(pl.lit("SYSCALL")),
            )
        )
        .when(pl.col("pid").is_null())
        .then(pl.lit("an event of no process"))
    )
