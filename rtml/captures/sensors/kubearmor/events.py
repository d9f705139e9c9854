"""What a log or an alert of KubeArmor says happened, in the columns of the event table."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.calls import request_of
from rtml.captures.sensors.containers import container_id, digest, plain_image
from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.kubearmor.calls import call_in_resource, call_of, kind_of_log
from rtml.captures.sensors.kubearmor.fields import LOST, asked, word
from rtml.captures.sensors.openings import flag_names, writes
from rtml.captures.sensors.pods import workload
from rtml.captures.sensors.process_ids import pid_of
from rtml.captures.sensors.records.format import BESIDE, LOSS, PROBLEM
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.seldom import of_some
from rtml.captures.sensors.records.values import domain_name, integer, named, said, small, user_id, with_said
from rtml.captures.sensors.results import result_of, result_of_message

__all__ = ["events_of"]

_DIRECTIONS = {"connect": "outbound", "accept": "inbound", "dns": "outbound"}
_OPENED = ("open", "create")
_DNS_PORT = 53
_TOLD = ("domain", "flags", "target", "request", "userid", "pid", "daddr", "qtype")
_NEAR = ("accept", "bind", "listen")


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe logs; those by which KubeArmor says that it leaves events out count as losses."""
    placed = _placed(rows)
    happened = _with_told(placed).with_columns(
        kind=kind_of_log(pl.col("call"), pl.col("Operation"), pl.col("told.domain")), result=_result()
    )
    told = happened.with_columns(done=pl.col("result").fill_null(0) == 0)
    told = of_some(told.with_columns(*_who(), *_files()), _on_network(), _network())
    lost = pl.col("Operation").is_in(LOST)
    nobody = pl.col("pid").is_null() & ~lost
    return told.with_columns(
        pl.when(lost).then(pl.lit(LOSS)).alias(BESIDE),
        pl.when(pl.col("time").is_null())
        .then(pl.lit("no time of the years 1970 to 2199"))
        .when(nobody)
        .then(pl.lit("an event of no process"))
        .alias(PROBLEM),
    )


def _with_told(rows: pl.DataFrame) -> pl.DataFrame:
    """Add what is told of calls; many logs tell the same, so each text is taken apart once."""
    told = pl.col("told")
    parts = {f"told.{name}": asked(told, name) for name in _TOLD}
    distinct = rows.select("told").drop_nulls().unique().with_columns(call=call_of(told), **parts)
    distinct = distinct.with_columns(flags=flag_names(pl.col("told.flags")))
    whole = rows.join(distinct, on="told", how="left", maintain_order="left")
    by_resource = call_in_resource(pl.col("Resource"), pl.col("Operation"))
    old = pl.col("call").is_null() & by_resource.is_not_null()
    return whole.with_columns(
        call=pl.coalesce("call", by_resource),
        # There it stands in the place of a file, and the ends of a connection may stand among the data.
        Resource=pl.when(~old).then("Resource").when(pl.col("Operation") == "Network").then(_ends()),
    )


def _ends() -> pl.Expr:
    parts = pl.concat_str("Resource", "told", separator=" ", ignore_nulls=True)
    return said(parts.str.replace(r"^\S+ ?", ""))


def _result() -> pl.Expr:
    """Return what the log says of the end: of an error that KubeArmor has no words for, its number."""
    text = pl.col("Result")
    number = result_of(integer(text.str.extract(r"^Unknown \((-\d+)\)$")))
    return pl.when(text == "Passed").then(0).otherwise(pl.coalesce(result_of_message(text), number))


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Say when and where; what is told of the call stands in a text, or in its parts alone."""
    clean = with_said(rows)
    parts = [
        (name.lower() + "=" + pl.col(f"details.{name}"))
        for name in ("Syscall", "Lsm", "Kprobe", "Flags", "Domain")
    ]
    owner = ("owner.namespace", "owner.name", "container_name")
    return clean.with_columns(
        time=pl.coalesce(when(pl.col("UpdatedTime")), when(pl.col("Timestamp"))),
        told=pl.coalesce("Data", said(pl.concat_str(parts, separator=" ", ignore_nulls=True))),
        host=pl.col("HostName").fill_null("unknown"),
        cluster="ClusterName",
        container_id=container_id(pl.col("ContainerID")),
        container_name=named(pl.col("ContainerName")),
        image=plain_image(named(pl.col("ContainerImage"))),
        image_digest=digest(pl.col("ContainerImage")),
        namespace=named(pl.col("NamespaceName")),
        pod=named(pl.col("PodName")),
        pid=_pid("HostPID"),
        ppid=pl.coalesce(_pid("HostPPID"), pl.when(pl.col("PID") == pl.col("HostPID")).then(_pid("PPID"))),
        uid=user_id(pl.col("UID")),
        cwd=pl.when(pl.col("Cwd").str.contains(r"^/+$"))
        .then(pl.lit("/"))
        .otherwise(pl.col("Cwd").str.strip_suffix("/")),
        tty="TTY",
    ).with_columns(
        workload=pl.coalesce(
            pl.concat_str(owner, separator="/"), workload("namespace", "pod", "container_name", "image")
        )
    )


def _pid(column: str) -> pl.Expr:
    number = pid_of(integer(pl.col(column)))
    return pl.when(number > 0).then(number)


def _who() -> list[pl.Expr]:
    """Say the program and its command: of an exec what is started, if it was, else who tried.

    Who called may be a name without a path, that of its thread.
    """
    executed = pl.col("kind") == "exec"
    started = executed & pl.col("done")
    begun = pl.coalesce("ProcessName", word(pl.col("Resource")))
    tried = pl.coalesce("ParentProcessName", word(pl.col("Source")))
    program = (
        pl.when(started)
        .then(begun)
        .when(executed)
        .then(tried)
        .otherwise(pl.coalesce("ProcessName", word(pl.col("Source"))))
    )
    asked_for = pl.when(pl.col("kind") == "ptrace").then("told.request")
    return [
        pl.when(started | program.str.contains("/", literal=True)).then(program).alias("exe"),
        program.str.extract(r"([^/]{1,15})[^/]*$").alias("comm"),
        pl.when(executed).then("Resource").otherwise("Source").alias("cmdline"),
        pl.coalesce(
            asked_for, request_of(pl.coalesce("call", pl.col("Operation").str.to_lowercase()), pl.col("kind"))
        ).alias("request"),
        pl.when(pl.col("call").str.contains("uid")).then(small(pl.col("told.userid"))).alias("euid"),
        pl.when((pl.col("kind") == "ptrace") & (pl.col("PID") == pl.col("HostPID")))
        .then(pid_of(integer(pl.col("told.pid"))))
        .alias("target_pid"),
    ]


def _files() -> list[pl.Expr]:
    kind, flags = pl.col("kind"), pl.col("flags")
    opened = kind.is_in(_OPENED)
    file = (pl.col("Operation") == "File") | pl.col("Resource").str.starts_with("/")
    path = (
        pl.when((kind == "exec") & ~pl.col("done"))
        .then(pl.coalesce("ProcessName", word(pl.col("Resource"))))
        .when(kind == "mount")
        .then("told.target")
        .when((kind != "exec") & file)
        .then("Resource")
    )
    written = pl.coalesce(writes(flags), pl.when(kind == "create").then(True))
    return [path.alias("path"), pl.when(opened).then(written & pl.col("done")).alias("wrote")]


def _on_network() -> pl.Expr:
    ours = (pl.col("Operation") == "Network") | pl.col("Resource").str.contains("sun_path=", literal=True)
    return ours | pl.col("kind").is_in([*_NEAR, *_DIRECTIONS])


def _network() -> dict[str, pl.Expr]:
    """Return the peer, which of an accepted connection is its source, as what is bound is one."""
    kind, resource = pl.col("kind"), pl.col("Resource")
    ip = pl.coalesce(*(asked(resource, name) for name in ("sin_addr", "sin6_addr", "remoteip")), "told.daddr")
    number = pl.coalesce(
        *(port(asked(resource, name)) for name in ("sin_port", "sin6_port", "port")),
        pl.when(kind == "dns").then(_DNS_PORT),
    )
    near, ours = kind.is_in(_NEAR), pl.col("Operation") == "Network"
    # Of a connection that the kernel accepted, KubeArmor tells the peer's address and the port it came to.
    came = (pl.col("call") == "tcp_accept").fill_null(False)
    unix = asked(resource, "sun_path")
    named = asked(resource, "protocol").str.to_lowercase().str.extract(r"^(tcp|udp|icmp|icmpv6|raw)$")
    protocol = pl.coalesce(
        said(named),
        pl.when(kind == "dns").then(pl.lit("udp")),
        pl.when(pl.col("call").str.starts_with("tcp_")).then(pl.lit("tcp")),
    )
    return {
        "src_ip": pl.when(near).then(address(ip)),
        "src_port": pl.when(near & ~came).then(number),
        "dst_ip": pl.when(~near & ours).then(address(ip)),
        "dst_port": pl.when((~near & ours) | came).then(number).cast(pl.Int32),
        "socket_path": unix,
        "protocol": pl.when(unix.is_not_null()).then(pl.lit("unix")).when(ours).then(protocol),
        "direction": kind.replace_strict(_DIRECTIONS, default=None, return_dtype=pl.String),
        "domain": pl.when(kind == "dns").then(_domain()),
        "query_type": pl.when(kind == "dns").then("told.qtype"),
    }


def _domain() -> pl.Expr:
    return domain_name(pl.coalesce("told.domain", word(pl.col("Resource"))))
