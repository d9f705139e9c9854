"""Where in the wanted containers an attack could have happened: a fitting parent; and what time is taken."""

from __future__ import annotations

import polars as pl

from rtml.captures.processes import BY_TIME
from rtml.splicing.placing import Place, Stretch

__all__ = ["busy_time", "extents", "places_of"]

_UTC = pl.Datetime("ns", "UTC")


def _ns(name: str) -> pl.Expr:
    return pl.col(name).cast(_UTC).dt.epoch("ns")


def extents(labels: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return ``attack_id, container_id, begin, length`` (ns) of attacks that left events.

    An attack extends from its labelled start, or its first event if earlier, to its labelled end
    or its last event if later.
    """
    seen = events.group_by("attack_id").agg(first=_ns("time").min(), last=_ns("time").max())
    return (
        labels.join(seen, on="attack_id")
        .with_columns(
            begin=pl.min_horizontal(_ns("start"), "first"), end=pl.max_horizontal(_ns("end"), "last")
        )
        .select("attack_id", "container_id", "begin", length=pl.col("end") - pl.col("begin"))
        .sort("attack_id")
    )


def busy_time(labels: pl.DataFrame, ends: pl.DataFrame) -> dict[str, list[Stretch]]:
    """Time that attacks take, by container: as labelled and as seen in the events (``ends``)."""
    labelled = labels.select("container_id", begin=_ns("start"), end=_ns("end"))
    seen = ends.select("container_id", "begin", end=pl.col("begin") + pl.col("length"))
    busy: dict[str, list[Stretch]] = {}
    for name, begin, end in pl.concat([labelled, seen]).sort(pl.all()).iter_rows():
        busy.setdefault(name, []).append((begin, end))
    return busy


def places_of(source: str, root: int, peers: pl.DataFrame, images: pl.DataFrame) -> list[Place]:
    """Where the attack with root process ``root`` in container ``source`` could have happened.

    Parameters
    ----------
    source, root
        Container and root process of the recorded attack.
    peers
        Containers that are wanted, and their stretches: ``container_id, begin, end``
        (`rtml.splicing.variants`).
    images
        Process images (`rtml.captures.processes.PROCESSES`).

    Returns
    -------
    Stretches of ``peers``. Where the root has a parent in its container, only those in which a process with
    the same program, command line and ancestors runs.
    """
    inits = _inits(images).select("container_id", init="pid", above="ppid")
    known = peers.join(inits, on="container_id", how="left", maintain_order="left")
    parent = _parent_image(images, source, root)
    if parent.is_empty():
        no_process = pl.lit(None, pl.Int64)
        stretches = known.with_columns(parent=no_process, lineage=no_process, ppid="above")
    else:
        stretches = _with_parent(known, images, parent)
    columns = stretches.select("container_id", "begin", "end", "parent", "lineage", "ppid", "init")
    return [Place(name, (begin, end), *rest) for name, begin, end, *rest in columns.iter_rows()]


def _inits(images: pl.DataFrame) -> pl.DataFrame:
    """First process of each container."""
    first = images.drop_nulls("container_id").sort(BY_TIME, maintain_order=True)
    return first.unique("container_id", keep="first", maintain_order=True)


def _parent_image(images: pl.DataFrame, source: str, root: int) -> pl.DataFrame:
    """Image of the root's parent when the root began; no row: it came from outside."""
    root_images = images.filter(pl.col("process_id") == root)
    parents = images.filter(
        pl.col("process_id").is_in(root_images["parent_id"].implode()) & (pl.col("container_id") == source)
    ).sort(BY_TIME, maintain_order=True)
    before = parents.filter(pl.col("since") <= pl.lit(root_images["since"].sort().head(1)).first())
    return before.tail(1) if before.height else parents.head(1)


def _with_parent(peers: pl.DataFrame, images: pl.DataFrame, model: pl.DataFrame) -> pl.DataFrame:
    """Stretches of the peers in which a process like ``model`` runs."""
    row = model.row(0, named=True)
    same_program = [pl.col(name).eq_missing(pl.lit(row[name], pl.String)) for name in ("exe", "cmdline")]
    lineage = pl.col("ancestors").list.join("\0") == "\0".join(row["ancestors"] or [])
    alike = images.filter(*same_program, lineage).select(
        "container_id",
        parent="process_id",
        lineage="root_id",
        ppid="pid",
        since=_ns("since"),
        until=_ns("until"),
    )
    return (
        peers.join(alike, on="container_id")
        .with_columns(begin=pl.max_horizontal("begin", "since"), end=pl.min_horizontal("end", "until"))
        .filter(pl.col("begin") < pl.col("end"))
        .sort("container_id", "begin", "parent")
    )
