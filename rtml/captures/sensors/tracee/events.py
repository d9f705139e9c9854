"""What an event of Tracee says happened, in the columns of the event table."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.calls import request_of
from rtml.captures.sensors.containers import container_id, digest, plain_image
from rtml.captures.sensors.contract import CONTAINERS
from rtml.captures.sensors.openings import flag_names, writes
from rtml.captures.sensors.pods import workload
from rtml.captures.sensors.process_ids import pid_of
from rtml.captures.sensors.records.format import PROBLEM
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.values import integer, named, said, small, truth, user_id, with_said
from rtml.captures.sensors.results import result_of
from rtml.captures.sensors.tracee.arguments import arguments
from rtml.captures.sensors.tracee.calls import kind_of_probe, returns
from rtml.captures.sensors.tracee.fields import GENERATIONS, NEW
from rtml.captures.sensors.tracee.network import with_names, with_network
from rtml.captures.sensors.tracee.processes import identified
from rtml.schema import INFRASTRUCTURE

__all__ = ["containers_of", "events_of"]

_WALL = 10**18
"""Nanoseconds since 1970 of our time; smaller numbers are nanoseconds since the machine's start."""
_SECONDS = 10**9
"""The same with a fraction, which old versions write, in seconds."""
_NEWEST = GENERATIONS.index(NEW)
_TWO = ("rename", "link")
_OPENED = ("open", "create")
_TARGETED = ("kill", "ptrace", "vm_write")


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe events; one whose time is not of a calendar is refused."""
    placed = identified(_placed(_clean(rows)))
    told = placed.hstack(arguments(placed))
    told = told.with_columns(
        returned=pl.coalesce(integer(pl.col("mark")), integer(pl.col("arg.returnValue")))
    )
    told = told.with_columns(kind=kind_of_probe(pl.col("call")), result=_result()).with_columns(kind=_kind())
    told = told.with_columns(flags=_flags(), done=pl.col("result").fill_null(0) == 0)
    told = with_names(with_network(told.with_columns(_described())))
    told = told.with_columns(result=pl.coalesce("result", "answered"))
    in_memory = pl.col("exe").str.starts_with("memfd:")
    told = told.with_columns(exe_memory=pl.when(pl.col("kind") == "exec").then(in_memory))
    return told.with_columns(
        pl.when(pl.col("time").is_null()).then(pl.lit("no time of the years 1970 to 2199")).alias(PROBLEM)
    )


def _clean(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows whose texts say something; the number of an event in the newest form is no result."""
    clean = with_said(rows)
    return clean.with_columns(mark=pl.when(pl.col("generation") != _NEWEST).then("mark"))


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Say when, where and by whom."""
    image = pl.coalesce("image_name", "flat.image")
    main = pl.col("host_tid").is_null() | (pl.col("host_tid") == pl.col("host_pid"))
    return rows.with_columns(
        time=_clock("at"),
        host=pl.col("hostName").fill_null("unknown"),
        container_id=container_id(pl.coalesce("id", "flat.id")),
        container_name=named(pl.coalesce("name", "flat.name")),
        image=plain_image(image),
        image_digest=digest(
            pl.coalesce("digest", "flat.digest", pl.col("digests").list.first(), "image_id", image)
        ),
        pod=named(pl.coalesce("pod_name", "flat.pod")),
        namespace=named(pl.coalesce("pod_namespace", "flat.namespace")),
        pid=_pid("host_pid"),
        ppid=pl.coalesce(
            _pid("host_ppid"), pid_of(integer(pl.col("ancestors").list.first().struct.field("host_pid")))
        ),
        tid=integer(pl.col("host_tid")),
        uid=user_id(pl.col("user")),
        comm="process_name",
        started=pl.when(main).then(_clock("started_at")),
    ).with_columns(workload=workload("namespace", "pod", "container_name", "image"))


def _clock(column: str) -> pl.Expr:
    """Return times of a calendar; of the machine's start nothing is known, so times since then are null."""
    text = pl.col(column)
    number = text.cast(pl.Float64, strict=False)
    seconds = text.str.contains(".", literal=True) & (number >= _SECONDS)
    return when(pl.when(number.is_null() | (number >= _WALL) | seconds).then(text))


def _pid(column: str) -> pl.Expr:
    """Return pids; 0 is who could not be told."""
    number = pid_of(integer(pl.col(column)))
    return pl.when(number > 0).then(number)


def _result() -> pl.Expr:
    """Return 0 or -errno of calls; 0 of an exec that the scheduler reports; null of hooks and detections."""
    of_call = returns(pl.col("call")) & pl.col("detection").is_null()
    return (
        pl.when(pl.col("call") == "sched_process_exec")
        .then(pl.lit(0, pl.Int32))
        .when(of_call & ~pl.col("call").str.starts_with("exit"))
        .then(result_of(pl.col("returned")))
    )


def _kind() -> pl.Expr:
    """Call births and ends of mere threads, the child's return from clone, and other mappings ``syscall``."""
    kind, call = pl.col("kind"), pl.col("call")
    thread_born = (kind == "fork") & (
        pl.col("arg.flags").str.contains("CLONE_THREAD", literal=True)
        | (pl.col("arg.child_tid") != pl.col("arg.child_pid"))
    )
    child = (kind == "fork") & (call != "sched_process_fork") & (pl.col("returned") == 0)
    whole = (call == "exit_group") | truth(pl.col("arg.process_group_exit")).fill_null(False)
    thread_ended = (kind == "exit") & (pl.col("tid") != pl.col("pid")) & ~whole
    data = (call == "security_mmap_file") & ~pl.col("arg.prot").str.contains("EXEC", literal=True)
    detection = pl.col("detection").is_not_null()
    other = pl.any_horizontal(x.fill_null(False) for x in (thread_born, child, thread_ended, data, detection))
    return pl.when(other).then(pl.lit("syscall")).otherwise(kind)


def _flags() -> pl.Expr:
    opened = pl.col("kind").is_in(_OPENED)
    words = pl.when(pl.col("kind").is_in(["fork", "unshare", "mount"])).then("arg.flags")
    spaces = pl.when(pl.col("kind") == "setns").then(pl.coalesce("arg.nstype", "arg.flags"))
    return pl.when(opened).then(flag_names(pl.col("arg.flags"))).otherwise(pl.coalesce(words, spaces))


def _described() -> list[pl.Expr]:
    """Say program, command, paths, mode, target and request."""
    kind, call = pl.col("kind"), pl.col("call")
    started = (kind == "exec") & pl.col("done")
    asked = pl.when(kind == "ptrace").then("arg.request")
    made = pl.col("flags").str.contains("O_CREAT|O_TMPFILE") | kind.is_in(["chmod", "create"])
    opened = kind.is_in(_OPENED)
    written = pl.coalesce(writes(pl.col("flags")), pl.when(kind == "create").then(True))
    program = pl.coalesce("arg.pathname", "arg.cmdpath")
    return [
        pl.when(started).then(pl.coalesce(program, "program")).otherwise("program").alias("exe"),
        pl.when(kind == "exec")
        .then(pl.col("arg.argv").list.drop_nulls().list.join(" "))
        .pipe(said)
        .alias("cmdline"),
        pl.when(started).then(None).otherwise(_path()).alias("path"),
        pl.when(kind.is_in(_TWO)).then(_other_path()).alias("path_to"),
        pl.when(made).then(small(pl.col("arg.mode"))).alias("mode"),
        pl.when(opened).then(written & pl.col("done")).when(kind == "write").then("done").alias("wrote"),
        _target().alias("target_pid"),
        pl.when(started).then("arg.sha256").alias("exe_sha256"),
        pl.when(call.str.contains("uid"))
        .then(small(pl.coalesce("arg.euid", "arg.uid", "arg.fsuid")))
        .alias("euid"),
        pl.coalesce(asked, request_of(call, kind), pl.when(kind == "exit").then("arg.exit_code")).alias(
            "request"
        ),
    ]


def _path() -> pl.Expr:
    kind = pl.col("kind")
    first = pl.coalesce("arg.old_path", "arg.oldpath", "arg.oldname")
    open_file = pl.col("arg.fd").str.extract(r"^\d+=(/.*)$")
    link = pl.when(pl.col("call").str.starts_with("symlink") | (pl.col("call") == "security_inode_symlink"))
    return (
        pl.when(kind == "memfd")
        .then("memfd:" + pl.col("arg.name").fill_null(""))
        .when(kind == "module_load")
        .then(pl.coalesce("arg.pathname", "arg.path", "arg.name"))
        .when(kind == "mount")
        .then(pl.coalesce("arg.target", "arg.path", "arg.dir_name", "arg.pathname"))
        .when(kind.is_in(_TWO))
        .then(pl.coalesce(first, link.then(pl.coalesce("arg.target", "arg.pathname")), "arg.pathname"))
        .when(kind != "dns")
        .then(pl.coalesce("arg.pathname", "arg.file_path", "arg.path", open_file))
    )


def _other_path() -> pl.Expr:
    return pl.coalesce(
        *(f"arg.{name}" for name in ("new_path", "newpath", "newname", "linkpath", "linkname"))
    )


def _target() -> pl.Expr:
    """Return whom a call was about: numbers that calls use are those of the host only outside containers."""
    kind, same = pl.col("kind"), pl.col("own_pid") == pl.col("host_pid")
    child = pl.when(kind == "fork").then(
        pl.coalesce(
            pid_of(integer(pl.col("arg.child_pid"))),
            pl.when(same & (pl.col("returned") > 0)).then(pid_of(pl.col("returned"))),
        )
    )
    other = pid_of(integer(pl.coalesce("arg.tgid", "arg.pid")))
    return pl.coalesce(child, pl.when(kind.is_in(_TARGETED) & same).then(other))


def containers_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the containers; those that only hold a pod's namespaces are infrastructure."""
    sandbox = truth(pl.coalesce("sandbox", "flat.sandbox")).fill_null(False)
    known = rows.select(
        "container_id",
        "container_name",
        role=pl.when(sandbox).then(pl.lit(INFRASTRUCTURE)),
        started=pl.lit(None, pl.Datetime("ns", "UTC")),
    )
    known = known.drop_nulls("container_id").unique("container_id", keep="first", maintain_order=True)
    return known.cast(CONTAINERS)
