"""ECS (JSON lines): events of auditbeat, Elastic's agents, and SysFlow's exporter.

Categories are a text or a list, pids numbers or texts, parents ``ppid`` or ``parent.pid``. What auditbeat
knows of the call counts more than categories do. Events of no process, file, network or query are beside.
Processes are told apart by their start, or by the name that Elastic Defend gives them, which has it to the
second; parents that are named so are lineage, also where they did nothing themselves.

Fails where one maker tells the start of a process and another, of the same process, never does.

References
----------
https://www.elastic.co/guide/en/ecs/current/
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from rtml.captures.sensors.calls import kind_of, request_of
from rtml.captures.sensors.containers import container_id, digest, image_name, plain_image
from rtml.captures.sensors.contract import Lines, Reading, Sensor
from rtml.captures.sensors.declared import before_their_exec
from rtml.captures.sensors.ecs.fields import GENERATIONS
from rtml.captures.sensors.ecs.kinds import ACTIONS, kind_by_words
from rtml.captures.sensors.ecs.processes import forked, processes_of, with_processes
from rtml.captures.sensors.endpoints import address, port
from rtml.captures.sensors.pods import workload
from rtml.captures.sensors.records import BESIDE, PROBLEM, Format, read_records
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.seldom import of_some
from rtml.captures.sensors.records.values import domain_name, integer, named, said, user_id, with_said
from rtml.captures.sensors.results import result_of, result_of_name, result_of_query
from rtml.captures.sensors.signature import has_keys
from rtml.captures.stand_ins import stand_in

__all__ = ["ECS", "SENSOR", "read"]

_FILES = ("exec", "open", "create", "unlink", "rename", "link", "chmod", "mount", "syscall")
_ENDS = ("connect", "accept", "bind", "dns", "syscall")
_NO_EVENTS = ("metric", "state", "pipeline_error", "asset", "enrichment")


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe documents in the columns of the event table."""
    clean = with_processes(_in_pods(_placed(with_said(rows))))
    call = pl.col("auditd/data/syscall")
    told = clean.with_columns(
        pl.col("action").list.join(" ").alias(ACTIONS),
        kind=kind_of(call),
        words=pl.col("process/args").list.join(" "),
    )
    told = of_some(told, pl.col("kind").is_null(), {"by_words": kind_by_words()})
    told = told.with_columns(kind=pl.coalesce("kind", "by_words")).with_columns(**forked())
    told = told.with_columns(
        result=_result(),
        request=request_of(pl.coalesce(call, pl.col("action").list.first()), pl.col("kind")),
        cmdline=_command(),
        wrote=pl.when(pl.col("kind") == "create")
        .then(True)
        .when((pl.col("kind") == "open") & call.is_null())
        .then(pl.col(ACTIONS).str.contains("write|modif|overwrite")),
        **_files(),
        **_network(),
    )
    return told.with_columns(_what_else().alias(BESIDE), _problem().alias(PROBLEM))


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Say when, where and by whom."""
    return rows.with_columns(
        time=pl.coalesce(
            when(pl.col("@timestamp")), when(pl.col("event/created")), when(pl.col("event/start"))
        ),
        category=pl.col("event/category"),
        type=pl.col("event/type"),
        action=pl.col("event/action"),
        host=pl.coalesce(
            *("host/hostname", "host/name", "host.name", "agent/hostname", "agent/name", "beat/hostname"),
            pl.lit("unknown"),
        ),
        container_id=container_id(pl.coalesce("container/id", "container.id")),
        container_name=named(pl.col("container/name")),
        image=image_name(
            plain_image(named(pl.coalesce("container/image/name", "container/image.name"))),
            named(pl.coalesce("container/image/tag", "container/image.tag").list.first()),
        ),
        image_digest=digest(pl.col("container/image/name")),
        namespace=named(pl.coalesce("kubernetes/namespace", "namespace.name", "orchestrator/namespace")),
        pod=named(
            pl.coalesce(
                *("kubernetes/pod/name", "pod.name", "orchestrator/resource/name"),
                "orchestrator/resource.name",
            )
        ),
        exe=pl.coalesce("process/executable", "process/exe"),
        comm="process/name",
        cwd=pl.coalesce("process/working_directory", "process/cwd"),
        uid=user_id(pl.coalesce("user/id", "user/uid", "process/user/id")),
        euid=user_id(pl.coalesce("user/effective/id", "user/euid")),
        tty=pl.col("auditd/data/tty").replace("(none)", None),
        exe_sha256="process/hash/sha256",
        domain=domain_name(pl.col("dns/question/name")),
        query_type="dns/question/type",
        answers="dns/resolved_ip",
    ).with_columns(workload=workload("namespace", "pod", "container_name", "image"))


def _in_pods(rows: pl.DataFrame) -> pl.DataFrame:
    """Let names stand in the place of the id of a container of which only its pod is told."""
    of_pod = pl.coalesce("kubernetes/pod/name", "pod.name").is_not_null()
    alone = of_some(rows, pl.col("container_id").is_null() & of_pod, {"_stand_in": stand_in()})
    return alone.with_columns(container_id=pl.coalesce("container_id", "_stand_in")).drop("_stand_in")


def _result() -> pl.Expr:
    given = pl.coalesce("event/sf_ret", "auditd/data/exit")
    outcome = pl.coalesce("event/outcome", "auditd/result")
    return pl.coalesce(
        result_of(integer(given)),
        result_of_name(given),
        result_of_query(pl.col("dns/response_code")),
        pl.when(outcome == "success").then(0).when(outcome.is_in(["failure", "fail"])).then(-1),
    ).cast(pl.Int32)


def _command() -> pl.Expr:
    """Return the command; SysFlow's one word of arguments is what stands behind the program."""
    words = pl.when(pl.col("process/args").list.len() > 1).then("words")
    return said(pl.coalesce("process/command_line", words, "process/title", "words"))


def _files() -> dict[str, pl.Expr]:
    kind, old = pl.col("kind"), pl.col("file/Ext/original/path")
    two = kind.is_in(["rename", "link"])
    return {
        "path": pl.when(two).then(pl.coalesce(old, "file/path")).when(kind.is_in(_FILES)).then("file/path"),
        "path_to": pl.when(two).then(
            pl.coalesce("file/target_path", pl.when(old.is_not_null()).then("file/path"))
        ),
    }


def _network() -> dict[str, pl.Expr]:
    kind, family = pl.col("kind"), pl.col("auditd/data/socket/family")
    on = kind.is_in(_ENDS)
    ip, number = address(pl.col("auditd/data/socket/addr")), port(pl.col("auditd/data/socket/port"))
    here, there = kind.is_in(["accept", "bind"]), kind == "connect"
    unix = family.is_in(["unix", "local"])
    return {
        "direction": kind.replace_strict(
            {"connect": "outbound", "accept": "inbound"}, default=None, return_dtype=pl.String
        ),
        "protocol": pl.when(on & unix).then(pl.lit("unix")).when(on).then("network/transport"),
        "src_ip": pl.when(on).then(pl.coalesce(address(pl.col("source/ip")), pl.when(here).then(ip))),
        "src_port": pl.when(on).then(pl.coalesce(port(pl.col("source/port")), pl.when(here).then(number))),
        "dst_ip": pl.when(on).then(pl.coalesce(address(pl.col("destination/ip")), pl.when(there).then(ip))),
        "dst_port": pl.when(on).then(
            pl.coalesce(port(pl.col("destination/port")), pl.when(there).then(number))
        ),
        "socket_path": pl.when(on).then("auditd/data/socket/path"),
        "bytes_out": integer(pl.col("source/bytes")),
        "bytes_in": integer(pl.col("destination/bytes")),
    }


def _what_else() -> pl.Expr:
    sort = pl.coalesce(pl.col("category").list.first(), "event/module", pl.lit("none")).str.slice(0, 40)
    other = pl.col("event/kind").is_in(_NO_EVENTS).fill_null(False) | pl.col("kind").is_null()
    return pl.when(other).then(pl.format("a document of category {}, no runtime event", sort))


def _problem() -> pl.Expr:
    return (
        pl.when(pl.col("time").is_null())
        .then(pl.lit("no time of the years 1970 to 2199"))
        .when(pl.col("pid").is_null() & ~pl.col("kind").is_in(["connect", "accept", "dns"]))
        .then(pl.lit("an event of no process"))
    )


def _is_event(value: Any) -> bool:
    """Tell an event from what Filebeat puts round a line: both have ``event`` and ``message``."""
    event = value.get("event") if isinstance(value, dict) else None
    return isinstance(event, dict) and bool(event.get("category"))


ECS = Format(
    name="ecs",
    what="events in the Elastic Common Schema (JSON lines)",
    generations=GENERATIONS,
    claims=pl.col("event/category").is_not_null()
    & pl.any_horizontal(
        pl.col(
            "process/pid", "process/executable", "source/ip", "destination/ip", "dns/question/name"
        ).is_not_null()
        | pl.col("event/kind").is_not_null()
        | pl.col("event/module").is_not_null()
    ),
    events=events_of,
    processes=processes_of,
    own=_is_event,
)


def read(path: Path) -> Reading:
    """Read one file of ECS documents."""
    return read_records(path, ECS)


def _signature(head: bytes) -> bool:
    nested = has_keys(head, "event", "category", "process") or has_keys(
        head, "event", "category", "source", "destination"
    )
    return nested or has_keys(head, "event.category", "process.pid")


SENSOR = Sensor(
    name="ecs",
    read=read,
    blind=frozenset({"audit", "write", "mmap_exec"}),
    signature=_signature,
    together=before_their_exec,
    lines=Lines(),
)
