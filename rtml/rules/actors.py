"""Who called the Kubernetes API, and for what: the unit of findings about audit events.

Such an event belongs to no container and no process. Its unit is who asked (``actor``), for which
object (``target``), in which five minutes.
"""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture
from rtml.findings.text import visible

__all__ = ["by_actor", "named", "with_actor"]

_NOBODY = "(no name)"


def with_actor(hits: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Add ``actor`` and ``target`` to hits on audit events; null for all others.

    Parameters
    ----------
    hits
        `rtml.rules.evaluate.HITS`.
    capture
        The capture that they are of; without an audit table hits come back as they are.
    """
    if hits.is_empty() or not capture.manifest.audit:
        return hits
    what = pl.concat_str("resource", "subresource", separator="/", ignore_nulls=True)
    name = pl.concat_str("object_namespace", "object_name", separator="/", ignore_nulls=True)
    said = capture.audit().select(
        "host", "seq", actor=pl.col("username").fill_null(_NOBODY),
        target=pl.concat_str(what, name, separator=" ", ignore_nulls=True).str.strip_chars(),
    )  # fmt: skip
    return hits.join(said.collect(), on=["host", "seq"], how="left", maintain_order="left")


def by_actor(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Let actor and target take the container's place in the unit; return rows and the keys."""
    unit = pl.concat_str(
        pl.col("actor").str.len_bytes().cast(pl.String), "actor", "target", separator=" ",
        ignore_nulls=True,
    )  # fmt: skip
    placed = rows.with_columns(container_id=unit)
    return placed, placed.select("container_id", "actor", "target").unique()


def named(findings: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Give findings made of such rows their actor back, and a title that says who and what."""
    found = findings.drop("actor").join(
        keys, on="container_id", how="left", maintain_order="left", nulls_equal=True
    )
    parts = found.select("title", "actor", "target").iter_rows()
    titles = [
        visible(f"{actor}: {title}" + (f" ({target})" if target else ""), 300)
        for title, actor, target in parts
    ]
    return found.with_columns(
        title=pl.Series(titles, dtype=pl.String), container_id=pl.lit(None, pl.String)
    ).select(findings.columns)
