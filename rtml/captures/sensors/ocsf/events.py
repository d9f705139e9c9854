"""What a record of OCSF says happened, in the columns of the event table."""

from __future__ import annotations

import polars as pl

from rtml.captures.sensors.declared import parents_named
from rtml.captures.sensors.ocsf.activities import CLASSES, ON_ANOTHER, kind_of_activity
from rtml.captures.sensors.ocsf.network import with_network
from rtml.captures.sensors.ocsf.places import places
from rtml.captures.sensors.pods import workload
from rtml.captures.sensors.process_ids import pid_of, process_ids
from rtml.captures.sensors.records.format import BESIDE, PROBLEM
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.values import integer, user_id, with_said
from rtml.captures.sensors.results import result_of, result_of_name, result_of_query
from rtml.distinct import by_distinct

__all__ = ["events_of", "processes_of"]

_FILES = ("create", "open", "write", "unlink", "rename", "chmod", "mount")
_REFUSED, _FAILED = -13, -1
_BLOCKED = ("2", "3", "6")


def events_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Describe records; those of other classes (findings, API calls) are beside."""
    done = _done(with_said(rows))
    told = done.with_columns(**_who()).with_columns(**places())
    told = told.with_columns(workload=workload("namespace", "pod", "container_name", "image"), **_what())
    told = with_network(told)
    return told.with_columns(
        process_id=process_ids(told, "pid", "started"),
        parent_id=process_ids(told, "ppid", "parent_started"),
        **{PROBLEM: _problem(), BESIDE: _what_else()},
    )


def _done(rows: pl.DataFrame) -> pl.DataFrame:
    """Say when and what; and whose process it was: the one that began or ended, or that of the actor."""
    kind = kind_of_activity(pl.col("class_uid"), pl.col("activity_id"))
    rows = rows.with_columns(
        kind=kind,
        time=pl.coalesce(when(pl.col("time")), when(pl.col("time_dt")), when(pl.col("start_time"))),
        itself=(pl.col("class_uid") == "1007") & ~kind.is_in(ON_ANOTHER) & pl.any_horizontal(_described()),
    )
    both = [(name, name.removeprefix("actor/")) for name in rows.columns if name.startswith("actor/process/")]
    own = {
        f"own/{process.removeprefix('process/')}": pl.when("itself").then(process).otherwise(actor)
        for actor, process in both
    }
    launcher = pl.col("itself") & (pl.col("kind") == "exec") & pl.col("process/parent_process/pid").is_null()
    for name in [name for name in own if name.startswith("own/parent_process/")]:
        by = f"actor/process/{name.removeprefix('own/parent_process/')}"
        own[name] = pl.when("launcher").then(by).otherwise(own[name])
    return rows.with_columns(launcher=launcher).with_columns(**own)


def _described() -> list[pl.Expr]:
    """Say whether a process is described; some products know but the actor."""
    return [pl.col(f"process/{name}").is_not_null() for name in ("pid", "name", "cmd_line", "file/path")]


def _who() -> dict[str, pl.Expr]:
    started = pl.coalesce(when(pl.col("own/created_time")), when(pl.col("own/created_time_dt")))
    above = pl.coalesce(
        when(pl.col("own/parent_process/created_time")), when(pl.col("own/parent_process/created_time_dt"))
    )
    return {
        "pid": pid_of(integer(pl.col("own/pid"))),
        "ppid": pid_of(integer(pl.col("own/parent_process/pid"))),
        "started": started,
        "parent_started": above,
        "exe": pl.coalesce("own/file/path", "own/path", _whole_path("own/name")),
        "comm": by_distinct(pl.coalesce("own/name", "own/file/name"), _last_name),
        "cmdline": pl.col("own/cmd_line"),
        "cwd": pl.col("own/working_directory"),
        "uid": user_id(pl.coalesce("own/user/uid", "actor/user/uid")),
    }


def _last_name(path: pl.Expr) -> pl.Expr:
    return path.str.extract(r"([^/\\]+)$")


def _whole_path(name: str) -> pl.Expr:
    return pl.when(pl.col(name).str.starts_with("/")).then(name)


def _what() -> dict[str, pl.Expr]:
    """Return path, request, target, result, count and what the kind has."""
    kind, of = pl.col("kind"), pl.col("class_uid")
    file = pl.coalesce("file/path", "file/name")
    module = pl.coalesce("module/file/path", "module/file/name", "driver/file/path", "driver/file/name")
    renamed = pl.coalesce("file_result/path", "file_result/name")
    return {
        "path": pl.when(of == "1001").then(file).when(of.is_in(["1002", "1005"])).then(module),
        "path_to": pl.when(kind == "rename").then(renamed),
        "wrote": pl.when(kind == "create").then(True).when((of == "1001") & (kind == "open")).then(False),
        "request": _request(),
        "target_pid": pl.when(kind.is_in(ON_ANOTHER)).then(pid_of(integer(pl.col("process/pid")))),
        "result": _result(),
        "count": integer(pl.col("count")).pipe(lambda n: pl.when(n > 0).then(n)),
        "exe_sha256": pl.col("hashes")
        .list.eval(
            pl.element()
            .struct.field("value")
            .filter(pl.element().struct.field("value").str.contains("^[0-9a-fA-F]{64}$"))
        )
        .list.first()
        .str.to_lowercase()
        .pipe(lambda value: pl.when("itself").then(value)),
    }


def _request() -> pl.Expr:
    kind = pl.col("kind")
    named = pl.coalesce("activity_name", pl.format("activity {}", pl.col("activity_id").fill_null("0")))
    return (
        pl.when(kind == "exit")
        .then(pl.col("exit_code"))
        .when(kind == "vm_write")
        .then(pl.coalesce("injection_type", named))
        .when(kind.is_in(["syscall", "ptrace", "mount", "chmod", "setuid"]))
        .then(named)
    )


def _result() -> pl.Expr:
    """Return 0 for what succeeded or was allowed, of a failure its error.

    It is -1 where none is named, and -13 where a control blocked the activity.
    """
    status = pl.col("status_id")
    number = integer(pl.col("status_code"))
    error = pl.coalesce(
        result_of_name(pl.col("status_code")).pipe(lambda r: pl.when(r < 0).then(r)),
        pl.when(number.is_between(1, 4095))
        .then(-number)
        .otherwise(result_of(number))
        .pipe(lambda r: pl.when(r < 0).then(r)),
        pl.lit(_FAILED),
    )
    asked = pl.when(pl.col("class_uid") == "4003").then(result_of_query(pl.coalesce("rcode_id", "rcode")))
    network_fails = (pl.col("class_uid") == "4001") & pl.col("activity_id").is_in(["4", "5"])
    blocked = pl.col("disposition_id").is_in(_BLOCKED)
    return (
        pl.when(blocked.fill_null(False))
        .then(_REFUSED)
        .when(asked.is_not_null())
        .then(asked)
        .when((status == "2").fill_null(False) | network_fails.fill_null(False))
        .then(error)
        .when((status == "1") | (pl.col("disposition_id") == "1"))
        .then(0)
        .cast(pl.Int32)
    )


def _problem() -> pl.Expr:
    return pl.when(pl.col("time").is_null()).then(pl.lit("no time of the years 1970 to 2199"))


def _what_else() -> pl.Expr:
    named = pl.format(
        "a record of class {} ({}), no runtime event",
        pl.col("class_uid").str.slice(0, 12),
        pl.col("class_name").fill_null("unnamed").str.slice(0, 40),
    )
    return pl.when(~pl.col("class_uid").is_in([*CLASSES])).then(named)


def processes_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the parents that records name with their start: lineage of those that did nothing themselves."""
    return parents_named(
        rows,
        pl.coalesce("own/parent_process/file/path", "own/parent_process/path"),
        "own/parent_process/cmd_line",
    )
