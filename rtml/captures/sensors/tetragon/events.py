"""What an event of Tetragon says happened, in the columns of the event table."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.calls import request_of
from rtml.captures.sensors.containers import container_id, digest, plain_image
from rtml.captures.sensors.contract import CONTAINERS
from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.openings import writes
from rtml.captures.sensors.pods import workload
from rtml.captures.sensors.process_ids import pid_of, process_ids
from rtml.captures.sensors.records.format import BESIDE, LOSS, PROBLEM
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.values import domain_name, integer, named, user_id, with_said
from rtml.captures.sensors.results import result_of
from rtml.captures.sensors.tetragon.arguments import arguments
from rtml.captures.sensors.tetragon.calls import call_of, kind_of_hook
from rtml.captures.sensors.tetragon.processes import command_line, life

__all__ = ["containers_of", "events_of"]

_KINDS = {
    "process_exec": "exec",
    "process_exit": "exit",
    "process_loader": "mmap_exec",
    "process_connect": "connect",
    "process_accept": "accept",
    "process_listen": "listen",
    "process_dns": "dns",
}
_HOOKS = ("process_kprobe", "process_tracepoint", "process_lsm")
_LOSSES = ("rate_limit_info", "process_throttle")
_DIRECTIONS = {"connect": "outbound", "accept": "inbound", "dns": "outbound"}
_ABSENT = {
    **dict.fromkeys(("path", "path_to", "open_flags", "here", "there", "transport"), pl.String()),
    **dict.fromkeys(("mode", "here_port", "there_port", "target_pid"), pl.Int32()),
    "written": pl.Boolean(),
}
"""What arguments tell, where no event of a block has any."""


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe records; those that count losses, tests, and processes older than the sensor are beside."""
    placed = _placed(rows)
    lives = placed.with_columns(own=life("process", "began"), above=life("parent", "parent_began"))
    placed = placed.with_columns(
        process_id=process_ids(lives, "pid", "own"), parent_id=process_ids(lives, "ppid", "above")
    )
    return _described(placed).with_columns(_what_else().alias(BESIDE), _problem().alias(PROBLEM))


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Say when, where and by whom; what protojson leaves out is absent, or zero where it can only be that."""
    clean = with_said(rows)
    kind = pl.col("@type").str.to_lowercase()
    image = pl.coalesce("process.image", "process.image_id")
    return clean.with_columns(
        pl.when(kind.str.starts_with("process_") | kind.is_in(_LOSSES))
        .then(kind)
        .otherwise("@type")
        .alias("@type"),
        began=when(pl.col("process.start_time")),
        parent_began=when(pl.col("parent.start_time")),
        host=named(pl.col("node_name")).fill_null("unknown"),
        container_id=container_id(pl.coalesce("process.container", "process.docker")),
        container_name=named(pl.col("process.container_name")),
        image=plain_image(image),
        image_digest=digest(pl.coalesce("process.image_id", "process.image")),
        namespace=named(pl.col("process.namespace")),
        pod=named(pl.col("process.pod")),
        pid=pid_of(integer(pl.col("process.pid"))),
        ppid=pid_of(integer(pl.col("parent.pid"))),
        uid=user_id(pl.col("process.uid")),
        exe="process.binary",
        comm=pl.col("process.binary").str.extract(r"([^/]{1,15})[^/]*$"),
        cmdline=command_line(pl.col("process.binary"), pl.col("process.arguments")),
        cwd="process.cwd",
        count=integer(pl.col("aggregated")),
    ).with_columns(
        time=pl.coalesce(when(pl.col("time")), pl.when(pl.col("@type") == "process_exec").then("began")),
        workload=workload("namespace", "pod", "container_name", "image"),
    )


def _described(rows: pl.DataFrame) -> pl.DataFrame:
    """Say what happened: kind, request, result, and what the kind has."""
    hook = pl.col("@type").is_in(_HOOKS)
    call = call_of(pl.coalesce("function_name", "event"))
    plain = pl.col("@type").replace_strict(_KINDS, default="syscall", return_dtype=pl.String)
    told = rows.with_columns(call=pl.when(hook).then(call)).with_columns(
        kind=pl.when(hook).then(kind_of_hook(pl.col("call"))).otherwise(plain)
    )
    told = arguments(told)
    lacking = [pl.lit(None, kind).alias(name) for name, kind in _ABSENT.items() if name not in told.columns]
    returned = pl.coalesce(integer(pl.col("return.int_arg")), integer(pl.col("return.long_arg")))
    told = told.with_columns(lacking).with_columns(result=_result(returned))
    return told.with_columns(
        request=_request(),
        path=pl.coalesce("path", "object"),
        flags="open_flags",
        wrote=pl.when(pl.col("kind") == "open")
        .then(writes(pl.col("open_flags")))
        .when(pl.col("written"))
        .then(True),
        started=pl.lit(None, pl.Datetime("ns", "UTC")),
        exe_sha256=pl.col("ima_hash").str.extract(r"^sha256:([0-9a-fA-F]{64})$"),
        bytes_out=integer(pl.col("bytes_sent")),
        bytes_in=integer(pl.col("bytes_received")),
        domain=_domain(),
        answers="dns_ips",
        **_ends(),
    )


def _result(returned: pl.Expr) -> pl.Expr:
    """Return 0 for what Tetragon only reports when it was done, what a probe saw returned, else null."""
    done = pl.col("@type").is_in(["process_exec", "process_loader", "process_connect", "process_accept"])
    return pl.when(done).then(0).otherwise(result_of(returned)).cast(pl.Int32)


def _request() -> pl.Expr:
    """Name the call; of an exit its status, which protojson leaves out where it is 0, or its signal."""
    kind = pl.col("@type")
    hook = request_of(pl.coalesce("call", pl.lit("unknown")), pl.col("kind"))
    probe = pl.format("uprobe {}", pl.coalesce("symbol", pl.lit("unknown")))
    return (
        pl.when(kind == "process_exit")
        .then(pl.coalesce("signal", "status", pl.lit("0")))
        .when(kind.is_in(_HOOKS))
        .then(hook)
        .when(kind.is_in(["process_uprobe", "process_usdt"]))
        .then(probe)
        .when(kind == "process_close")
        .then(pl.lit("close"))
    )


def _domain() -> pl.Expr:
    names = pl.coalesce("dns_query", pl.col("dns_names").list.first())
    return domain_name(names)


def _ends() -> dict[str, pl.Expr]:
    """Return the ends of a connection: of an accepted one, and of a listener, the peer is the source."""
    near = pl.coalesce("here", address(pl.coalesce("source_ip", "ip")))
    near_port = pl.coalesce("here_port", port(pl.coalesce("source_port", "port")))
    far = pl.coalesce("there", address(pl.col("destination_ip")))
    far_port = pl.coalesce("there_port", port(pl.col("destination_port")))
    inbound = (pl.col("kind") == "accept") & (pl.col("@type") == "process_kprobe")
    return {
        "direction": pl.col("kind").replace_strict(_DIRECTIONS, default=None, return_dtype=pl.String),
        "protocol": pl.coalesce("transport", pl.col("protocol").str.to_lowercase()),
        "src_ip": pl.when(inbound).then(far).otherwise(near),
        "src_port": pl.when(inbound).then(far_port).otherwise(near_port),
        "dst_ip": pl.when(inbound).then(near).otherwise(far),
        "dst_port": pl.when(inbound).then(near_port).otherwise(far_port),
    }


def _what_else() -> pl.Expr:
    kind = pl.col("@type")
    older = (kind == "process_exec") & pl.col("process.flags").str.contains("procFS", literal=True)
    return (
        pl.when(kind.is_in(_LOSSES))
        .then(pl.lit(LOSS))
        .when(kind == "test")
        .then(pl.lit("a test of Tetragon"))
        .when(older.fill_null(False))
        .then(pl.lit("a process that ran before the sensor"))
    )


def _problem() -> pl.Expr:
    return (
        pl.when(pl.col("time").is_null())
        .then(pl.lit("no time of the years 1970 to 2199"))
        .when(pl.col("pid").is_null())
        .then(pl.lit("an event of no process"))
    )


def containers_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return when containers started."""
    known = rows.select(
        "container_id",
        "container_name",
        role=pl.lit(None, pl.String),
        started=when(pl.col("process.container_start")),
    )
    known = known.drop_nulls("container_id").unique("container_id", keep="first", maintain_order=True)
    return known.cast(CONTAINERS)
