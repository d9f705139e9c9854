"""What an alert of Falco says happened: one event each, of the call that it is about."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.calls import kind_of, request_of
from rtml.captures.sensors.containers import container_id, digest, image_name, plain_image
from rtml.captures.sensors.contract import CONTAINERS
from rtml.captures.sensors.declared import parents_named
from rtml.captures.sensors.falco.files import with_files
from rtml.captures.sensors.falco.network import with_network
from rtml.captures.sensors.pods import workload
from rtml.captures.sensors.process_ids import pid_of, process_ids
from rtml.captures.sensors.records.format import BESIDE, LOSS, PROBLEM
from rtml.captures.sensors.records.moments import since_1970, when
from rtml.captures.sensors.records.seldom import of_some
from rtml.captures.sensors.records.values import integer, named, said, truth, user_id, with_said, wrapped
from rtml.captures.sensors.results import result_of, result_of_name
from rtml.captures.stand_ins import stand_in

__all__ = ["containers_of", "events_of", "processes_of"]

_OWN = "Falco internal"
_PAUSE = r"(?:^|/)pause(?:[:@]|$)|^rancher/mirrored-pause"
_OPENED = ("open", "create")


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe alerts in the columns of the event table; those of Falco itself and of plugins are beside."""
    happened = _described(_placed(rows))
    return happened.with_columns(
        _what_else().alias(BESIDE),
        pl.when(pl.col("at").is_null()).then(pl.lit("no time of the years 1970 to 2199")).alias(PROBLEM),
        time="at",
        process_id=process_ids(happened, "pid", "started"),
        parent_id=process_ids(happened, "ppid", "parent_started"),
    ).pipe(_once)


def _placed(rows: pl.DataFrame) -> pl.DataFrame:
    """Say when, where and by whom; absent is null."""
    clean = _dated(with_said(rows))
    image = pl.coalesce(
        image_name(named(pl.col("container.image.repository")), named(pl.col("container.image.tag"))),
        plain_image(named(pl.col("container.image"))),
    )
    placed = clean.with_columns(
        host=pl.col("hostname").fill_null("unknown"),
        container_id=container_id(pl.coalesce("container.full_id", "container.id")),
        container_name=named(pl.col("container.name").replace("host", None)),
        image=image,
        image_digest=digest(pl.coalesce("container.image.digest", "container.image")),
        namespace=named(pl.col("k8s.ns.name")),
        pod=named(pl.col("k8s.pod.name")),
        pid=pid_of(integer(pl.col("proc.pid"))),
        ppid=pid_of(integer(pl.col("proc.ppid"))),
        started=since_1970(pl.col("proc.pid.ts")),
        parent_started=since_1970(pl.col("proc.ppid.ts")),
        uid=user_id(pl.col("user.uid")),
        comm="proc.name",
        exe="proc.exepath",
        cmdline="proc.cmdline",
        cwd="proc.cwd",
        tty=pl.col("proc.tty").replace("0", None),
        exe_memory=truth(pl.col("proc.is_exe_from_memfd")),
    ).with_columns(workload=workload("namespace", "pod", "container_name", "image"))
    return _by_names(placed)


def _by_names(rows: pl.DataFrame) -> pl.DataFrame:
    """Let names stand in the place of an id that a rule does not ask for; the host has one, ``host``."""
    no_id = pl.coalesce("container.full_id", "container.id").is_null()
    unnamed = pl.coalesce("container_name", "pod").is_null()
    named_alone = of_some(rows, no_id & ~unnamed, {"_stand_in": stand_in()})
    return named_alone.with_columns(container_id=pl.coalesce("container_id", "_stand_in")).drop("_stand_in")


def _dated(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``at``; what an alert says besides its time is only read where that is none."""
    dated = rows.with_columns(at=when(pl.col("time")))
    if not dated["at"].null_count():
        return dated
    others = since_1970(pl.col("evt.time")), when(pl.col("evt.time.iso8601"))
    return dated.with_columns(at=pl.coalesce("at", *others))


def _described(rows: pl.DataFrame) -> pl.DataFrame:
    """Say what happened: kind, request, result, and what the kind has."""
    returned = wrapped(pl.col("evt.rawres"))
    named_calls = rows.with_columns(
        returned=returned,
        result=pl.coalesce(result_of(returned), result_of_name(pl.col("evt.res"))),
        call=pl.col("evt.type"),
        kind=kind_of(pl.col("evt.type")).fill_null("syscall"),
    ).with_columns(kind=_kind())
    told = with_network(with_files(named_calls.with_columns(request=_request(), target_pid=_target())))
    failed = (pl.col("kind") == "exec") & (pl.col("result") < 0)
    return told.with_columns(
        path=pl.when(failed).then(argument("filename")).when(pl.col("kind") != "exec").then("path"),
        wrote=pl.when(pl.col("kind").is_in(_OPENED)).then("wrote"),
    )


def argument(name: str) -> pl.Expr:
    """Return what ``evt.args`` says of one argument, up to the next space."""
    return said(pl.col("evt.args").str.extract(rf"(?:^| ){name}=(\S+)"))


def _kind() -> pl.Expr:
    """Call the birth and the end of a mere thread ``syscall``, and the child's own return from clone."""
    kind, flags = pl.col("kind"), pl.coalesce("evt.arg.flags", "evt.args")
    thread_born = (kind == "fork") & flags.str.contains("CLONE_THREAD", literal=True)
    child = (kind == "fork") & (pl.col("returned") == 0)
    thread_ended = (kind == "exit") & (pl.col("thread.tid") != pl.col("proc.pid"))
    no_process = pl.any_horizontal(x.fill_null(False) for x in (thread_born, child, thread_ended))
    return pl.when(no_process).then(pl.lit("syscall")).otherwise(kind)


def _request() -> pl.Expr:
    """Name the call where its kind does not, and what a ptrace asked for."""
    asked = pl.when(pl.col("kind") == "ptrace").then(pl.col("evt.arg.request"))
    return pl.coalesce(asked, request_of(pl.col("call"), pl.col("kind")))


def _target() -> pl.Expr:
    """Return whom a call was about: of a fork the child, where its number is the host's."""
    kind, same = pl.col("kind"), pl.col("proc.vpid") == pl.col("proc.pid")
    born = pl.when((kind == "fork") & same).then(pid_of(pl.col("returned")))
    other = pid_of(integer(argument("pid").str.extract(r"^(-?\d+)")))
    return pl.coalesce(born, pl.when(kind.is_in(["ptrace", "kill", "vm_write"]) & same).then(other))


def _what_else() -> pl.Expr:
    """Say what an alert is that is about no call: an account of Falco's own, or of another source."""
    own = pl.col("rule").str.starts_with(_OWN) | (pl.col("source") == "internal")
    counts = pl.col("n_drops").is_not_null() | pl.col("scap.n_drops").is_not_null()
    of_api = pl.any_horizontal(pl.col(r"^(?:ka|jevt)\..*$").is_not_null())  # older alerts name no source
    source = pl.coalesce("source", pl.when(of_api).then(pl.lit("k8s_audit")))
    return (
        pl.when(own.fill_null(False))
        .then(pl.when(counts).then(pl.lit(LOSS)).otherwise(pl.lit("a message of Falco itself")))
        .when(source != "syscall")
        .then(pl.format("an alert of source {}, no runtime event", source.str.slice(0, 40)))
    )


def _once(events: pl.DataFrame) -> pl.DataFrame:
    """Count each call once: of enter and exit the exit, of several rules that it hit the first.

    What is no runtime event (an alert of a plugin) hides none, whatever number it gives itself.
    """
    numbers = events["evt.num"].drop_nulls()
    if numbers.n_unique() < numbers.len():
        events = events.with_columns(_without_repeats().alias(BESIDE))
    if not (events["evt.dir"] == ">").any():
        return events
    thread = pl.struct("host", pl.coalesce("thread.tid", "proc.pid"), "evt.type")
    done = events.filter(pl.col("evt.dir") == "<").select(thread.alias("t"))["t"].unique()
    enter = (pl.col("evt.dir") == ">") & thread.is_in(done.implode()) & pl.col(BESIDE).is_null()
    return events.with_columns(
        pl.when(enter)
        .then(pl.lit("the beginning of a call whose end is there"))
        .otherwise(BESIDE)
        .alias(BESIDE)
    )


def _without_repeats() -> pl.Expr:
    key = ["host", "evt.num", "time", "evt.type"]
    numbered = pl.col("evt.num").is_not_null() & pl.col(BESIDE).is_null()
    again = numbered & ~pl.struct(*key, numbered.alias("numbered")).is_first_distinct()
    return pl.when(again).then(pl.lit("the same event, by another rule")).otherwise(BESIDE)


def processes_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the parents that events name with their start: lineage of those that did nothing themselves."""
    return parents_named(rows, "proc.pexepath", "proc.pcmdline")


def containers_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return when containers started; those that only hold a pod's namespaces are infrastructure."""
    role = pl.when(pl.col("image").str.contains(_PAUSE)).then(pl.lit("infrastructure"))
    known = rows.select(
        "container_id", "container_name", role=role, started=when(pl.col("container.start_ts"))
    )
    known = known.drop_nulls("container_id").unique("container_id", keep="first", maintain_order=True)
    return known.cast(CONTAINERS)
