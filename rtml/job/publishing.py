"""What people read: findings by day and host, whole tables, and the account in ``score.json``.

All of it is made of committed days, and written again where a day, the suppression rules that hold now, or
the numbers of captures have changed. Whole tables are those that a single capture gives; of more than `WHOLE`
rows there are only the parts by day and host.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from rtml.captures.joining import SEQ_SHIFT
from rtml.captures.write import folder_name
from rtml.findings.suppression.archiving import ARCHIVED, Suppressed, Suppression, suppress
from rtml.job.days import TABLES, Marker, folder_of, parquet_bytes, read_table
from rtml.job.known import Index
from rtml.job.places import Place
from rtml.schema import FINDINGS, empty

__all__ = ["WHOLE", "publish", "renumbered", "wanted"]

WHOLE = 20_000_000
"""Rows beyond which a table is not written as a whole."""

_SORTS = {
    "windows": ["container_id", "window"],
    "scores": ["detector", "container_id", "window"],
    "trees": ["_label", "container_id", "window", "_tree"],
}


def wanted(marker: Marker, index: Index, rules: Sequence[Suppression], active: Sequence[bool]) -> str:
    """Return what the published findings of a day depend on, as a digest."""
    said = [rule.model_dump_json() for rule, holds in zip(rules, active, strict=True) if holds]
    parts = [marker.key, json.dumps(_numbers(marker, index)), *said]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def publish(
    out: Place,
    days: Mapping[str, Marker],
    index: Index,
    labels: Sequence[str],
    rules: Sequence[Suppression],
    old: Mapping[str, str],
    new: Mapping[str, str],
) -> dict[str, Any]:
    """Write what changed.

    Parameters
    ----------
    out, days, index
        The output, its committed days, its captures.
    labels
        Detectors in their order.
    rules
        Suppression rules.
    old, new
        By day what was published (`wanted`), and what ought to be.

    Returns
    -------
    ``findings``, those of rules among them (``ruled``), ``archived``, ``suppressions`` for ``score.json``.
    """
    parts = {name: _findings(out, name, marker, index, rules) for name, marker in days.items()}
    for name in days:
        if old.get(name) != new[name]:
            _write_day(out, name, parts[name], bool(rules))
    order = ["first_seen", "detector", "finding_id"]
    kept = pl.concat([empty(FINDINGS), *(part.kept for part in parts.values())]).sort(order)
    archived = pl.concat([empty(ARCHIVED), *(part.archived for part in parts.values())])
    out.write("findings.parquet", parquet_bytes(kept))
    if rules:
        out.write("suppressed.parquet", parquet_bytes(archived))
    else:
        out.remove("suppressed.parquet")
    for name in TABLES:
        _write_whole(out, name, days, labels)
    drift = [read_table(out, f"{folder_of(name)}/drift.parquet") for name in days]
    out.write("drift.parquet", parquet_bytes(pl.concat([table for table in drift if table is not None])))
    return {
        "findings": kept.height,
        "ruled": kept.filter(source="rule").height,
        "archived": archived.height,
        "suppressions": _account([part.account for part in parts.values()]),
    }


def _numbers(marker: Marker, index: Index) -> list[int]:
    """Return, by the number that a capture has within a day, the one that it has among all."""
    places = {known.digest: number for number, (_, known) in enumerate(index.ordered())}
    return [places.get(digest, 0) for digest in marker.order]


def renumbered(findings: pl.DataFrame, numbers: Sequence[int]) -> pl.DataFrame:
    """Return findings whose events are numbered as in all captures together (`open_captures`).

    Parameters
    ----------
    findings
        `FINDINGS` of a day.
    numbers
        Of its captures, in their order.
    """
    if list(numbers) == list(range(len(numbers))):
        return findings
    seq = pl.element().struct.field("seq")
    shift = (seq // SEQ_SHIFT).replace_strict(dict(enumerate(numbers)), return_dtype=pl.Int64)
    moved = pl.element().struct.with_fields((shift * SEQ_SHIFT + seq % SEQ_SHIFT).alias("seq"))
    return findings.with_columns(pl.col("evidence", "events").list.eval(moved)).cast(FINDINGS)


def _findings(
    out: Place, name: str, marker: Marker, index: Index, rules: Sequence[Suppression]
) -> Suppressed:
    table = read_table(out, f"{folder_of(name)}/findings.parquet")
    return suppress(renumbered(empty(FINDINGS) if table is None else table, _numbers(marker, index)), rules)


def _write_day(out: Place, name: str, part: Suppressed, archiving: bool) -> None:
    folder = out.below(folder_of(name))
    tables = {"findings": part.kept, "suppressed": part.archived if archiving else part.archived.clear()}
    meant = {
        f"node={node}/{table}.parquet": rows
        for table, found in tables.items()
        for node, rows in _by_host(found)
    }
    for entry in list(folder.entries()):
        parts = entry.name.split("/")
        if len(parts) == 2 and parts[1].removesuffix(".parquet") in tables and entry.name not in meant:
            folder.remove(entry.name)
    for file, rows in meant.items():
        folder.write(file, parquet_bytes(rows))


def _by_host(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    names = {host: folder_name(host) for host in rows["host"].unique()}
    placed = rows.with_columns(_node=pl.col("host").replace_strict(names, return_dtype=pl.String))
    for (node,), part in sorted(placed.partition_by("_node", as_dict=True, maintain_order=True).items()):
        yield str(node), part.drop("_node")


def _write_whole(out: Place, name: str, days: Mapping[str, Marker], labels: Sequence[str]) -> None:
    """Write a table of all days, a day at a time."""
    if sum(marker.rows[name] for marker in days.values()) > WHOLE:
        out.remove(f"{name}.parquet")
        return
    # Days of another model may have other features: those that a day does not have are null.
    features = dict.fromkeys(one for _, marker in sorted(days.items()) for one in marker.features)
    with tempfile.TemporaryDirectory() as scratch:
        path, file = Path(scratch) / "whole.parquet", None
        for day, marker in sorted(days.items()):
            table = _of_day(out, name, day, marker, labels)
            if table is None:
                continue
            if name == "windows":
                lacking = [
                    pl.lit(None, pl.Float64).alias(one) for one in features if one not in table.columns
                ]
                rest = [one for one in table.columns if one not in features]
                table = table.with_columns(lacking).select(*rest, *features)
            arrow = table.to_arrow()
            file = file or pq.ParquetWriter(path, arrow.schema, compression="zstd")
            file.write_table(arrow, row_group_size=256_000)
        if file is not None:
            file.close()
            out.write(f"{name}.parquet", path)


def _of_day(out: Place, name: str, day: str, marker: Marker, labels: Sequence[str]) -> pl.DataFrame | None:
    read = (read_table(out, f"{folder_of(day)}/node={node}/{name}.parquet") for node in marker.nodes)
    parts = [part for part in read if part is not None]
    if not parts:
        return None
    table = pl.concat(parts)
    if name == "trees":
        label = pl.col("detector").replace_strict(
            {one: n for n, one in enumerate(labels)}, default=len(labels)
        )
        table = table.with_columns(_label=label, _tree=pl.col("process_id").fill_null(0))
    return table.sort(_SORTS[name], maintain_order=True).drop("_label", "_tree", strict=False)


def _account(parts: Sequence[pl.DataFrame]) -> list[dict[str, Any]]:
    """Return how often each rule matched, and what it archived, over all days."""
    if not parts:
        return []
    counts = pl.concat(parts).group_by("name", "active", maintain_order=True)
    return counts.agg(pl.col("matched", "archived").sum()).to_dicts()
