"""Who called the Kubernetes API, and for what: beside the hits on audit events."""

from __future__ import annotations

import polars as pl

from rtml.captures.store import Capture

__all__ = ["with_actor"]

_NOBODY = "(no name)"


def with_actor(hits: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Add ``actor`` and ``target`` to hits on audit events; null for all others.

    Parameters
    ----------
    hits
        `rtml.rules.account.HITS`.
    capture
        The capture that they are of; without an audit table hits come back as they are.
    """
    if hits.is_empty() or not capture.manifest.audit:
        return hits
    resource = pl.concat_str("resource", "subresource", separator="/", ignore_nulls=True)
    object_name = pl.concat_str("object_namespace", "object_name", separator="/", ignore_nulls=True)
    calls = capture.audit().select(
        "host",
        "seq",
        actor=pl.col("username").fill_null(_NOBODY),
        target=pl.concat_str(resource, object_name, separator=" ", ignore_nulls=True).str.strip_chars(),
    )
    return hits.join(calls.collect(), on=["host", "seq"], how="left", maintain_order="left")
