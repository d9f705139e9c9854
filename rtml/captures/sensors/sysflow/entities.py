"""SysFlow's entities: the process, container, pod and file that a record refers to by its id.

An id means the entity written last before the record that uses it; a process that execs is written
again. An id that was never declared means nothing: the record keeps its pid and nulls.
"""

from __future__ import annotations

import polars as pl

from rtml.captures.identity import process_id
from rtml.captures.sensors.contract import CONTAINERS, PROCESSES
from rtml.captures.sensors.kubelet import KUBELET, SANDBOX
from rtml.captures.sensors.pods import workload
from rtml.captures.sensors.sysflow.records import Records

__all__ = ["containers", "declared", "files", "host_of", "known_containers", "oid", "processes"]

_UTC = pl.Datetime("ns", "UTC")
_DIGEST = r"(sha256:[0-9a-f]{64})"
_UNTOLD = r"(?i)^(?:incomplete|<na>|n/a|<none>|<unknown>|[/:@])*$"
"""Words that stand where the collector could not ask, alone or for each part of a name."""


def host_of(records: Records) -> str:
    """Return the host that the header names; ``unknown`` where there is no header."""
    names = records.frame("SFHeader")["exporter"].drop_nulls()
    return str(names[0]) if len(names) else "unknown"


def oid(frame: pl.DataFrame, column: str, host: str) -> pl.Series:
    """Turn (pid, creation time) ids into 64-bit process ids; null stays null."""
    parts = frame.select(pl.col(column).struct.unnest())
    pid, created = parts["hpid"].fill_null(0), parts["createTS"].fill_null(0)
    hosts = pl.Series([host]).new_from_index(0, frame.height)
    words = pl.Series(column, process_id(hosts, pid.to_numpy(), created.to_numpy()))
    return words.set(parts["hpid"].is_null(), None)


def declared(records: Records, host: str) -> pl.DataFrame:
    """List every process record: ``index``, columns of `PROCESSES`, tty, cwd, entry."""
    raw = records.frame("Process")
    ids = raw.with_columns(process_id=oid(raw, "oid", host), parent_id=oid(raw, "poid", host))
    created = pl.col("oid").struct.field("createTS")
    return ids.select(
        "index",
        "process_id",
        "parent_id",
        host=pl.lit(host),
        container_id=_present("containerId"),
        pid=pl.col("oid").struct.field("hpid").cast(pl.Int32, strict=False),
        ppid=pl.col("poid").struct.field("hpid").cast(pl.Int32, strict=False),
        started=pl.when(created > 0).then(created).cast(_UTC),
        exe=_present("exe"),
        cmdline=_cmdline(),
        uid=pl.when(pl.col("uid") >= 0).then("uid").cast(pl.Int32, strict=False),
        tty=pl.when(pl.col("tty")).then(pl.lit("tty")),
        cwd=_present("cwd"),
        entry="entry",
    )


def processes(records: pl.DataFrame) -> pl.DataFrame:
    """Return each process as first declared: ancestors without events carry lineage too."""
    first = records.unique("process_id", keep="first", maintain_order=True)
    return first.select(PROCESSES.names()).cast(PROCESSES)


def _present(column: str) -> pl.Expr:
    return pl.when(~pl.col(column).is_in(["", "<NA>"])).then(column)


def _told(column: str) -> pl.Expr:
    """Return what the container engine told; the collector's words for its silence are null.

    An image is ``incomplete/incomplete`` or ``incomplete:incomplete`` then, as it has two parts.
    """
    text = pl.col(column).str.strip_chars()
    return pl.when(~text.str.contains(_UNTOLD)).then(text)


def _cmdline() -> pl.Expr:
    """Program and arguments; some writers repeat the program as the first argument."""
    exe, rest = _present("exe"), _present("exeArgs")
    command = pl.when(rest.str.starts_with(exe)).then(rest).otherwise(exe + " " + rest)
    return pl.coalesce(command, exe, rest)


def files(records: Records) -> pl.DataFrame:
    """Return ``oid, path, restype`` of each file; its id is a hash of path and container."""
    named = records.frame("File").with_columns(path=_present("path"))
    return named.unique("oid", keep="last", maintain_order=True).select("oid", "path", "restype")


def containers(records: Records) -> pl.DataFrame:
    """Return the identity columns of each container.

    The workload is ``namespace/controller/container`` where Kubernetes named the container, else
    the image: containers of one image are each other's peers.
    """
    pods = records.frame("Pod").unique("id", keep="last", maintain_order=True)
    pods = pods.select(podId="id", pod=_told("name"), namespace=_told("namespace"))
    frame = records.frame("Container").unique("id", keep="last", maintain_order=True)
    kubelet = pl.col("name").str.extract_groups(KUBELET).struct
    return (
        frame.join(pods, on="podId", how="left", maintain_order="left")
        .with_columns(
            pod=pl.coalesce("pod", kubelet["pod"]),
            namespace=pl.coalesce("namespace", kubelet["space"]),
            part=kubelet["part"],
            digest=pl.coalesce(
                pl.col("image").str.extract("@" + _DIGEST),
                ("sha256:" + pl.col("imageid")).str.extract("^" + _DIGEST + "$"),
            ),
            image=_told("image").str.replace("@" + _DIGEST + ":?", "").str.strip_suffix(":"),
        )
        .select(
            container_id="id",
            container_name=_told("name"),
            image="image",
            image_digest="digest",
            namespace="namespace",
            pod="pod",
            workload=workload("namespace", "pod", "part", "image"),
        )
    )


def known_containers(identity: pl.DataFrame, process_records: pl.DataFrame) -> pl.DataFrame:
    """Return `CONTAINERS`: started with its entry process; sandboxes are infrastructure."""
    entries = process_records.filter(pl.col("entry") & pl.col("container_id").is_not_null())
    starts = entries.group_by("container_id").agg(pl.col("started").min())
    sandbox = pl.col("container_name").str.contains(SANDBOX)
    return (
        identity.join(starts, on="container_id", how="left", maintain_order="left")
        .with_columns(role=pl.when(sandbox).then(pl.lit("infrastructure")))
        .select(CONTAINERS.names())
        .cast(CONTAINERS)
    )
